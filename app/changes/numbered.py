"""Records that VTEX finds by their id alone and never lists: only the binding joins them to the ERP's code.

A create whose answer was lost is looked for among the ids around the highest that is bound, as VTEX seems to
count; where it is not found there, a person must say what became of it, for nothing else can tell.
"""

from dataclasses import dataclass, field

from app.bindings import Creation
from app.changes.kind import Shop
from app.changes.taxonomy import check_told
from app.errors import DeliveryError, Refused, Retry
from app.vtex.catalog import Record, overlay
from app.vtex.catalog.services import ServiceRecords

#: How far from the highest known id a lost one is looked for, on either side.
_NEAR = 10


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the ERP wants of one record, in REST's field names."""

    kind: str
    code: str
    #: How people call it.
    called: str
    records: ServiceRecords
    values: Record
    #: What a new one has where the ERP has no opinion.
    new: Record = field(default_factory=dict)
    #: The field that names what it belongs to.
    parent: str = ""
    vtex_id: int | None = None
    #: The ERP says that VTEX does not have it, whatever became of an earlier create.
    absent: bool = False

    def is_begun(self, begun: Creation, found: Record) -> bool:
        same_parent = not self.parent or found.get(self.parent) == begun.parent_id
        return same_parent and found.get("Name") == begun.name


async def bring(entry: Numbered, shop: Shop) -> int:
    """Create it, or lay the ERP's values over what VTEX has; its id."""
    bindings, kind, code = shop.bindings, entry.kind, entry.code
    bound = await bindings.find(kind, code)
    begun = await bindings.begun(kind, code)
    vtex_id = entry.vtex_id or bound
    template = await entry.records.read(vtex_id) if vtex_id else None
    if entry.vtex_id:
        await check_told(shop, kind, code, entry.vtex_id, template)
    if template is None and begun is not None and not entry.absent:
        vtex_id = await _lost(entry, begun, shop)
        template = await entry.records.read(vtex_id)
    if vtex_id is None or template is None:
        vtex_id = await _create(entry, shop)
    elif (record := overlay(template, entry.values)) != template:
        await entry.records.update(vtex_id, record)
    if begun or vtex_id != bound:
        await bindings.finish(kind, code, vtex_id)
    return vtex_id


async def _create(entry: Numbered, shop: Shop) -> int:
    record = {**entry.new, **entry.values}
    if not record.get("Name"):
        raise Refused(f"VTEX has no {entry.called} with this code yet; to create it, send also: name")
    note = Creation(
        connection=shop.connection,
        kind=entry.kind,
        code=entry.code,
        name=record["Name"],
        parent_id=record.get(entry.parent),
    )
    await shop.bindings.begin(note)
    try:
        created = await entry.records.create(record)
    except DeliveryError as error:
        if not (isinstance(error, Retry) and error.unknown_outcome):
            await shop.bindings.abandon(entry.kind, entry.code)
        raise
    await shop.bindings.finish(entry.kind, entry.code, created)
    return created


async def _lost(entry: Numbered, begun: Creation, shop: Shop) -> int:
    """The id of what a create made whose answer never came."""
    highest = await shop.bindings.highest(entry.kind)
    for candidate in range(max(1, highest - _NEAR), highest + _NEAR + 1):
        found = await entry.records.read(candidate)
        if found and entry.is_begun(begun, found) and not await shop.bindings.codes(entry.kind, [candidate]):
            return candidate
    raise Refused(
        f"VTEX may have created the {entry.called} {entry.code}, but its answer was lost and VTEX lists none:"
        f" look in its admin for {begun.name!r}, then send vtex_id with its id, or null if it is not there"
    )
