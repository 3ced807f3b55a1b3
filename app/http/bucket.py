"""The arithmetic of a shared token bucket: pure, in tokens and seconds of the database's clock."""

import math
from dataclasses import dataclass

#: How far ahead tokens are promised: one lease serves the queue of a busy process for so long.
AHEAD_SECONDS = 0.5
#: Tokens are spent at most so late, and a request may travel as long again.
_LONGEST_SLACK_SECONDS = 2.0
#: What we leave unused, for clocks that run a little differently.
_USED = 0.99
#: A count per minute has no credits: so much of it is kept for bursts and late arrivals.
_BURST_SHARE = 0.03
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What the other side allows, and what of it we use.

    `burst` requests beyond the rate may come at once, and are earned back at the rate; without it the other
    side counts requests per minute. Our bucket is smaller than theirs by what may arrive late: whatever
    `capacity + rate · t` tokens are spent up to `slack` seconds after their time, no window of theirs
    overflows.
    """

    per_minute: float
    burst: int | None = None

    @property
    def _allowance(self) -> float:
        return self.burst if self.burst is not None else max(2.0, self.per_minute * _BURST_SHARE)

    @property
    def rate(self) -> float:
        """Tokens per second."""
        if self.burst is not None:
            return self.per_minute * _USED / _MINUTE
        return max(self.per_minute - self._allowance, self.per_minute / 2) / _MINUTE

    @property
    def slack(self) -> float:
        return min(_LONGEST_SLACK_SECONDS, self._allowance / (2 * self.rate))

    @property
    def capacity(self) -> float:
        return self._allowance - self.rate * self.slack

    @property
    def life(self) -> float:
        """Seconds for which a token may be spent; the rest of the slack is the request's way."""
        return self.slack / 2


@dataclass(frozen=True, slots=True)
class Level:
    """What is in the bucket at a moment; below zero is what was promised ahead."""

    tokens: float
    at: float
    #: When it was full last and what it earned was lost.
    full_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Returned:
    """Tokens that were leased, at this moment or later, and not spent."""

    tokens: int = 0
    leased_at: float = float("inf")


NONE_RETURNED = Returned()


@dataclass(frozen=True, slots=True)
class Lease:
    #: By the database's clock.
    at: float
    #: Seconds from now at which each token may be spent, ascending.
    ready_in: tuple[float, ...]
    #: Seconds after which more can be had.
    again_in: float


def lease(
    level: Level,
    quota: Quota,
    now: float,
    wanted: int,
    *,
    returned: Returned = NONE_RETURNED,
    remaining: float | None = None,
) -> tuple[Level, Lease]:
    """Take up to `wanted` tokens.

    `remaining`: credits that the other side said it has left; others may spend from them too.
    """
    # A clock that was set back earns nothing, and loses nothing later.
    earned = max(0.0, now - level.at) * quota.rate
    # If the bucket was full since, it has earned them anew: given back as well, they would count twice.
    back = returned.tokens if returned.leased_at >= level.full_at else 0
    tokens = level.tokens + earned + back
    full_at = now if tokens >= quota.capacity else level.full_at
    tokens = min(tokens, quota.capacity)
    if remaining is not None:
        tokens = min(tokens, max(0.0, remaining))
    ahead = quota.rate * AHEAD_SECONDS
    granted = max(0, min(wanted, math.floor(tokens + ahead)))
    ready_in = tuple(max(0.0, (place - tokens) / quota.rate) for place in range(1, granted + 1))
    left = tokens - granted
    again_in = max(0.0, (1 - left - ahead) / quota.rate)
    return Level(left, now, full_at), Lease(now, ready_in, max(again_in, AHEAD_SECONDS / 4))


def growing(base: float, cap: float, times: int) -> float:
    """base, 2 · base, 4 · base, … up to cap."""
    return min(cap, base * 2.0 ** min(times, 30))
