"""Specifications: the values that products and SKUs have in the fields of their category.

A field hangs on a category, within a group, and its children inherit it. VTEX knows fields, groups and values
by name and id; the ERP by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol


class FieldType(IntEnum):
    """VTEX's field types, by its ids."""

    TEXT = 1
    MULTILINE = 2
    NUMBER = 4
    COMBO = 5
    RADIO = 6
    CHECKBOX = 7
    INDEXED_TEXT = 8
    INDEXED_MULTILINE = 9

    @property
    def has_listed_values(self) -> bool:
        """Its values are records of their own; the other types hold text."""
        return self in {FieldType.COMBO, FieldType.RADIO, FieldType.CHECKBOX}

    @property
    def takes_many(self) -> bool:
        return self in {FieldType.COMBO, FieldType.CHECKBOX}


@dataclass(frozen=True, slots=True)
class Field:
    field_id: int
    name: str
    group: str
    type: FieldType
    #: Of SKUs, otherwise of products.
    of_skus: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """The product or SKU that has the values."""

    kind: Literal["product", "sku"]
    vtex_id: int
    #: The ERP's code.
    code: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """One value that an owner has."""

    #: Of the association itself.
    assigned_id: int
    field_id: int
    text: str


class Specifications(Protocol):
    async def read(self, owner: Owner) -> list[Assigned]:
        """All values that it has, of every field."""

    async def assign(
        self, owner: Owner, field: Field, values: Sequence[str], present: Sequence[Assigned]
    ) -> None:
        """Make these the field's values; `present` are those that it has now."""

    async def remove(self, owner: Owner, field: Field, present: Sequence[Assigned]) -> None:
        """Leave the field without a value."""

    async def reindex(self, owner: Owner) -> None:
        """Make the shop show what was assigned, where VTEX does not by itself."""
