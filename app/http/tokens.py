"""The tokens of one limit in this process, and who waits for them."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from app.http.bucket import NONE_RETURNED, Lease, Quota, Returned
from app.http.limits import Limit
from app.http.shared import Want

_RECENT_SECONDS = 1.0
_SHORT_SECONDS = 2.0
#: Stands in for an adaptive limit's own figures, which only the database knows.
_UNKNOWN = Quota(600, 10)


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

    def is_ready(self, now: float) -> bool:
        """Whether a token may be spent now."""
        while self.tokens and self.tokens[0].until < now:
            self.give_back(self.tokens.popleft())
        return bool(self.tokens) and self.tokens[0].ready_at <= now

    def spend(self, now: float) -> Token | None:
        if not self.is_ready(now):
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
