"""What a kit is made of, whichever codec does it. VTEX cannot change a component: it is removed and added."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Component:
    sku_id: int
    quantity: int
    unit_price: Decimal
    #: None: not in VTEX yet.
    vtex_id: int | None = None


class Kits(Protocol):
    async def components(self, kit_id: int) -> list[Component]:
        """All of a kit."""

    async def add(self, kit_id: int, component: Component) -> None:
        """Not idempotent: read back what an unknown outcome left."""

    async def remove(self, component: Component) -> None:
        """Take one away."""
