"""Brands and categories through VTEX's Catalog REST API."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from app.config import VtexSettings
from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.taxonomy import folded
from app.vtex.rest import Reply, Rest, path

#: By parent (None for brands and departments) and name.
Names = dict[tuple[int | None, str], int]

_NAMES_LIFE_SECONDS = 60.0
#: Deeper than any shop: VTEX recommends three levels.
_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Sort:
    """How brands and categories differ on the wire."""

    noun: str
    listing: str
    names: Callable[[Reply], Names]
    #: What PUT accepts: GET returns more.
    fields: frozenset[str]
    #: What a create has to say although the ERP has no opinion of it.
    created_with: Mapping[str, Any]
    #: What an update has to say where neither VTEX nor the ERP has anything.
    updated_with: Mapping[str, Any]
    #: Whether VTEX's schema wants the id in the body of an update too.
    id_in_update: bool
    fixed: frozenset[str] = field(default=frozenset())


class RestTaxonomy:
    def __init__(self, rest: Rest, settings: VtexSettings, sort: Sort) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._sort = sort
        self._address = f"/api/catalog/pvt/{sort.noun}"
        self._names: Names = {}
        self._names_until = 0.0
        self.fixed = sort.fixed

    async def named(self, name: str, parent_id: int | None, *, fresh: bool = False) -> int | None:
        place = parent_id, folded(name)
        if not fresh and time.monotonic() < self._names_until and place not in self._names:
            return None
        # What was found may have been renamed since: only its absence is believed for a while.
        return (await self._all_names()).get(place)

    async def read(self, vtex_id: int) -> Record | None:
        address = path(self._address + "/{id}", id=vtex_id)
        reply = await self._call(f"read {self._sort.noun}", "GET", address, expected={HTTPStatus.NOT_FOUND})
        body = reply.record()
        fields = self._sort.fields
        return body and {name: value for name, value in body.items() if name in fields and value is not None}

    async def free_id(self, above: int) -> int:
        """The next after all that are known, as VTEX would count; asked for, as its lists may be old."""
        if time.monotonic() >= self._names_until:
            await self._all_names()
        highest = max(self._names.values(), default=0)
        for candidate in itertools.count(max(highest, above) + 1):
            if await self.read(candidate) is None:
                return candidate
        raise AssertionError

    async def create(self, vtex_id: int | None, record: Record) -> int:
        noun = self._sort.noun
        body = {**self._sort.created_with, **record} | ({"Id": vtex_id} if vtex_id else {})
        # If it fails, somebody may create it by hand before it is tried again.
        known_until, self._names_until = self._names_until, 0.0
        created = (await self._call(f"create {noun}", "POST", self._address, body)).body
        if not isinstance(created, dict) or not created.get("Id"):
            raise Retry(
                f"VTEX created a {noun} without telling its id; it is looked up next time",
                unknown_outcome=True,
            )
        self._names_until = known_until
        self._names[record.get("FatherCategoryId"), folded(record["Name"])] = int(created["Id"])
        return int(created["Id"])

    async def complete(self, vtex_id: int, record: Record) -> None:
        """A create holds everything."""

    async def update(self, vtex_id: int, record: Record) -> None:
        body = {**self._sort.updated_with, **record} | ({"Id": vtex_id} if self._sort.id_in_update else {})
        address = path(self._address + "/{id}", id=vtex_id)
        await self._call(f"update {self._sort.noun}", "PUT", address, body)

    async def _all_names(self) -> Names:
        reply = await self._call(f"list {self._sort.noun} names", "GET", self._sort.listing)
        self._names = self._sort.names(reply)
        self._names_until = time.monotonic() + _NAMES_LIFE_SECONDS
        return self._names

    async def _call(
        self,
        operation: str,
        method: str,
        address: str,
        body: Record | None = None,
        expected: Iterable[int] = (),
    ) -> Reply:
        return await self._rest.call(
            "catalog", operation, method, self._base + address, json=body, expected=frozenset(expected)
        )


def _brand_names(reply: Reply) -> Names:
    # Of two with one name the first stays: any of them is reason enough to refuse another.
    return {(None, folded(brand["name"])): int(brand["id"]) for brand in reversed(reply.listed() or [])}


def _category_names(reply: Reply) -> Names:
    names: Names = {}

    def gather(nodes: list[Record], parent_id: int | None) -> None:
        for node in nodes:
            names.setdefault((parent_id, folded(node["name"])), int(node["id"]))
            gather(node.get("children") or [], int(node["id"]))

    gather(reply.listed() or [], None)
    return names


_LEGACY = {"AdWordsRemarketingCode": None, "LomadeeCampaignCode": None}
_CATEGORY = {
    "Keywords": "",
    "Title": "",
    "Description": "",
    **_LEGACY,
    "FatherCategoryId": None,
    "GlobalCategoryId": 0,
}
#: The values of VTEX's own examples.
_SHOWN = {
    "ShowInStoreFront": True,
    "ActiveStoreFrontLink": True,
    "ShowBrandFilter": True,
    "StockKeepingUnitSelectionMode": "SPECIFICATION",
}


def rest_brands(rest: Rest, settings: VtexSettings) -> RestTaxonomy:
    sort = Sort(
        noun="brand",
        listing="/api/catalog_system/pvt/brand/list",
        names=_brand_names,
        fields=frozenset(
            "Name Text Keywords SiteTitle Active MenuHome AdWordsRemarketingCode LomadeeCampaignCode Score"
            " LinkId".split()
        ),
        created_with={},
        updated_with={},
        id_in_update=True,
        # VTEX known issue: PUT echoes another link id and keeps the old one.
        fixed=frozenset({"LinkId"}),
    )
    return RestTaxonomy(rest, settings, sort)


def rest_categories(rest: Rest, settings: VtexSettings) -> RestTaxonomy:
    """VTEX's schema wants every field, in an update also a score that is a number."""
    sort = Sort(
        noun="category",
        listing=f"/api/catalog_system/pub/category/tree/{_LEVELS}",
        names=_category_names,
        fields=frozenset({"Name", "IsActive", "Score", *_CATEGORY, *_SHOWN}),
        created_with={**_CATEGORY, **_SHOWN, "Score": None},
        updated_with={**_CATEGORY, "Score": 0},
        id_in_update=False,
    )
    return RestTaxonomy(rest, settings, sort)
