"""complement: which SKUs are shown beside a SKU; each type's list is matched, the other types stay."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from app.changes.kind import Code, Kind, Shop, StateChange
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.errors import Retry
from app.queue.folding import fold
from app.vtex.catalog.complements import ACCESSORY, SHOW_TOGETHER, SIMILAR, SUGGESTION

_MOST_SKUS = 100
_TYPES = {
    "accessories": ACCESSORY,
    "suggestions": SUGGESTION,
    "similar": SIMILAR,
    "shown_together": SHOW_TOGETHER,
}


def _distinct(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("holds a SKU twice; name each once")
    return codes


Skus = Annotated[list[Code], Field(max_length=_MOST_SKUS), AfterValidator(_distinct)]


class ComplementChange(StateChange):
    """Which SKUs are shown beside a SKU.

    Each list is the whole of its type: those in VTEX and not in it are removed. A type that was never
    mentioned stays as it is in VTEX.
    """

    code: Code = Field(description="The code of the SKU that they are shown beside.", examples=["00123456"])
    accessories: Skus | None = Field(default=None, description="Codes of SKUs, VTEX's type 1.")
    suggestions: Skus | None = Field(default=None, description="Codes of SKUs, VTEX's type 2.")
    similar: Skus | None = Field(default=None, description="Codes of SKUs, VTEX's type 3.")
    shown_together: Skus | None = Field(default=None, description="Codes of SKUs, VTEX's type 5.")

    @model_validator(mode="after")
    def _not_beside_itself(self) -> Self:
        for name in _TYPES:
            if self.code in (getattr(self, name) or ()):
                raise ValueError(f"{name} holds the SKU itself; leave it out")
        return self


def mapped(change: ComplementChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    """null clears a type, as an empty list does."""
    return {name: getattr(change, name) or [] for name in _TYPES if name in change.model_fields_set}


async def deliver(change: ComplementChange, shop: Shop) -> None:
    lists = mapped(KIND.owned(change, shop.settings), shop.settings)
    if not lists:
        return
    parent = await sku_id(shop, change.code)
    wanted = {_TYPES[name]: [await sku_id(shop, code) for code in codes] for name, codes in lists.items()}
    complements = shop.vtex.complements
    present = await complements.of(parent)
    added = False
    for type_id, skus in wanted.items():
        there = {each.sku_id for each in present if each.type_id == type_id}
        if missing := [sku for sku in skus if sku not in there]:
            await complements.add(parent, type_id, skus, missing)
            added = True
    if added:
        present = await complements.of(parent)
    kept: set[tuple[int, int]] = set()
    for each in present:
        place = each.type_id, each.sku_id
        if each.type_id in wanted and (each.sku_id not in wanted[each.type_id] or place in kept):
            await complements.remove(each)
        kept.add(place)
    if any((type_id, sku) not in kept for type_id, skus in wanted.items() for sku in skus):
        raise Retry("VTEX does not show all complements that were added; they are read again")


EXAMPLE: dict[str, Any] = {"code": "00123456", "accessories": ["00123457"], "suggestions": []}

KIND: Kind[ComplementChange] = Kind(
    name="complement",
    example=EXAMPLE,
    change=ComplementChange,
    key=lambda change: change.code,
    target=lambda change: f"sku:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
