"""What is shown beside a SKU, whichever codec does it."""

from dataclasses import dataclass
from typing import Protocol

#: VTEX's numbers of the types; there is no 4.
ACCESSORY, SUGGESTION, SIMILAR, SHOW_TOGETHER = 1, 2, 3, 5


@dataclass(frozen=True, slots=True)
class Complement:
    vtex_id: int
    sku_id: int
    type_id: int


class Complements(Protocol):
    async def of(self, parent_id: int) -> list[Complement]:
        """All of a SKU, of every type."""

    async def add(self, parent_id: int, type_id: int, wanted: list[int], missing: list[int]) -> None:
        """Of the SKUs `wanted` VTEX lacks the `missing`; the others may be there twice afterwards."""

    async def remove(self, complement: Complement) -> None:
        """Take one away."""
