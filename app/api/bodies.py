"""From raw bytes to changes: parsed and validated once, every mistake named with its place."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from app.api.problems import FieldMistake, Problem, pointer
from app.changes import KINDS
from app.changes.kind import Change, Kind, StateChange
from app.wording import fields_at, rule

MOST_CHANGES = 1000
#: How far the ERP's clock may be ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)
_MINUTES_SHOWN = 120
_MOST_MISTAKES = 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

#: Built once: making an adapter costs more than validating with it.
_ONE: dict[str, TypeAdapter[Change]] = {name: TypeAdapter(kind.change) for name, kind in KINDS.items()}
_MANY: dict[str, TypeAdapter[list[Change]]] = {
    name: TypeAdapter(list[kind.change])  # type: ignore[name-defined]  # a run-time type
    for name, kind in KINDS.items()
}


def read_changes(kind: Kind[Any], body: bytes, now: datetime) -> list[Change]:
    """One object or an array of up to 1,000, whole or not at all; none of them from the future."""
    is_array = body.lstrip()[:1] == b"["
    try:
        # Strict: true is no quantity, and 5 is no date.
        if is_array:
            changes = _MANY[kind.name].validate_json(body, strict=True)
        else:
            changes = [_ONE[kind.name].validate_json(body, strict=True)]
    except ValidationError as error:
        raise _problem(kind, body, error) from None
    if not changes:
        raise _whole("invalid-change", "the array is empty; send at least one change")
    if len(changes) > MOST_CHANGES:
        raise _whole(
            "invalid-change", f"the array has {len(changes)} changes; send at most {MOST_CHANGES} at once"
        )
    if mistakes := list(_from_the_future(changes, now, is_array)):
        raise _refused(mistakes)
    return changes


def _from_the_future(changes: list[Change], now: datetime, is_array: bool) -> Iterator[FieldMistake]:
    """A clock that is ahead would hold off all that is said until its time has come."""
    for place, change in enumerate(changes):
        if isinstance(change, StateChange) and change.occurred_at > now + CLOCK_TOLERANCE:
            where = (place, "occurred_at") if is_array else ("occurred_at",)
            detail = (
                f"occurred_at is {_how_far(change.occurred_at - now)} ahead of our clock"
                f" ({now:%Y-%m-%dT%H:%M:%SZ}), at most 5 minutes are accepted; check the ERP's clock and zone"
            )
            yield FieldMistake(pointer=pointer(where), detail=detail)


def _how_far(ahead: timedelta) -> str:
    minutes = ahead // timedelta(minutes=1)
    return f"{minutes} minutes" if minutes < _MINUTES_SHOWN else f"{ahead // timedelta(hours=1)} hours"


def _whole(slug: str, detail: str) -> Problem:
    return Problem(slug, f"nothing was stored; {detail}", [FieldMistake(pointer="", detail=detail)])


def _problem(kind: Kind[Any], body: bytes, error: ValidationError) -> Problem:
    details = error.errors(include_url=False, include_input=False)
    for each in details:
        if each["type"] == "json_invalid":
            return _whole("invalid-body", _json_mistake(body, each["ctx"]["error"]))
    return _refused([_mistake(kind, each) for each in details])


def _refused(mistakes: list[FieldMistake]) -> Problem:
    shown = mistakes[:_MOST_MISTAKES]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    where = f"{shown[0].pointer}: " if shown[0].pointer else ""
    return Problem("invalid-change", f"nothing was stored; {where}{shown[0].detail}{more}", shown)


def _json_mistake(body: bytes, found: str) -> str:
    if not body.strip():
        return "the body is empty; send a JSON object or an array of them"
    if body.startswith(_BYTE_ORDER_MARK):
        return "the body begins with a byte order mark; send UTF-8 without it"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"the body is not UTF-8 (byte {error.start}); send JSON in UTF-8"
    return f"the body is not valid JSON: {found}"


def _mistake(kind: Kind[Any], error: ErrorDetails) -> FieldMistake:
    location = error["loc"]
    names = [part for part in location if isinstance(part, str)]
    if error["type"] == "extra_forbidden":
        detail = f"{names[-1]} is no field here; the fields are {fields_at(kind.change, location[:-1])}"
    elif names:
        detail = f"{_name(location)} {rule(error)}"
    elif error["type"] == "value_error":
        detail = rule(error)
    else:
        detail = f"each {kind.name} change {rule(error)}"
    return FieldMistake(pointer=pointer(location), detail=detail)


def _name(location: tuple[str | int, ...]) -> str:
    """The last field's name, with the place if it is in an array: `eans[0]`."""
    last = max(place for place, part in enumerate(location) if isinstance(part, str))
    return "".join(f"[{part}]" if place else str(part) for place, part in enumerate(location[last:]))
