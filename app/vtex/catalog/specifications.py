"""What can be done with the specifications of products and SKUs, whichever codec does it.

A group, a field in it and a field's values belong to a category, and its children inherit them. VTEX keeps no
code of theirs: their names are all that an ERP can know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.vtex.catalog import Record

#: Our name of each FieldTypeId.
TYPE_IDS = {"text": 1, "multiline": 2, "number": 4, "combo": 5, "radio": 6, "checkbox": 7}
#: 8 and 9 are the indexed text and multiline of before.
TYPES = {number: name for name, number in TYPE_IDS.items()} | {8: "text", 9: "multiline"}
#: Their values are records of their own.
CHOICES = frozenset({"combo", "radio", "checkbox"})


@dataclass(frozen=True, slots=True)
class SpecificationField:
    field_id: int
    name: str
    type: str
    group: str
    #: None: of the root, so of all categories.
    category_id: int | None
    #: Of SKUs, else of products.
    of_skus: bool
    active: bool
    #: Whether another field of the category has the name too, so that the name does not tell which.
    shares_name: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """The product or SKU whose specifications they are."""

    kind: Literal["product", "sku"]
    code: str
    vtex_id: int


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """What a field of an owner should hold; nothing clears it."""

    field: SpecificationField
    #: As VTEX spells them.
    values: tuple[str, ...]
    #: Of a choice.
    value_ids: tuple[int, ...] = ()

    def is_in(self, present: Sequence[Record]) -> bool:
        """Whether VTEX's associations say it already."""
        ours = [each for each in present if each["FieldId"] == self.field.field_id]
        if self.field.type in CHOICES:
            return sorted(each.get("FieldValueId") or 0 for each in ours) == sorted(self.value_ids)
        return [each.get("Text") for each in ours] == list(self.values)


class Specifications(Protocol):
    #: Whether VTEX shows by itself what was written.
    indexed: bool

    async def category_of(self, owner: Owner) -> int | None:
        """The category whose fields it has; None where VTEX no longer has it."""

    async def read(self, owner: Owner) -> list[Record]:
        """Its associations with fields and values, in REST's names."""

    async def write(self, owner: Owner, writes: Sequence[FieldWrite], present: Sequence[Record]) -> None:
        """Set or clear these fields; the others stay."""

    async def index(self, owner: Owner) -> None:
        """Make VTEX show what was written, where it does not by itself."""
