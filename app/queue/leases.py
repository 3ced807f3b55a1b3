"""Leases that this process holds: renewed together; an attempt that lost its lease is cut off at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

from app import logging
from app.errors import DatabaseUnavailable, LeaseLost
from app.queue.lanes import Claim
from app.queue.store import Store

log = logging.get(__name__)
#: Renewals in one lease, and how soon one that failed is tried again.
_BEATS = 3
_AGAIN_SECONDS = 1.0


class Lease:
    """One claim's lease as this process knows it, by the loop's clock: never longer than it truly is."""

    def __init__(self, claim: Claim, until: float) -> None:
        self.claim = claim
        self._until = until
        self._fence: asyncio.Timeout | None = None
        #: The fence has struck; in the database the lease may still be ours.
        self.is_cut = False

    @asynccontextmanager
    async def fence(self) -> AsyncIterator[None]:
        """What runs inside is cancelled when the lease is no longer surely ours: LeaseLost."""
        try:
            async with asyncio.timeout_at(self._until) as self._fence:
                yield
        except TimeoutError:
            if self._fence and self._fence.expired():
                self.is_cut = True
                raise LeaseLost(f"the lease of lane {self.claim.lane_id} ended") from None
            raise
        finally:
            self._fence = None

    def reach(self, until: float) -> None:
        """Renewed, or, with a moment that is past, lost."""
        self._until = until
        # Where the fence has struck already, or the attempt is over, there is nothing to move.
        with suppress(RuntimeError):
            if self._fence:
                self._fence.reschedule(until)


class Leases:
    def __init__(self, store: Store, duration: timedelta) -> None:
        self._store = store
        self._duration = duration
        self._held: set[Lease] = set()

    def end_of_new(self) -> float:
        """Asked before the claim, so that nobody believes in a lease longer than the database."""
        return asyncio.get_running_loop().time() + self._duration.total_seconds()

    @contextmanager
    def hold(self, claim: Claim, until: float) -> Iterator[Lease]:
        lease = Lease(claim, until)
        self._held.add(lease)
        try:
            yield lease
        finally:
            self._held.discard(lease)

    async def keep(self) -> None:
        """Until cancelled, renew all that is held at a third of its time, in one statement."""
        beat = self._duration.total_seconds() / _BEATS
        while True:
            renewed = await self._renew() if self._held else True
            await asyncio.sleep(beat if renewed else min(_AGAIN_SECONDS, beat))

    async def _renew(self) -> bool:
        held, until = [*self._held], self.end_of_new()
        try:
            ours = await self._store.renew([each.claim for each in held], lease=self._duration)
        except DatabaseUnavailable as error:
            log.error("leases.not_renewed", held=len(held), error=str(error))
            return False
        for each in held:
            still = (each.claim.lane_id, each.claim.lease) in ours
            each.reach(until if still else 0)
        return True
