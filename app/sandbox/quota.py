"""The published quota of the Pricing API: a rate per second with burst credits."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """Requests above the rate burn credits; idle time refills them at the same rate."""

    per_minute: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    credits: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self.credits = float(self.burst)
        self._at = self.clock()

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether the request may pass, and the headers that say so."""
        now, rate = self.clock(), self.per_minute / 60
        self.credits = min(float(self.burst), self.credits + (now - self._at) * rate)
        self._at = now
        passed = self.credits >= 1
        if passed:
            self.credits -= 1
        headers = {
            "Ratelimit-Limit": str(self.burst),
            "Ratelimit-Remaining": str(int(self.credits)),
            "Ratelimit-Reset": str(math.ceil((self.burst - self.credits) / rate)),
        }
        if not passed:
            headers["Retry-After"] = str(max(1, math.ceil((1 - self.credits) / rate)))
        return passed, headers


@dataclass
class PricingQuota:
    """VTEX Pricing API: writes 2,000 a minute with 500 credits, DELETE 1,000 with 300; reads are free."""

    writes: Bucket = field(default_factory=lambda: Bucket(2000, 500))
    deletes: Bucket = field(default_factory=lambda: Bucket(1000, 300))

    def bucket(self, method: str) -> Bucket | None:
        if method == "DELETE":
            return self.deletes
        return self.writes if method in {"PUT", "POST", "PATCH"} else None
