"""The pruner: lets go of what ended long ago, a little at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from app import logging, metrics
from app.errors import DatabaseUnavailable
from app.queue.store import Store

log = logging.get(__name__)

#: Rows in one transaction; most events had one attempt, so that both go at once.
_EVENTS, _ATTEMPTS = 400, 600
_KEYS = 1000
#: What was not done when the walk came by is found by the next walk from the beginning.
_FROM_THE_START = timedelta(days=1)

#: Prunes events that were accepted before a moment; whether it is done with all of them.
_Step = Callable[[list[UUID], datetime], Awaitable[bool]]


@dataclass(frozen=True)
class Retention:
    states: timedelta
    facts: timedelta
    #: From the end of one pass to the next.
    every: timedelta
    #: Between two transactions: whoever waits for the database goes first.
    rest: timedelta = timedelta(milliseconds=100)
    #: What is personal in facts: all but ids and amounts.
    personal: timedelta = timedelta(days=90)


@dataclass
class _Walk:
    """Along the events' primary key, oldest first; it goes on where it ended."""

    states: bool
    age: timedelta
    cursor: UUID | None = None
    began: datetime | None = None

    def begin(self, now: datetime) -> None:
        if self.began is None or now - self.began >= _FROM_THE_START:
            self.cursor, self.began = None, now


@dataclass
class Pruner:
    """Any number of them may run at once."""

    store: Store
    retention: Retention
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        # Apart, for the facts are younger where the states' walk ends.
        self._walks = [_Walk(True, self.retention.states), _Walk(False, self.retention.facts)]
        self._contents = _Walk(False, self.retention.personal)

    async def run(self) -> None:
        """A pass now and then, until `stop`; an outage of the database is waited for."""
        while not self._stopping.is_set():
            try:
                await self.prune()
            except DatabaseUnavailable as error:
                log.error("database.unavailable", error=str(error))
            await self._rest(self.retention.every)

    def stop(self) -> None:
        self._stopping.set()

    async def prune(self) -> None:
        """One pass, until nothing is old enough or `stop`."""
        for walk in self._walks:
            walk.begin(self.store.clock())
            await self._walk(walk, partial(self._events, states=walk.states))
        if self.store.personal.kept:
            self._contents.begin(self.store.clock())
            await self._walk(self._contents, self._content)
        while not self._stopping.is_set():
            keys = await self.store.pruning.idempotency_keys(_KEYS)
            metrics.ROWS_PRUNED.labels("idempotency_key").inc(keys)
            if keys < _KEYS:
                break
            await self._rest(self.retention.rest)

    async def _walk(self, walk: _Walk, prune: _Step) -> None:
        """From where the last pass came to, until what is left is too young."""
        before = self.store.clock() - walk.age
        while not self._stopping.is_set():
            seen = await self.store.pruning.events_from(walk.cursor, _EVENTS)
            old = [place.id for place in seen if place.accepted_at < before]
            if not old:
                return
            if await prune(old, before):
                walk.cursor = old[-1]
                if len(old) < _EVENTS:
                    return
            await self._rest(self.retention.rest)

    async def _events(self, old: list[UUID], before: datetime, *, states: bool) -> bool:
        """Whether all of them are done."""
        pruned = await self.store.pruning.events(old, _ATTEMPTS, states=states, before=before)
        metrics.ROWS_PRUNED.labels("event").inc(pruned.events)
        metrics.ROWS_PRUNED.labels("attempt").inc(pruned.attempts)
        return not pruned.more

    async def _content(self, old: list[UUID], before: datetime) -> bool:
        stripped = await self.store.contents.prune(old, before)
        metrics.ROWS_PRUNED.labels("content").inc(stripped.events)
        return True

    async def _rest(self, duration: timedelta) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), duration.total_seconds())
