"""What this process knows of the shared pauses: at most a second old, its own changes at once."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace

from app import metrics
from app.http.limits import Limit
from app.http.shared import Cause, Paces, Pause, Standing

_FRESH_SECONDS = 1.0
#: Somebody else's probe is under way: look again so soon.
_PROBED_SECONDS = 1.0


class Pauses:
    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._pauses: dict[tuple[str, str], Pause] = {}
        self._limited: frozenset[tuple[str, str]] = frozenset()
        self._read_at = float("-inf")
        #: The database's clock minus ours.
        self._ahead = 0.0
        self._changes = 0
        self._reading = asyncio.Lock()
        self._shown: set[tuple[str, str, str]] = set()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._pauses)

    async def refresh(self) -> None:
        if time.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        async with self._reading:
            while time.monotonic() - self._read_at >= _FRESH_SECONDS:
                changes = self._changes
                standing = await self._paces.standing()
                # What was read before a change of ours must not undo it.
                if changes == self._changes:
                    self._take(standing)

    def find(self, connection: str, scope: str) -> Pause | None:
        return self._pauses.get((connection, scope))

    def seconds_left(self, pause: Pause) -> float:
        """Until it may be tried; zero or less: now. While a probe is under way, others stay out."""
        return max(pause.until, pause.probe_until or 0.0) - self._now()

    def is_limited(self, limit: Limit) -> bool:
        """Fixed quotas always; adaptive ones while a complaint is remembered."""
        return limit.quota is not None or (limit.owner, limit.name) in self._limited

    def resting(self) -> frozenset[tuple[str, str]]:
        """(connection, scope) to which nothing goes at the moment."""
        return frozenset(key for key, pause in self._pauses.items() if self.seconds_left(pause) > 0)

    def of(self, connection: str) -> list[tuple[Pause, float]]:
        """What rests for this connection, and for how many seconds."""
        mine = [pause for pause in self._pauses.values() if pause.connection == connection]
        return [(pause, left) for pause in mine if (left := self.seconds_left(pause)) > 0]

    async def begin(self, pause: Pause, seconds: float, emptied: Iterable[Limit] = ()) -> None:
        """Known here at once, whatever becomes of the database."""
        self._know(replace(pause, until=self._now() + seconds))
        metrics.BREAKER_TRANSITIONS.labels(pause.connection, pause.scope, "paused").inc()
        self._know(await self._paces.pause(pause, seconds, tuple(emptied)))

    async def probe(self, pause: Pause, seconds: float) -> bool:
        """Whether we alone may try it."""
        ours = await self._paces.probe(pause.connection, pause.scope, seconds)
        self._know(replace(pause, probe_until=self._now() + (seconds if ours else _PROBED_SECONDS)))
        if ours:
            metrics.BREAKER_TRANSITIONS.labels(pause.connection, pause.scope, "probing").inc()
        else:
            # Perhaps it ended already: the next one looks.
            self._read_at = min(self._read_at, time.monotonic() - _FRESH_SECONDS + 0.1)
        return ours

    async def end(self, connection: str, scope: str) -> None:
        self._changes += 1
        self._pauses.pop((connection, scope), None)
        self._show()
        metrics.BREAKER_TRANSITIONS.labels(connection, scope, "closed").inc()
        await self._paces.resume(connection, scope)
        self._changes += 1

    def limit_too(self, limits: Iterable[Limit]) -> None:
        self._changes += 1
        self._limited |= {(limit.owner, limit.name) for limit in limits}

    def _now(self) -> float:
        return time.monotonic() + self._ahead

    def _know(self, pause: Pause) -> None:
        self._changes += 1
        self._pauses[pause.connection, pause.scope] = pause
        self._show()

    def _take(self, standing: Standing) -> None:
        self._read_at = time.monotonic()
        self._ahead = standing.now - self._read_at
        self._pauses = {(pause.connection, pause.scope): pause for pause in standing.pauses}
        self._limited = standing.limited
        self._show()

    def _show(self) -> None:
        """A throttled API ends its pause by itself; the others when a probe came through."""
        paused = {
            (pause.connection, pause.scope, pause.cause.value)
            for pause in self._pauses.values()
            if pause.cause is not Cause.THROTTLED or self.seconds_left(pause) > 0
        }
        for labels in paused - self._shown:
            metrics.API_PAUSED.labels(*labels).set(1)
        for labels in self._shown - paused:
            metrics.API_PAUSED.labels(*labels).set(0)
        self._shown = paused
