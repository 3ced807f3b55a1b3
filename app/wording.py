"""What pydantic found wrong, said as the rule that was broken: it names the fix."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_TEXT = "must be text in quotes"
_WHOLE = "must be a whole number, such as 25, without quotes and decimals"
_NUMBER = 'must be a number, such as 110.00 or "110.00"'
_SWITCH = "must be true or false"
_OBJECT = "must be an object"
_MOMENT = "must be a date and time with its zone, such as 2026-01-31T10:00:00Z or 2026-01-31T07:00:00-03:00"
_ADDRESS = "must be a complete address, such as https://example.com/page"
_ID = "must be an id, such as 01936f3e-7a1c-7cc3-98c4-dc0c0c07398f"
_CHOICE = "must be {expected}"

_RULES = {
    "missing": "is required; add it",
    "string_type": _TEXT,
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the decimal point",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "list_type": "must be an array",
    "frozen_set_type": 'must be an array, such as ["name"]',
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "too_short": "must have at least {min_length}",
    "too_long": "must have at most {max_length}",
    "timezone_aware": _MOMENT,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_syntax_violation": _ADDRESS,
    "url_scheme": "must begin with http:// or https://",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
}
_PATTERN = re.compile(r"\^(?:\[(?P<first>[^]]+)])?\[(?P<rest>[^]]+)]\{(?P<least>\d+),(?P<most>\d+)}\$")
_CHARACTERS = {"A-Za-z": "letters", "a-z": "small letters", "A-Z": "capital letters", "0-9": "digits"}


def rule(error: ErrorDetails) -> str:
    """To be read after the field's name: "must have at most 50 characters"."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _pattern(context["pattern"])
    if kind in {"too_short", "too_long"}:
        return _length(kind, context)
    if kind == "string_too_short" and context["min_length"] == 1:
        return "must not be empty"
    if kind in _RULES:
        return _RULES[kind].format(**context)
    return error["msg"].removeprefix("Value error, ").replace("Input should", "should")


def fields_at(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """The fields that may stand at a place, for a mistake about one that may not."""
    is_name = False
    for part in location:
        if isinstance(part, int) or is_name:
            is_name = False
            continue
        annotation = model.model_fields[part].annotation
        is_name = get_origin(annotation) is dict
        model = next(_models(annotation))
    # What every kind has stands behind the kind's own.
    own = inspect.get_annotations(model)
    return ", ".join(sorted(model.model_fields, key=lambda name: name not in own))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within a field's type, such as FixedPrice in list[FixedPrice] | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _length(kind: str, context: dict[str, Any]) -> str:
    if kind == "too_short" and context["min_length"] == 1:
        return "must not be empty"
    unit = "items" if context.get("field_type") == "List" else "characters"
    return f"{_RULES[kind].format(**context)} {unit}"


def _pattern(pattern: str) -> str:
    known = _PATTERN.fullmatch(pattern)
    if known is None:
        return f"must match the pattern {pattern}"
    spare = 1 if known["first"] else 0
    rest = _characters(known["rest"])
    words = (
        f"must be {int(known['least']) + spare} to {int(known['most']) + spare} characters long, of {rest}"
    )
    return f"{words}, and begin with {_characters(known['first'])}" if known["first"] else words


def _characters(allowed: str) -> str:
    words = []
    for characters, name in _CHARACTERS.items():
        if characters in allowed:
            words.append(name)
            allowed = allowed.replace(characters, "")
    words += list(allowed)
    return " ".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"  # noqa: PLR2004
