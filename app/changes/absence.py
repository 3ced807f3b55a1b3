"""What VTEX does not have, remembered shortly: all that waits for it would ask at each check."""

import random
import time
from collections.abc import Callable

_MOST = 100_000


class Absences:
    """(kind, code) of one connection that a look-up did not find. Never ask it before a create."""

    def __init__(
        self,
        *,
        life_seconds: float = 60.0,
        most: int = _MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._life_seconds = life_seconds
        self._most = most
        self._clock = clock
        #: Until when it is believed; those noted first stand first.
        self._until: dict[tuple[str, str], float] = {}

    def know(self, kind: str, code: str) -> bool:
        until = self._until.get((kind, code))
        if until is not None and until <= self._clock():
            del self._until[kind, code]
            return False
        return until is not None

    def note(self, kind: str, code: str) -> None:
        self._until.pop((kind, code), None)
        if len(self._until) >= self._most:
            del self._until[next(iter(self._until))]
        # What was asked together is not asked together again.
        life = self._life_seconds * random.uniform(0.75, 1.25)  # nosec B311  # noqa: S311  no secret
        self._until[kind, code] = self._clock() + life
