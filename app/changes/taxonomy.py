"""Brands and categories: VTEX keeps no code of theirs, so the binding alone says which is which.

A namesake in VTEX is never taken for ours: the ERP says by `vtex_id` that it is. The one exception is a
create that was noted before it was sent and whose answer was lost.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from app.bindings import Creation
from app.changes.kind import Shop, Text
from app.errors import DeliveryError, Refused, Retry, Waiting
from app.vtex.catalog import Record, overlay
from app.vtex.catalog.taxonomy import Taxonomy, folded

_INT32_MAX = 2**31 - 1

VtexId = Annotated[int, Field(gt=0, le=_INT32_MAX)]
Score = Annotated[int, Field(ge=-_INT32_MAX, le=_INT32_MAX)]
LegacyCode = Annotated[Text, Field(max_length=200)]

VTEX_ID = Field(
    default=None,
    description="VTEX's id, for one that VTEX has already: then this code is joined to it, by nothing else.",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ERP wants of a brand or category, in REST's field names."""

    kind: str
    code: str
    taxonomy: Taxonomy
    #: None clears.
    values: Record
    #: Those of them that an update writes.
    owned: Record
    vtex_id: int | None = None

    @property
    def name(self) -> str:
        return str(self.values.get("Name", ""))

    @property
    def parent_id(self) -> int | None:
        return self.values.get("FatherCategoryId")


async def vtex_id_of(shop: Shop, kind: str, code: str) -> int:
    """For those that name a brand or category by its code."""
    bound = await shop.bindings.find(kind, code)
    if bound is None:
        raise Waiting(
            f"{kind} {code} is not in VTEX yet; it is sent as soon as the {kind} is", on=(kind, code)
        )
    return bound


async def bring(entry: Entry, shop: Shop) -> Record:
    """Create it, or lay what the ERP owns over what VTEX has; returns what VTEX had before, or was given."""
    bindings, taxonomy = shop.bindings, entry.taxonomy
    bound = await bindings.find(entry.kind, entry.code)
    begun = await bindings.begun(entry.kind, entry.code)
    vtex_id = entry.vtex_id or bound
    template = await taxonomy.read(vtex_id) if vtex_id else None
    if entry.vtex_id:
        await check_told(shop, entry.kind, entry.code, entry.vtex_id, template)
    if template is None and begun is not None:
        vtex_id = await _lost(begun, taxonomy)
        template = await taxonomy.read(vtex_id) if vtex_id else None
    if vtex_id is None or template is None:
        template = _created(entry, shop)
        vtex_id = await _create(entry, shop, template)
        await taxonomy.complete(vtex_id, template)
        if taxonomy.fixed & entry.values.keys():
            template = await taxonomy.read(vtex_id) or template
    else:
        # What was begun here is finished, whoever owns it from then on.
        values = _created(entry, shop) if begun else entry.owned
        changing = {name: value for name, value in values.items() if name not in taxonomy.fixed}
        if (record := overlay(template, changing)) != template:
            await taxonomy.update(vtex_id, record)
    if begun or vtex_id != bound:
        await bindings.finish(entry.kind, entry.code, vtex_id)
    return template


async def check_told(shop: Shop, kind: str, code: str, told: int, template: Record | None) -> None:
    """Whether the id that the ERP names can be its code's."""
    if template is None:
        raise Refused(
            f"VTEX has no {kind} with the id {told}; correct vtex_id, or send null to create a new one"
        )
    others = [other for other in await shop.bindings.codes(kind, [told]) if other != code]
    if others:
        raise Refused(
            f"VTEX's {kind} {told} is {others[0]} in the ERP's codes already; correct vtex_id, or first send"
            f" {others[0]} with its own"
        )


async def _lost(begun: Creation, taxonomy: Taxonomy) -> int | None:
    """What a create made whose answer never came: by the id that we chose, else by the name that was free."""
    if begun.vtex_id is None:
        return await taxonomy.named(begun.name, begun.parent_id, fresh=True)
    found = await taxonomy.read(begun.vtex_id)
    return begun.vtex_id if found and folded(found.get("Name")) == folded(begun.name) else None


def _created(entry: Entry, shop: Shop) -> Record:
    """New, it is active unless the ERP says otherwise; in express mode the store's team activates it."""
    active = "Active" if entry.kind == "brand" else "IsActive"
    record: dict[str, Any] = {active: True}
    record |= {name: value for name, value in entry.values.items() if value is not None}
    return record | ({active: False} if shop.settings.mode == "express" else {})


async def _create(entry: Entry, shop: Shop, record: Record) -> int:
    kind, bindings, taxonomy = entry.kind, shop.bindings, entry.taxonomy
    if not entry.name:
        raise Refused(f"VTEX has no {kind} with this code yet; to create it, send also: name")
    namesake = await taxonomy.named(entry.name, entry.parent_id)
    if namesake:
        others = await bindings.codes(kind, [namesake])
        fix = (
            f"it is {others[0]} in the ERP's codes"
            if others
            else f"send vtex_id {namesake} if it is the same"
        )
        raise Refused(f"VTEX has a {kind} of this name already, {namesake}: {fix}, else choose another name")
    chosen = await taxonomy.free_id(above=await bindings.highest(kind))
    await bindings.begin(
        Creation(
            connection=shop.connection,
            kind=kind,
            code=entry.code,
            name=entry.name,
            parent_id=entry.parent_id,
            vtex_id=chosen,
        )
    )
    try:
        created = await taxonomy.create(chosen, record)
    except DeliveryError as error:
        if not (isinstance(error, Retry) and error.unknown_outcome):
            await bindings.abandon(kind, entry.code)
        raise
    await bindings.bind(kind, entry.code, created)
    return created
