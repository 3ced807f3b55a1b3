"""Services of SKUs (gift wrapping, engraving, …), whichever codec does it.

VTEX keeps no code of the ERP's with them and lists none of them: each is found by its id alone. Records are
in the field names of VTEX's Catalog REST API.
"""

from dataclasses import dataclass
from typing import Protocol

from app.vtex.catalog import Record


class ServiceRecords(Protocol):
    async def read(self, vtex_id: int) -> Record | None:
        """The template for an update; None where VTEX does not have it."""

    async def create(self, record: Record) -> int:
        """The id that VTEX gave it. Not idempotent."""

    async def update(self, vtex_id: int, record: Record) -> None:
        """Replace what VTEX has."""

    async def remove(self, vtex_id: int) -> None:
        """It may be gone already."""


@dataclass(frozen=True, slots=True)
class Services:
    #: What the service is (skuservicetype).
    types: ServiceRecords
    #: What it costs, as one or several options (skuservicevalue).
    options: ServiceRecords
    #: Which SKUs have it, at which option's price (skuservice).
    attachments: ServiceRecords
