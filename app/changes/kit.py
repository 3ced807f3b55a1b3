"""kit: what a SKU that is sold as a kit is made of."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.changes.kind import Code, Kind, Shop, StateChange
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.errors import Waiting
from app.queue.folding import fold
from app.vtex.catalog.kits import Component, Kits

_MOST_COMPONENTS = 100


class KitComponent(BaseModel):
    """A SKU in a kit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: Code = Field(description="The code of a SKU, which may still be on its way.")
    quantity: int = Field(gt=0, le=2**31 - 1, description="How many of it are in one kit.")
    unit_price: Decimal = Field(
        gt=0, max_digits=18, decimal_places=2, description="Of one of them, as part of the kit."
    )


def _distinct(components: list[KitComponent]) -> list[KitComponent]:
    if len({each.sku for each in components}) != len(components):
        raise ValueError("holds a SKU twice; name it once, with its quantity")
    return components


class KitChange(StateChange):
    """What a kit is made of: the list is the whole of it, those in VTEX and not in it are removed.

    Its SKU must be a kit in VTEX. A changed component is removed and added, as VTEX cannot change one.
    """

    code: Code = Field(description="The code of the kit's SKU.", examples=["KIT-1"])
    components: (
        Annotated[list[KitComponent], Field(max_length=_MOST_COMPONENTS), AfterValidator(_distinct)] | None
    ) = None

    @model_validator(mode="after")
    def _not_in_itself(self) -> Self:
        if any(each.sku == self.code for each in self.components or ()):
            raise ValueError("components holds the kit itself; leave it out")
        return self


def mapped(change: KitChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    """null clears it, as an empty list does."""
    if "components" not in change.model_fields_set:
        return {}
    return {"components": [each.model_dump() for each in change.components or ()]}


async def deliver(change: KitChange, shop: Shop) -> None:
    values = mapped(KIND.owned(change, shop.settings), shop.settings)
    if not values:
        return
    kit_id = await sku_id(shop, change.code)
    sku = await shop.vtex.catalog.read_sku(kit_id, change.code)
    if not (sku and sku.get("IsKit")):
        raise Waiting(
            f"SKU {change.code} is no kit in VTEX: send the sku with kit: true (VTEX never takes it back);"
            " the components follow",
            on=("sku", change.code),
        )
    wanted = [
        Component(await sku_id(shop, each["sku"]), each["quantity"], each["unit_price"])
        for each in values["components"]
    ]
    await _match(shop.vtex.kits, kit_id, wanted)


async def _match(kits: Kits, kit_id: int, wanted: list[Component]) -> None:
    """One at a time, the surplus last: an active kit is never without a component for long."""
    present = await kits.components(kit_id)
    for component in wanted:
        there = [each for each in present if each.sku_id == component.sku_id]
        kept = [each for each in there if _same(each, component)][:1]
        for each in there:
            if each not in kept:
                await kits.remove(each)
        if not kept:
            await kits.add(kit_id, component)
    skus = {component.sku_id for component in wanted}
    for each in present:
        if each.sku_id not in skus:
            await kits.remove(each)


def _same(one: Component, other: Component) -> bool:
    return (one.quantity, one.unit_price) == (other.quantity, other.unit_price)


EXAMPLE: dict[str, Any] = {
    "code": "KIT-1",
    "components": [
        {"sku": "00123456", "quantity": 2, "unit_price": "25.00"},
        {"sku": "00123457", "quantity": 1, "unit_price": "9.90"},
    ],
}

KIND: Kind[KitChange] = Kind(
    name="kit",
    example=EXAMPLE,
    change=KitChange,
    key=lambda change: change.code,
    target=lambda change: f"sku:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
