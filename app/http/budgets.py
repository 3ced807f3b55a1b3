"""Budgets of this process: tokens leased from the shared buckets, and the requests that wait for them."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from app import logging, metrics
from app.http.limits import Limit
from app.http.shared import Paces, Want
from app.http.tokens import Queue, Token

log = logging.get(__name__)


class Spent(Exception):
    """No token came in time; `after` seconds it is worth another try."""

    def __init__(self, limit: Limit, after: float) -> None:
        super().__init__(limit.name)
        self.limit = limit
        self.after = after


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
        if tokens := self._at_hand(queues, started):
            return tokens
        for queue in queues:
            if queue.wait_seconds(started) > longest:
                raise Spent(queue.limit, queue.wait_seconds(started))
        waits = [self._wait(queue) for queue in queues]
        self._lease()
        tokens = []
        for queue, wait in zip(queues, waits, strict=True):
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + longest):
                    tokens.append(await wait)
            except TimeoutError:
                self._back_out(queues, waits)
                raise Spent(queue.limit, max(1.0, queue.wait_seconds(time.monotonic()))) from None
            except BaseException:
                self._back_out(queues, waits)
                raise
            self._count(queue, time.monotonic() - started)
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

    def _at_hand(self, queues: Sequence[Queue], now: float) -> list[Token]:
        """One of each, if all have one that nobody waits for; else none at all."""
        if any(queue.waiters or not queue.is_ready(now) for queue in queues):
            return []
        tokens = [token for queue in queues if (token := queue.spend(now))]
        for queue in queues:
            self._count(queue, 0.0)
        return tokens

    def _count(self, queue: Queue, waited_seconds: float) -> None:
        labels = (queue.limit.owner, queue.limit.name)
        metrics.BUDGET_WAIT_SECONDS.labels(*labels).observe(waited_seconds)
        metrics.BUDGET_TOKENS.labels(*labels).inc()

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
