"""Budgets of this process: tokens leased from the shared buckets, and the requests that wait for them."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from app import logging, metrics
from app.http.bucket import NONE_RETURNED, Lease, Quota, Returned
from app.http.limits import Limit
from app.http.shared import Paces, Want

log = logging.get(__name__)

_RECENT_SECONDS = 1.0
_SHORT_SECONDS = 2.0
#: Stands in for an adaptive limit's own figures, which only the database knows.
_UNKNOWN = Quota(600, 10)


class Spent(Exception):
    """No token came in time; `after` seconds it is worth another try."""

    def __init__(self, limit: Limit, after: float) -> None:
        super().__init__(limit.name)
        self.limit = limit
        self.after = after


class Token(NamedTuple):
    """`ready_at` and `until` by this process's monotonic clock, `leased_at` by the database's."""

    ready_at: float
    until: float
    leased_at: float


#: For what nothing limits at the moment.
_FREE = Token(0.0, 0.0, float("-inf"))


@dataclass
class Queue:
    """One limit in this process."""

    limit: Limit
    tokens: deque[Token] = field(default_factory=deque)
    waiters: deque[asyncio.Future[Token]] = field(default_factory=deque)
    #: When the last ones were spent.
    spent: deque[float] = field(default_factory=deque)
    #: Not spent in time: given back with the next lease.
    returned: Returned = NONE_RETURNED
    #: What the other side said it has left, and when.
    told: tuple[float, float] | None = None
    ask_at: float = 0.0
    #: When fewer tokens were to be had than were wanted.
    short_at: float = float("-inf")

    @property
    def quota(self) -> Quota:
        return self.limit.quota or _UNKNOWN

    def recent(self, now: float) -> int:
        while self.spent and self.spent[0] < now - _RECENT_SECONDS:
            self.spent.popleft()
        return len(self.spent)

    def wait_seconds(self, now: float) -> float:
        """How long a newcomer would wait, judged by what this process got of late; 0 if there was enough."""
        if now - self.short_at > _SHORT_SECONDS:
            return 0.0
        waiting = sum(not waiter.done() for waiter in self.waiters)
        return waiting / max(self.recent(now), self.quota.rate / 8)

    def spend(self, now: float) -> Token | None:
        while self.tokens and self.tokens[0].until < now:
            self.give_back(self.tokens.popleft())
        if not self.tokens or self.tokens[0].ready_at > now:
            return None
        self.spent.append(now)
        return self.tokens.popleft()

    def give_back(self, token: Token) -> None:
        leased_at = min(self.returned.leased_at, token.leased_at)
        self.returned = Returned(self.returned.tokens + 1, leased_at)

    def serve(self, now: float) -> None:
        while self.waiters:
            if self.waiters[0].done():
                self.waiters.popleft()
            elif token := self.spend(now):
                self.waiters.popleft().set_result(token)
            else:
                return

    def serve_all(self) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(_FREE)
        self.waiters.clear()

    def fail(self, error: Exception) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self.waiters.clear()

    def want(self, now: float) -> Want | None:
        """What to lease: for those who wait, and for those who will come while the tokens live."""
        lacking = len(self.waiters) - len(self.tokens)
        if lacking <= 0 or self.ask_at > now:
            return None
        likely = min(math.floor(self.recent(now) * self.quota.life), math.floor(self.quota.capacity / 4))
        remaining = self.told and self.told[0] + (now - self.told[1]) * self.quota.rate
        want = Want(self.limit, lacking + likely, self.returned, remaining)
        self.returned, self.told = NONE_RETURNED, None
        return want

    def filled(self, want: Want, lease: Lease, started: float, now: float) -> None:
        """A slow transaction's tokens are old when they come: they live the shorter."""
        life = max(self.quota.life / 2, self.quota.life - (now - started))
        tokens = [Token(now + wait, now + wait + life, lease.at) for wait in lease.ready_in]
        self.tokens = deque(sorted([*self.tokens, *tokens]))
        self.ask_at = now
        if len(tokens) < want.wanted:
            self.ask_at, self.short_at = now + lease.again_in, now


