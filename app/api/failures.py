"""Failed authentications, counted by address: who fails too often is held up, whoever is known is not."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

from starlette.types import Scope

from app import metrics
from app.api.problems import Problem

_MINUTE = 60.0
#: Addresses that are remembered; beyond that the one that failed longest ago is forgotten.
MOST_ADDRESSES = 10_000
#: A network of IPv6 is one host's: it has 2^64 addresses to fail from.
_IPV6_PREFIX = 64
_LONGEST_ADDRESS = 64


class Failures:
    """Of this process; bounded, and empty as long as nobody fails."""

    def __init__(self, per_minute: int = 20, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = per_minute, clock
        #: Address → how often it failed, and when that is forgotten; who failed last stands last.
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def addresses(self) -> int:
        return len(self._counts)

    def count(self, scope: Scope, cause: str, refusal: Problem) -> Problem:
        """What to answer to one more failure."""
        metrics.AUTHENTICATIONS_FAILED.labels(cause).inc()
        place, now = _place(_address(scope)), self._clock()
        times, until = self._counts.pop(place, (0, 0.0))
        if until <= now:
            times, until = 0, now + _MINUTE
        self._counts[place] = times + 1, until
        if len(self._counts) > MOST_ADDRESSES:
            self._counts.popitem(last=False)
        return _held_up(until - now) if times >= self._most else refusal

    def held_up(self, scope: Scope) -> float:
        """For how many seconds nothing unknown from there is looked at; 0 as a rule."""
        if not self._counts:
            return 0.0
        times, until = self._counts.get(_place(_address(scope)), (0, 0.0))
        return max(0.0, until - self._clock()) if times >= self._most else 0.0

    def hold_up(self, seconds: float) -> Problem:
        metrics.AUTHENTICATIONS_FAILED.labels("held_up").inc()
        return _held_up(seconds)


def _address(scope: Scope) -> str:
    """The peer's, or what a trusted proxy says of it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


@lru_cache(MOST_ADDRESSES)
def _place(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # A proxy's own word, or a socket without an address.
        return address[:_LONGEST_ADDRESS]
    if parsed.version == 4:  # noqa: PLR2004
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))


def _held_up(seconds: float) -> Problem:
    detail = (
        "too many requests from this address carried no valid key or signature; wait and send a valid one"
    )
    return Problem("too-many-failures", detail, headers={"Retry-After": str(math.ceil(seconds))})
