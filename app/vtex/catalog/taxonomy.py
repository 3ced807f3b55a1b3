"""What can be done with brands, and with categories, whichever codec does it.

Neither has a RefId: VTEX keeps no code of the ERP's with them, and finds them by id or by name alone.
Records are in the field names of VTEX's Catalog REST API, as in catalog.py.
"""

from typing import Protocol

from app.vtex.catalog import Record


class Taxonomy(Protocol):
    #: Fields that VTEX takes at the creation, if at all, and never changes.
    fixed: frozenset[str]

    async def named(self, name: str, parent_id: int | None, *, fresh: bool = False) -> int | None:
        """The id of the one with this name below this parent; `fresh` trusts nothing that was read before."""

    async def read(self, vtex_id: int) -> Record | None:
        """The template for an update; None where VTEX no longer has it."""

    async def free_id(self, above: int) -> int | None:
        """An id that VTEX does not have yet, to create one under; None where VTEX chooses it."""

    async def create(self, vtex_id: int | None, record: Record) -> int:
        """The id that it has."""

    async def complete(self, vtex_id: int, record: Record) -> None:
        """Write what a create cannot hold, if anything."""

    async def update(self, vtex_id: int, record: Record) -> None:
        """Replace what VTEX has."""


def folded(name: object) -> str:
    """As VTEX's staff compare names: a blank or a capital makes no other brand."""
    return " ".join(str(name or "").split()).casefold()
