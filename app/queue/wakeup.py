"""What may have become due in this process: the dispatcher looks no more often than it has to."""

import asyncio
from collections import Counter
from collections.abc import Iterable

from app.queue.lanes import NewEvent

#: A connection, a priority and a kind.
StreamName = tuple[str, int, str]


class Wakeup:
    """`set` asks for a look at all that is due; what was accepted here is known without one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._accepted: Counter[StreamName] = Counter()
        self._must_look = True

    def set(self) -> None:
        self._must_look = True
        self._event.set()

    def accepted(self, connection: str, events: Iterable[NewEvent]) -> None:
        for event in events:
            self._accepted[connection, event.priority, event.kind] += 1
        self._event.set()

    def take(self) -> Counter[StreamName] | None:
        """What was accepted since the last time; None if that may not be all that is due."""
        accepted, self._accepted = self._accepted, Counter()
        must_look, self._must_look = self._must_look, False
        return None if must_look else accepted

    def is_set(self) -> bool:
        return self._event.is_set()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self) -> None:
        await self._event.wait()
