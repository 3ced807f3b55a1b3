"""What the other side said, as a database can hold it."""

import re
from dataclasses import replace
from typing import Any

from app.queue.lanes import Outcome

#: What neither JSONB nor UTF-8 can hold: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(outcome: Outcome) -> Outcome:
    attempt = outcome.attempt and replace(outcome.attempt, calls=_readable(outcome.attempt.calls))
    return replace(outcome, reason=_readable(outcome.reason), attempt=attempt)


def _readable(value: Any) -> Any:
    """The other side's answers may hold characters that a database refuses."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if isinstance(value, dict):
        return {_readable(name): _readable(each) for name, each in value.items()}
    return value
