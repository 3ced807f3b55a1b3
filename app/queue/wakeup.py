"""What may have become due in this process: the dispatcher looks no more often than it has to."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.queue.lanes import NewEvent

#: A connection, a priority and a kind.
StreamName = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Hint:
    #: What was accepted here since the last time; None if that may not be all that is due.
    accepted: Counter[StreamName] | None
    #: Something happened that an earlier look cannot know of.
    is_news: bool


class Wakeup:
    """`set` asks for a look at all that is due; what was accepted here is known without one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._accepted: Counter[StreamName] = Counter()
        self._must_look = True
        self._is_news = True

    def set(self) -> None:
        self.missed()
        self._event.set()

    def missed(self) -> None:
        """The next look is at everything, whenever it is."""
        self._must_look = self._is_news = True

    def again(self) -> None:
        """The look that was just taken does not suffice, though nothing is new."""
        self._must_look = True
        self._event.set()

    def accepted(self, connection: str, events: Iterable[NewEvent]) -> None:
        for event in events:
            self._accepted[connection, event.priority, event.kind] += 1
        self._event.set()

    def take(self) -> Hint:
        hint = Hint(None if self._must_look else self._accepted, is_news=self._is_news)
        self._accepted, self._must_look, self._is_news = Counter(), False, False
        return hint

    def is_set(self) -> bool:
        return self._event.is_set()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self) -> None:
        await self._event.wait()
