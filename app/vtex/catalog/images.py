"""What the catalogue can do with the images of a SKU, whichever codec does it.

VTEX keeps a copy of its own: the address that an image was taken from is in none of its answers.
"""

from dataclasses import dataclass
from typing import Protocol

from app.vtex.catalog import Record


@dataclass(frozen=True, slots=True)
class ImageFile:
    #: Of the SKU's file, not of the archive that holds it.
    id: int
    name: str
    label: str | None
    is_main: bool
    position: int


class Images(Protocol):
    async def listed(self, sku_id: int) -> list[ImageFile] | None:
        """All of a SKU, as the shop shows them; None where VTEX no longer has the SKU."""

    async def upload(self, sku_id: int, file: ImageFile | None, image: Record) -> None:
        """Make VTEX fetch it from its address, for a new file (not idempotent) or for a known one."""

    async def remove(self, sku_id: int, file_id: int) -> None:
        """It is gone, or was already."""

    async def arrange(self, sku_id: int, file_ids: list[int]) -> None:
        """Put all of a SKU's files into this order; the first is the main one."""
