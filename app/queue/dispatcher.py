"""The dispatcher: claims due lanes, lets an attempt run for each, records how it ended."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from structlog.contextvars import bound_contextvars

from app import logging, metrics
from app.errors import BridgeError, DatabaseUnavailable, LeaseLost
from app.queue.attempts import Attempts, Deliverer, Pace
from app.queue.fairness import Slots
from app.queue.lanes import Claim, Document, Outcome
from app.queue.leases import Lease, Leases
from app.queue.store import Store
from app.queue.store.claiming import Taken
from app.queue.telling import tell

__all__ = ["Deliverer", "Dispatcher", "Pace"]

log = logging.get(__name__)
_OUTAGE_SECONDS = 1.0
#: With this part of the slots in flight, a claim waits for more of them to end: it refills them all at once.
_BUSY = 0.5
_GATHER_SECONDS = 0.003
#: Attempts that ended and are not recorded yet: with more, nothing is claimed.
_MOST_UNRECORDED = 200
#: What is due but in other hands is looked at again so soon; twice as late each time, up to the poll.
_CONTENDED_SECONDS = 0.02
#: While something is not to be claimed, it is asked so often whether that is over.
_EXCLUDED_SECONDS = 0.5


class Dispatcher:
    def __init__(
        self,
        store: Store,
        deliverers: Mapping[str, Deliverer],
        pace: Pace,
        begin_trace: Callable[[], list[Document]] = list,
        excluding: Callable[[], Collection[tuple[str, str]]] = frozenset,
    ) -> None:
        self._store = store
        self._pace = pace
        self._attempts = Attempts(store, deliverers, pace, begin_trace)
        self._leases = Leases(store, pace.lease)
        self._slots = Slots(pace.concurrency, pace.most_in_flight)
        #: The (connection, kind) that are not to be claimed now.
        self._excluding = excluding
        self._in_flight: dict[asyncio.Task[None], Claim] = {}
        self._stopping = asyncio.Event()
        #: The last look left something that is due.
        self._left = True
        #: By the loop's clock: when all that is due is looked at next, whatever happens until then.
        self._look_by = 0.0

    async def run(self) -> None:
        """Until `stop`; survives every outage of the database."""
        work = asyncio.create_task(self._work())
        tasks = {
            work,
            asyncio.create_task(self._leases.keep()),
            asyncio.create_task(self._store.notices.listen()),
        }
        try:
            while not work.done():
                done, tasks = await asyncio.wait(tasks, return_when=FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """No new claims; `run` returns when what is in flight has ended, or was given back."""
        self._stopping.set()
        self._store.wakeup.set()

    async def _work(self) -> None:
        empty, clock = 0, asyncio.get_running_loop().time
        while not self._stopping.is_set():
            self._store.wakeup.clear()
            if clock() >= self._look_by:
                self._store.wakeup.missed()
            if len(self._in_flight) - self._slots.busy > _MOST_UNRECORDED:
                await asyncio.wait(self._in_flight, timeout=_OUTAGE_SECONDS, return_when=FIRST_COMPLETED)
                continue
            try:
                taken = await self._take()
            except DatabaseUnavailable as error:
                log.error("database.unavailable", error=str(error))
                await self._sleep(_OUTAGE_SECONDS)
                continue
            if taken.looked:
                empty = 0 if taken.claims else empty + 1
                self._look_by = clock() + self._until_next(taken, empty)
            if not taken.claims:
                await self._sleep(self._look_by - clock())
            elif self._slots.busy >= _BUSY * self._pace.concurrency:
                await asyncio.sleep(_GATHER_SECONDS)
        await self._end()

    async def _take(self) -> Taken:
        # Until we know: what ends during the look may be what it just missed.
        left, self._left = self._left, True
        until = self._leases.end_of_new()
        taken = await self._store.take(self._slots, lease=self._pace.lease, excluding=self._excluding())
        self._left = taken.left if taken.looked else left
        for claim in taken.claims:
            self._slots.take(claim)
            task = asyncio.create_task(self._handle(claim, until))
            self._in_flight[task] = claim
            task.add_done_callback(self._ended)
        return taken

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._slots.forget(self._in_flight.pop(task))
        self._freed()

    def _freed(self) -> None:
        """A slot, or a target."""
        if self._left:
            self._store.wakeup.again()

    def _until_next(self, taken: Taken, empty: int) -> float:
        seconds = self._pace.poll.total_seconds()
        if taken.next_due is not None:
            seconds = min(seconds, max(0.0, (taken.next_due - self._store.clock()).total_seconds()))
        if self._excluding():
            seconds = min(seconds, _EXCLUDED_SECONDS)
        if taken.contended:
            seconds = min(seconds, _CONTENDED_SECONDS * 2.0 ** min(empty, 20))
        return seconds

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._store.wakeup.wait(), max(0.0, seconds))

    async def _end(self) -> None:
        """What does not end in time is cancelled and given back, so that others have it at once."""
        if not self._in_flight:
            return
        await asyncio.wait(self._in_flight, timeout=self._pace.grace.total_seconds())
        late = {**self._in_flight}
        if not late:
            return
        for task in late:
            task.cancel()
        await asyncio.wait(late)
        log.warning("leases.given_back", lanes=len(late))
        await self._give_back([*late.values()])

    async def _handle(self, claim: Claim, until: float) -> None:
        with (
            bound_contextvars(event_id=str(claim.event_id), kind=claim.kind),
            self._leases.hold(claim, until) as lease,
        ):
            try:
                written = await self._record(await self._attempt(claim, lease))
            except LeaseLost:
                written = None
            except DatabaseUnavailable as error:
                log.error("attempt.without_database", error=str(error))
                await self._release(claim)
                return
            if written is None:
                metrics.LEASES_LOST.inc()
                log.warning("lease.lost", lane=claim.lane_id)
                if lease.is_cut:
                    await self._give_back([claim])
                return
            tell(written, self._store.clock(), is_personal=claim.kind in self._store.personal.kept)

    async def _attempt(self, claim: Claim, lease: Lease) -> Outcome:
        """Its slot is free when it has ended: to record it is no work of the other side's."""
        try:
            async with lease.fence():
                return await self._attempts.make(claim)
        finally:
            self._slots.free(claim)
            self._freed()

    async def _record(self, outcome: Outcome) -> Outcome | None:
        """What was written, however long the database was away; None if the lease was lost meanwhile."""
        while True:
            try:
                return outcome if await self._store.record(outcome) else None
            except DatabaseUnavailable as error:
                log.error("outcome.not_recorded", error=str(error))
                await asyncio.sleep(_OUTAGE_SECONDS)
            except BridgeError:
                raise
            except Exception as bug:  # unrecorded, it would be tried at each lease's end, for ever
                log.exception("outcome.bug")
                outcome = self._attempts.of_bug(outcome.claim, bug)
                return outcome if await self._store.record(outcome) else None

    async def _release(self, claim: Claim) -> None:
        """Give it back as soon as the database answers again: an outage is no crash of the worker."""
        given = False
        while not given:
            await asyncio.sleep(_OUTAGE_SECONDS)
            given = await self._give_back([claim])

    async def _give_back(self, claims: list[Claim]) -> bool:
        try:
            await self._store.give_back(claims)
        except DatabaseUnavailable as error:
            # At the stop: the leases end by themselves.
            log.error("leases.not_given_back", error=str(error))
            return False
        return True
