"""The shapes of catalogue records: which fields, of which type, and what an omitted one becomes."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from app.sandbox.wire import Record, RefusedError, is_integer, is_number


def is_date(value: object) -> bool:
    try:
        datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


TYPES: dict[str, Callable[[object], bool]] = {
    "int": is_integer,
    "number": is_number,
    "bool": lambda value: isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "date": is_date,
    "list[str]": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
}


@dataclass(frozen=True)
class Field:
    type: str
    #: What the field becomes when it is omitted or null; booleans become false.
    default: object = None
    required: bool = False
    max_length: int = 0
    one_of: frozenset[str] = frozenset()


def conform(body: Mapping[str, object], fields: Mapping[str, Field]) -> Record:
    """Read a whole record from a body: what it omits is erased (VTEX Catalog API: PUT replaces).

    Unknown keys pass unnoticed, as in VTEX.
    """
    return {name: _value(name, body.get(name), field) for name, field in fields.items()}


def _value(name: str, value: object, field: Field) -> object:
    if value is None:
        if field.required:
            raise RefusedError(400, f"{name} is required")
        return list(field.default) if isinstance(field.default, list) else field.default
    if not TYPES[field.type](value):
        raise RefusedError(400, f"{name} must be {field.type}")
    if isinstance(value, str):
        _check_text(name, value, field)
    return {"number": decimal, "date": date_time}.get(field.type, _as_sent)(value)


def _as_sent(value: object) -> object:
    return value


def date_time(value: object) -> str:
    """VTEX answers dates in UTC to the second and without a zone, whatever was sent."""
    moment = datetime.fromisoformat(str(value))
    moment = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds")


def _check_text(name: str, value: str, field: Field) -> None:
    if value != value.rstrip():
        # VTEX known issue: a blank at the end of a string is refused without a word.
        raise RefusedError(400)
    if field.max_length and len(value) > field.max_length:
        raise RefusedError(400, f"{name} must have at most {field.max_length} characters")
    if field.one_of and value not in field.one_of:
        raise RefusedError(400, f"{name} must be one of {', '.join(sorted(field.one_of))}")
    if field.required and not value:
        raise RefusedError(400, f"{name} is required")


def decimal(value: object) -> Decimal:
    """VTEX answers measures with a fraction even when it is zero: 550 comes back as 550.0."""
    number = Decimal(str(value))
    return number.quantize(Decimal("1.0")) if number == number.to_integral_value() else number.normalize()


def slug(text: str) -> str:
    """LinkId as VTEX makes it from a name: lower case, no accents, hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def check_new_id(body: Mapping[str, object], taken: Mapping[int, Record]) -> int | None:
    """The caller's own Id, if it sent one: positive, an int32, and free."""
    number = body.get("Id")
    if number is None:
        return None
    if not is_integer(number) or number < 1:
        raise RefusedError(400, "Id must be a positive integer")
    if number in taken:
        raise RefusedError(409, f"Id {number} already exists")
    return number
