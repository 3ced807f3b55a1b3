"""Reading VTEX's order: nothing that it leaves out, sends as null or in another type may stop an order."""

import re
from decimal import Decimal
from typing import Any

Record = dict[str, Any]
#: More digits are no amount and no quantity; turned into an integer they could fill the memory.
_MOST_DIGITS = 30
_LARGEST_ID = 2**63
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def record(parent: Record, name: str) -> Record:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def records(parent: Record, name: str) -> list[Record]:
    value = parent.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Numbers as they are written; PostgreSQL stores no NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(plain(value))
    return None


def texts(parent: Record, name: str) -> list[str]:
    value = parent.get(name)
    found = [text(each) for each in value] if isinstance(value, list) else []
    return [each for each in found if each is not None]


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    number = _number(value)
    if number is None or number != number.to_integral_value() or abs(number) >= _LARGEST_ID:
        return None
    return int(number)


def quantity(value: Any) -> int | str | None:
    number = _number(value)
    return None if number is None else _exact(number)


def money(cents: Any) -> str | None:
    """Integer cents as decimal currency; a fraction of a cent keeps its digits."""
    number = _number(cents)
    if number is None:
        return None
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    # Written, not calculated: no context may round it.
    written = format(Decimal((sign, digits, exponent - 2)), "f")
    whole_part, _, fraction = written.partition(".")
    return f"{whole_part}.{fraction.rstrip('0').ljust(2, '0')}"


def plain(value: Any) -> Any:
    """Anything, as JSON that holds no float, no NUL and no NaN."""
    if isinstance(value, dict):
        return {name.replace("\x00", ""): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Decimal):
        number = _number(value)
        return str(value) if number is None else _exact(number)
    return value


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        # Decimal itself would read 1_1 as eleven.
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    number = Decimal(value)
    if not number.is_finite():
        return None
    is_short = len(number.as_tuple().digits) <= _MOST_DIGITS and abs(number.adjusted()) <= _MOST_DIGITS
    return number if is_short else None


def _exact(number: Decimal) -> int | str:
    return int(number) if number == number.to_integral_value() else format(number, "f")
