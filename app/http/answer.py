"""What the other side answered, without our secrets where it is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

_SHOWN_CHARACTERS = 300
#: A longer Retry-After is a mistake of the other side; it must not park a change for ever.
_LONGEST_PAUSE = timedelta(days=1)
_LONGEST_RESET_SECONDS = 3600
_LONGEST_FIGURE = 12


@dataclass(frozen=True, slots=True)
class Credits:
    """What the other side says of its own quota."""

    limit: int
    remaining: int
    #: How fast credits come back; None where it cannot be told.
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Named as zeep's codec reads it."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str = "utf-8"
    #: Values that must never be kept or logged, should the other side echo them.
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, "replace")

    def shown(self, text: str, most: int = _SHOWN_CHARACTERS) -> str:
        """A part of it for a person: one line, cut, without secrets."""
        return " ".join(redacted(text, self.secrets).split())[:most]

    def retry_after(self) -> timedelta | None:
        """Retry-After as seconds or as an HTTP date; None if absent or unreadable."""
        value = (self.headers.get("retry-after") or "").strip()
        if value.isascii() and value.isdigit():
            # Cut to what a timedelta can hold.
            return min(timedelta(seconds=int(value[:9])), _LONGEST_PAUSE)
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return min(max(timedelta(0), moment - datetime.now(UTC)), _LONGEST_PAUSE)

    def credits(self) -> Credits | None:
        """`Ratelimit-*` or `X-RateLimit-*`; Reset: seconds until all are back (VTEX's Pricing API)."""
        if (limit := self._ratelimit("limit")) is None or (remaining := self._ratelimit("remaining")) is None:
            return None
        reset = self._ratelimit("reset")
        # A longer one is a moment, as some other guide has it, and tells no rate.
        told = reset is not None and 0 < reset <= _LONGEST_RESET_SECONDS and remaining < limit
        return Credits(limit, remaining, (limit - remaining) / reset if told and reset else None)

    def _ratelimit(self, name: str) -> int | None:
        value = self.headers.get(f"ratelimit-{name}") or self.headers.get(f"x-ratelimit-{name}") or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _LONGEST_FIGURE else None


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """Also where a secret comes back as a URL or as JSON writes it."""
    for secret in filter(None, secrets):
        for written in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(written, "[redacted]")
    return text.replace("\x00", "")
