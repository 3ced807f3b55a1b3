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

    def said(self, most: int = _SHOWN_CHARACTERS) -> str:
        """The body for a person: one line, cut, without secrets."""
        return self.shown(self.text, most)

    def shown(self, text: str, most: int = _SHOWN_CHARACTERS) -> str:
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


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """Also where a secret comes back as a URL or as JSON writes it."""
    for secret in filter(None, secrets):
        for written in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(written, "[redacted]")
    return text.replace("\x00", "")
