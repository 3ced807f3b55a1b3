"""Brands and categories through VTEX's SOAP webservice.

Its DTOs lack some of their fields, and it has no list of categories: for these alone REST is asked. An update
sends all members back, as what it does with members left out is not documented.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import Retry
from app.vtex.catalog import Record, overlay
from app.vtex.catalog.rest.taxonomy import RestTaxonomy
from app.vtex.catalog.taxonomy import folded
from app.vtex.soap import Webservice


@dataclass(frozen=True, slots=True)
class Dto:
    #: Operations begin with it.
    noun: str
    #: REST's name → the DTO's.
    members: Mapping[str, str]


class WebserviceTaxonomy:
    #: No member of the DTO, and REST takes it at the creation only.
    fixed = frozenset({"LinkId"})

    def __init__(self, webservice: Webservice, rest: RestTaxonomy, dto: Dto) -> None:
        self._webservice = webservice
        self._rest = rest
        self._dto = dto

    async def named(
        self,
        name: str,
        parent_id: int | None,
        *,
        fresh: bool = False,  # noqa: ARG002  what is asked here is never old
    ) -> int | None:
        """It tells one record of the name; if that is below another parent, there may be one below ours."""
        found = await self._webservice.call(f"{self._dto.noun}GetByName", name)
        if found is None or folded(found.get("Name")) != folded(name):
            return None
        if found.get("FatherCategoryId") != parent_id:
            # What was created through the webservice is not among the names that REST remembers.
            return await self._rest.named(name, parent_id, fresh=True)
        return _id(found, f"{self._dto.noun}GetByName answered without an id")

    async def read(self, vtex_id: int) -> Record | None:
        found = await self._webservice.call(f"{self._dto.noun}Get", vtex_id)
        if found is None:
            return None
        members = self._dto.members.items()
        return {name: found[member] for name, member in members if found.get(member) is not None}

    async def free_id(self, above: int) -> None:  # noqa: ARG002  REST chooses one above it
        return None

    async def create(self, vtex_id: int | None, record: Record) -> int:  # noqa: ARG002  VTEX chooses it here
        return await self._write(record)

    async def complete(self, vtex_id: int, record: Record) -> None:
        """Through REST, what no member of the DTO holds."""
        left = {name: record[name] for name in record.keys() - self._dto.members.keys() - self.fixed}
        template = await self._rest.read(vtex_id) if left else None
        if template and overlay(template, left) != template:
            await self._rest.update(vtex_id, overlay(template, left))

    async def update(self, vtex_id: int, record: Record) -> None:
        await self._write(record, Id=vtex_id)
        await self.complete(vtex_id, record)

    async def _write(self, record: Record, **identity: int) -> int:
        members = {member: record[name] for name, member in self._dto.members.items() if name in record}
        written = await self._webservice.call(f"{self._dto.noun}InsertUpdate", members | identity)
        return _id(written, f"wrote a {self._dto.noun.lower()} without telling its id")


def _id(members: Record | None, otherwise: str) -> int:
    if not members or not members.get("Id"):
        raise Retry(f"VTEX webservice {otherwise}", unknown_outcome=True)
    return int(members["Id"])


_SAME = ("Name", "Keywords", "AdWordsRemarketingCode", "LomadeeCampaignCode", "Score")
BRAND = Dto(
    "Brand",
    {name: name for name in _SAME} | {"Text": "Description", "SiteTitle": "Title", "Active": "IsActive"},
)
CATEGORY = Dto(
    "Category",
    {
        name: name
        for name in (*_SAME, "Title", "Description", "IsActive", "FatherCategoryId", "ShowBrandFilter")
    },
)
