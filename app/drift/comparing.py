"""Comparing lane by lane: pages of lanes, a few calls at a time, no transaction open meanwhile."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from app.audit import Deed
from app.changes import KINDS
from app.changes.kind import Shop
from app.drift.present import PRESENT
from app.drift.report import Finding, Report
from app.errors import BridgeError, DeliveryError, Paused, Retry, Unauthorized
from app.queue.store.reading import Found

#: Lanes of one page; calls at the same time, so that the dispatchers have their turns in the budgets.
_PAGE = 200
_CALLS = 4
_TRIES = 6
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
#: Extra SKUs that are named; the others are counted.
_NAMED_EXTRAS = 50


@dataclass
class Comparing:
    """One connection's lanes with its store; `repair` sends what differs once more."""

    shop: Shop
    #: Who wants it repaired, if anybody.
    repair: Deed | None
    moved: Callable[[], None]
    report: Report
    _calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CALLS))

    async def run(self, kinds: Collection[str]) -> Report:
        for kind in kinds:
            await self._kind(kind)
        if "sku" in kinds:
            try:
                await self._extras()
            except DeliveryError as error:
                self.report.add(Finding("sku", "(the list of all)", "unread", reason=error.reason))
        return self.report

    async def _kind(self, kind: str) -> None:
        after = ""
        while page := await self.shop.store.read.lanes_after(self.shop.connection, kind, after, _PAGE):
            after = page[-1].key
            findings = await asyncio.gather(*(self._lane(kind, lane) for lane in page))
            for lane, finding in zip(page, findings, strict=True):
                if finding is not None:
                    self.report.add(finding)
                    if self.repair and finding.is_drift:
                        await self._send_again(lane, self.repair)

    async def _lane(self, kind: str, lane: Found) -> Finding | None:
        self.report.compared += 1
        try:
            if lane.due_at is not None:
                self.report.pending += 1
                return None
            async with self._calls:
                return await self._patiently(kind, lane)
        finally:
            self.moved()

    async def _patiently(self, kind: str, lane: Found) -> Finding | None:
        """What is throttled or paused passes."""
        for tried in range(1, _TRIES + 1):
            try:
                return await self._compared(kind, lane)
            except (Retry, Paused) as error:
                if tried == _TRIES:
                    return Finding(kind, lane.key, "unread", reason=error.reason)
                after = error.after.total_seconds() if error.after else _PAUSE_SECONDS
                await asyncio.sleep(min(after, _LONGEST_PAUSE_SECONDS))
            except Unauthorized as error:
                # So it would go with all the others.
                raise BridgeError(error.reason) from None
            except DeliveryError as error:
                return Finding(kind, lane.key, "unread", reason=error.reason)
        raise AssertionError("it returned")

    async def _compared(self, name: str, lane: Found) -> Finding | None:
        kind = KINDS[name]
        assert kind.mapped is not None
        try:
            change = (kind.desired or kind.change).model_validate(lane.desired)
        except ValidationError:
            reason = "what the ERP said is of another version and no longer reads; let it send it again"
            return Finding(name, lane.key, "unread", reason=reason)
        wanted = kind.mapped(kind.owned(change, self.shop.settings), self.shop.settings)
        sides = await PRESENT[name](change, self.shop, wanted)
        if sides is None:
            return Finding(name, lane.key, "missing")
        ours, theirs = sides
        fields = {
            field_name: {"erp": value, "vtex": theirs[field_name]}
            for field_name, value in ours.items()
            if not same(value, theirs[field_name])
        }
        return Finding(name, lane.key, "different", fields=fields) if fields else None

    async def _send_again(self, lane: Found, deed: Deed) -> None:
        """As a replay of the newest event: the lane's state of today, whatever was acknowledged."""
        done = lane.newest is not None and await self.shop.store.replay(
            self.shop.connection, lane.newest, deed
        )
        if done:
            self.report.repaired += 1
        else:
            self.report.unrepaired += 1

    async def _extras(self) -> None:
        """SKUs that the ERP never told."""
        listing, bindings = self.shop.vtex.skus, self.shop.bindings
        async for ids in listing.pages():
            _, owners = await bindings.known("sku", [], ids)
            codes = {code for each in owners.values() for code in each}
            told = await self._told(codes)
            for sku_id in ids:
                if told.isdisjoint(owners.get(sku_id, ())):
                    await self._extra(sku_id)

    async def _extra(self, sku_id: int) -> None:
        """The first ones by their RefId, which tells of those that the ERP told and nothing is bound to."""
        if len(self.report.extra) < _NAMED_EXTRAS:
            ref_id = await self.shop.vtex.skus.ref_id(sku_id)
            if ref_id is None or (ref_id and await self._told({ref_id})):
                return
            self.report.extra.append({"vtex_id": sku_id, "ref_id": ref_id})
        self.report.extras += 1

    async def _told(self, codes: Collection[str]) -> set[str]:
        return await self.shop.store.read.keys_among(self.shop.connection, "sku", codes)


def comparable(kinds: Collection[str]) -> list[str]:
    """All that can be compared, or those that are named."""
    unknown = [kind for kind in kinds if kind not in PRESENT]
    if unknown:
        raise BridgeError(f"{unknown[0]} cannot be compared; the kinds are {', '.join(PRESENT)}")
    return [kind for kind in PRESENT if not kinds or kind in kinds]


def same(ours: Any, theirs: Any) -> bool:
    """By value: VTEX shows what was cleared as nothing, as an empty text or as 0, and 1.50 as 1.5."""
    if ours in (None, "", []) and not isinstance(ours, bool):
        return theirs in (None, "", 0, []) and theirs is not False
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return sorted(map(str, ours)) == sorted(map(str, theirs))
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, int | float | Decimal) and isinstance(theirs, int | float | Decimal):
        return Decimal(str(ours)) == Decimal(str(theirs))
    return str(ours) == str(theirs)