class Budgets:
    """`take` waits for a token of each limit; one task leases for all who wait, in one transaction."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._queues: dict[tuple[str, str], Queue] = {}
        self._leasing: asyncio.Task[None] | None = None
        self._more = asyncio.Event()

    async def take(self, limits: Sequence[Limit], *, longest: float) -> list[Token]:
        """A token of each limit; Spent if that would take longer than `longest` seconds."""
        started = time.monotonic()
        queues = [self._queue(limit) for limit in limits]
        for queue in queues:
            if queue.wait_seconds(started) > longest:
                raise Spent(queue.limit, queue.wait_seconds(started))
        waits = [self._wait(queue) for queue in queues]
        self._lease()
        tokens = []
        for queue, wait in zip(queues, waits, strict=True):
            labels = (queue.limit.owner, queue.limit.name)
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + longest):
                    tokens.append(await wait)
            except TimeoutError:
                self._back_out(queues, waits)
                raise Spent(queue.limit, max(1.0, queue.wait_seconds(time.monotonic()))) from None
            except BaseException:
                self._back_out(queues, waits)
                raise
            metrics.BUDGET_WAIT_SECONDS.labels(*labels).observe(time.monotonic() - started)
            metrics.BUDGET_TOKENS.labels(*labels).inc()
        return tokens

    def give_back(self, limits: Sequence[Limit], tokens: Sequence[Token]) -> None:
        """Tokens that were taken for a request that did not go out."""
        for limit, token in zip(limits, tokens, strict=True):
            self._queue(limit).give_back(token)

    def told(self, limit: Limit, remaining: float) -> None:
        """The other side's own count of the credits that are left."""
        self._queue(limit).told = (remaining, time.monotonic())

    def recent(self, limit: Limit) -> int:
        """Tokens spent in the last second."""
        return self._queue(limit).recent(time.monotonic())

    def wait_seconds(self, limit: Limit) -> float:
        queue = self._queues.get((limit.owner, limit.name))
        return queue.wait_seconds(time.monotonic()) if queue else 0.0

    async def close(self) -> None:
        if self._leasing is not None:
            self._leasing.cancel()
            with suppress(asyncio.CancelledError):
                await self._leasing

    def _queue(self, limit: Limit) -> Queue:
        key = (limit.owner, limit.name)
        if key not in self._queues:
            self._queues[key] = Queue(limit)
        return self._queues[key]

    def _wait(self, queue: Queue) -> asyncio.Future[Token]:
        wait: asyncio.Future[Token] = asyncio.get_running_loop().create_future()
        queue.waiters.append(wait)
        queue.serve(time.monotonic())
        return wait

    def _back_out(self, queues: Sequence[Queue], waits: Sequence[asyncio.Future[Token]]) -> None:
        for queue, wait in zip(queues, waits, strict=True):
            if wait.done() and not wait.cancelled() and wait.exception() is None:
                queue.give_back(wait.result())
            else:
                wait.cancel()

    def _lease(self) -> None:
        self._more.set()
        if self._leasing is None and any(queue.waiters for queue in self._queues.values()):
            self._leasing = asyncio.create_task(self._lease_while_wanted())

    async def _lease_while_wanted(self) -> None:
        try:
            while waiting := [queue for queue in self._queues.values() if self._still_waits(queue)]:
                self._more.clear()
                now = time.monotonic()
                wants = [(queue, want) for queue in waiting if (want := queue.want(now))]
                if wants:
                    await self._fill(wants)
                else:
                    await self._rest(waiting, now)
        finally:
            self._leasing = None

    def _still_waits(self, queue: Queue) -> bool:
        queue.serve(time.monotonic())
        metrics.BUDGET_QUEUE.labels(queue.limit.owner, queue.limit.name).set(len(queue.waiters))
        return bool(queue.waiters)

    async def _fill(self, wants: list[tuple[Queue, Want]]) -> None:
        started = time.monotonic()
        try:
            leases = await self._paces.lease([want for _, want in wants])
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            for queue, _ in wants:
                queue.fail(error)
            return
        for (queue, want), lease in zip(wants, leases, strict=True):
            if lease is None:
                queue.serve_all()
            else:
                queue.filled(want, lease, started, time.monotonic())

    async def _rest(self, waiting: list[Queue], now: float) -> None:
        """Until a token is ready, more can be asked for, or somebody new waits."""
        moments = [queue.tokens[0].ready_at for queue in waiting if queue.tokens]
        moments += [queue.ask_at for queue in waiting if len(queue.waiters) > len(queue.tokens)]
        rest = max(0.001, min(moments, default=now + 1) - now)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._more.wait(), rest)
