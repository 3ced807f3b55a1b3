"""From raw bytes to changes: parsed and validated once, every mistake named with its place."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from app.api.problems import FieldMistake, Problem, pointer
from app.changes import KINDS
from app.changes.kind import Change, Kind

MOST_CHANGES = 1000
_MOST_MISTAKES = 100


#: Built once: making an adapter costs more than validating with it.
_ONE: dict[str, TypeAdapter[Change]] = {name: TypeAdapter(kind.change) for name, kind in KINDS.items()}
_MANY: dict[str, TypeAdapter[list[Change]]] = {
    name: TypeAdapter(list[kind.change])  # type: ignore[name-defined]  # a run-time type
    for name, kind in KINDS.items()
}


def read_changes(kind: Kind[Any], body: bytes) -> list[Change]:
    """One object or an array of up to 1,000, whole or not at all."""
    is_array = body.lstrip()[:1] == b"["
    try:
        changes = _MANY[kind.name].validate_json(body) if is_array else [_ONE[kind.name].validate_json(body)]
    except ValidationError as error:
        raise _problem(kind, body, error) from None
    if not changes:
        raise _whole("invalid-change", "the array is empty; send at least one change")
    if len(changes) > MOST_CHANGES:
        raise _whole(
            "invalid-change", f"the array has {len(changes)} changes; send at most {MOST_CHANGES} at once"
        )
    return changes


def _whole(slug: str, detail: str) -> Problem:
    return Problem(slug, detail, [FieldMistake(pointer="", detail=detail)])


def _problem(kind: Kind[Any], body: bytes, error: ValidationError) -> Problem:
    details = error.errors(include_url=False, include_input=False)
    if any(each["type"] == "json_invalid" for each in details):
        return _whole("invalid-body", f"the body is not valid JSON: {_json_mistake(body)}")
    mistakes = [_mistake(kind, each) for each in details]
    shown = mistakes[:_MOST_MISTAKES]
    more = f" (and {len(mistakes) - len(shown)} more)" if len(mistakes) > len(shown) else ""
    first = f"{shown[0].pointer or 'body'}: {shown[0].detail}"
    return Problem("invalid-change", f"nothing was stored; {first}{more}", shown)


def _json_mistake(body: bytes) -> str:
    """The standard parser names line and column."""
    try:
        json.loads(body)
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except (ValueError, RecursionError) as error:
        return str(error)
    return "it cannot be parsed"


_FIXES = {
    "missing": "is required; add it",
    "finite_number": "must be a finite number",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "timezone_aware": "must have a time zone, such as 2026-01-31T10:00:00Z or …-03:00",
}


def _mistake(kind: Kind[Any], error: ErrorDetails) -> FieldMistake:
    location, name = error["loc"], error["loc"][-1] if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        known = ", ".join(kind.change.model_fields)
        detail = f"{name} is no field of {kind.name}; its fields are {known}"
    elif error["type"] in _FIXES:
        detail = f"{name} {_FIXES[error['type']]}".strip()
    else:
        message = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
        detail = f"{name} {message}".strip() if message.startswith("should") else message
    return FieldMistake(pointer=pointer(location), detail=detail)
