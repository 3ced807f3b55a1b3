"""Bringing a catalogue record to its state: found by code, created, or read, overlaid and written."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.bindings import Creation
from app.changes.kind import Shop
from app.vtex.catalog import Record, overlay


@dataclass(frozen=True, slots=True)
class Access:
    """How the catalogue finds, reads and writes records of a kind."""

    kind: str
    find: Callable[[str], Awaitable[int | None]]
    read: Callable[[int, str], Awaitable[Record | None]]
    write: Callable[[int | None, Record], Awaitable[int]]


async def bring(
    access: Access,
    shop: Shop,
    code: str,
    *,
    created: Callable[[], Record],
    updated: Callable[[Record], Record],
    in_steps: bool = False,
) -> None:
    """`created` makes the record that VTEX lacks, `updated` the one that replaces what it has.

    A create `in_steps` is noted, so that one which was cut off is finished, whoever owns the record then.
    """
    begun = in_steps and await shop.bindings.begun(access.kind, code) is not None
    bound = await shop.bindings.find(access.kind, code)
    vtex_id = bound or await access.find(code)
    template = await access.read(vtex_id, code) if vtex_id else None
    if bound and template is None:
        # Deleted in VTEX since: by code it may be there under another id.
        await shop.bindings.forget(access.kind, code)
        vtex_id = await access.find(code)
        template = await access.read(vtex_id, code) if vtex_id else None
    if vtex_id is None or template is None:
        if in_steps:
            await shop.bindings.begin(
                Creation(connection=shop.connection, kind=access.kind, code=code, name="")
            )
        vtex_id = await access.write(None, created())
        begun = in_steps
    elif (record := overlay(template, created()) if begun else updated(template)) != template:
        await access.write(vtex_id, record)
    if begun:
        await shop.bindings.finish(access.kind, code, vtex_id)
    elif vtex_id != bound:
        await shop.bindings.bind(access.kind, code, vtex_id)
