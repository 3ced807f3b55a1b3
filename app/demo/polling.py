"""Waiting for a condition, with a deadline and a clear word when it passes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_INTERVAL_SECONDS = 0.03
DEADLINE_SECONDS = 20.0


class Stuck(Exception):
    """The play cannot go on; the message says what it waited for and what it saw instead."""


def until(
    condition: Callable[[], T | None],
    what: str,
    *,
    seen: Callable[[], str] = str,
    seconds: float = DEADLINE_SECONDS,
) -> T:
    """The condition's first answer that is true; Stuck after the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Stuck(f"waited {seconds:g} s for {what}; {seen()}".removesuffix("; "))
        time.sleep(_INTERVAL_SECONDS)
    return found
