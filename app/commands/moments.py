"""Moments and durations, as an operator writes them."""

import re
from datetime import UTC, datetime, timedelta

import typer

_DURATION = re.compile(r"(\d{1,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or not int(found[1]):
        raise typer.BadParameter("write a number and s, m, h, d or w, such as 90d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def moment(text: str) -> datetime:
    """In this machine's zone, unless it names one."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("write a moment such as 2027-01-31 or 2027-01-31T10:00:00Z") from None


def since(text: str) -> datetime:
    """A moment, or so long ago."""
    return datetime.now(UTC) - duration(text) if _DURATION.fullmatch(text) else moment(text)
