"""What the catalogue can do, whichever codec does it.

Records are dicts in the field names of VTEX's Catalog REST API (`RefId`, `PackagedHeight`, …); an absent
name is a field that VTEX clears on an update, so an update always starts from what was read. Three names
are ours: `Eans`, all EANs of a SKU, `TradePolicies` and `SimilarCategories`, all of a product; they are
matched by adding and removing.
"""

from typing import Any, Protocol

Record = dict[str, Any]


class Catalog(Protocol):
    async def find_product(self, ref_id: str) -> int | None:
        """The id of the product with this RefId."""

    async def read_product(self, product_id: int, ref_id: str) -> Record | None:
        """The template for an update; None where VTEX no longer has it.

        Without a RefId it is read by its id alone.
        """

    async def read_policies(self, product_id: int, ref_id: str) -> list[int]:
        """Its trade policies."""

    async def write_product(self, product_id: int | None, record: Record) -> int:
        """Create (no id) or replace; the id."""

    async def find_sku(self, ref_id: str) -> int | None:
        """The id of the SKU with this RefId."""

    async def read_sku(self, sku_id: int, ref_id: str) -> Record | None:
        """The template for an update; None where VTEX no longer has it."""

    async def read_eans(self, sku_id: int, ref_id: str) -> list[str]:
        """All its EANs."""

    async def write_sku(self, sku_id: int | None, record: Record) -> int:
        """Create (no id; VTEX makes it inactive) or replace; the id."""

    async def activate_sku(self, sku_id: int, template: Record) -> None:
        """Refused where VTEX says that something is missing; it may also leave it inactive without a word."""

    async def list_skus(self, product_id: int) -> list[Record]:
        """All SKUs of a product, each at least with Id, RefId and IsActive."""


def overlay(template: Record, values: Record) -> Record:
    """Lay the ERP's values over what VTEX has; None clears, so the name goes."""
    return {name: value for name, value in {**template, **values}.items() if value is not None}
