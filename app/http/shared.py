"""What all replicas share about the other sides: the door gets its keeper as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.http.bucket import NONE_RETURNED, Lease, Returned
from app.http.limits import Limit


class Cause(StrEnum):
    #: It asked to slow down, until a time.
    THROTTLED = "throttled"
    #: It failed several times in a row.
    FAILING = "failing"
    #: It refused the keys.
    UNAUTHORIZED = "unauthorized"
    #: The key lacks a permission.
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Pause:
    """`scope` is an API, `vtex` for all of VTEX's, or `API/operation`."""

    connection: str
    scope: str
    cause: Cause
    #: What happened, as the end of a sentence.
    said: str
    #: In seconds of the database's clock.
    until: float
    #: How often in a row it was paused again by a failed probe.
    trips: int = 0
    #: Until when somebody's probe has the word.
    probe_until: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """All pauses, and the adaptive limits that are in force as (owner, name)."""

    now: float
    pauses: tuple[Pause, ...] = ()
    limited: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Want:
    limit: Limit
    wanted: int
    returned: Returned = NONE_RETURNED
    #: Credits that the other side said it has left.
    remaining: float | None = None


class Paces(Protocol):
    """Each is one short transaction; DatabaseUnavailable may come from all."""

    async def lease(self, wants: Sequence[Want]) -> list[Lease | None]:
        """Tokens for each want; None where the limit is adaptive and nothing limits it now."""

    async def standing(self) -> Standing:
        """What holds now, for all connections."""

    async def pause(self, pause: Pause, seconds: float, emptied: Sequence[Limit] = ()) -> Pause:
        """Pause for at least so long from now (`pause.until` is not read), and empty the buckets."""

    async def probe(self, connection: str, scope: str, seconds: float) -> bool:
        """Whether the pause is over and we alone may try, for so long."""

    async def resume(self, connection: str, scope: str) -> None:
        """The probe came through."""

    async def limit(self, limits: Sequence[Limit], per_second: float) -> None:
        """Slow the adaptive ones down: to half of their rate, or to this one if they have none."""
