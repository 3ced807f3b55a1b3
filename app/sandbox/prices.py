"""A SKU's price: two of three figures given, the third derived, and the fixed prices beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.sandbox.wire import Record, RefusedError, is_integer, is_number

HUNDRED = Decimal(100)
CENT = Decimal("0.01")
FIGURES = ("basePrice", "costPrice", "markup")


@dataclass
class Price:
    """Figures are None only while a SKU has fixed prices and nothing else."""

    base: Decimal | None = None
    cost: Decimal | None = None
    markup: Decimal | None = None
    list_price: Decimal | None = None
    fixed: list[Record] = field(default_factory=list)

    def dump(self, item_id: str) -> Record:
        """As VTEX answers it: listPrice is null when there is none, markup is a percentage."""
        figures = {"listPrice": self.list_price, "costPrice": self.cost, "markup": self.markup}
        return {"itemId": item_id, **figures, "basePrice": self.base, "fixedPrices": self.fixed}

    def selling(self, quantity: int, moment: datetime) -> Decimal | None:
        """What trade policy 1 sells for: a fixed price in force overrides the base price."""
        valid = [
            entry
            for entry in self.fixed
            if entry["tradePolicyId"] == "1" and entry["minQuantity"] <= quantity and _in_force(entry, moment)
        ]
        best = max(valid, key=lambda entry: int(entry["minQuantity"]), default=None)
        return self.base if best is None else Decimal(best["value"])


def read_price(body: Mapping[str, object]) -> Price:
    """VTEX Pricing API: exactly two of basePrice, costPrice and markup; markup in percent."""
    given = [name for name in FIGURES if name in body]
    if len(given) != 2:
        raise RefusedError(400, "Send exactly two of basePrice, costPrice and markup")
    base, cost, markup = (_number(body, name) if name in given else None for name in FIGURES)
    if base is not None and cost is not None:
        markup = ((base / cost - 1) * HUNDRED).quantize(CENT) if cost else Decimal(0)
    elif cost is not None and markup is not None:
        base = (cost * (1 + markup / HUNDRED)).quantize(CENT)
    elif base is not None and markup is not None:
        if markup == -HUNDRED:
            raise RefusedError(400, "markup must be greater than -100")
        cost = (base / (1 + markup / HUNDRED)).quantize(CENT)
    list_price = _number(body, "listPrice") if "listPrice" in body else None
    return Price(base, cost, _plain(markup), list_price, read_fixed(body.get("fixedPrices", [])))


def read_fixed(body: object, table: str | None = None) -> list[Record]:
    if not isinstance(body, list):
        raise RefusedError(400, "fixedPrices must be an array")
    return [_fixed(entry, table) for entry in body]


def merge_fixed(price: Price, entries: Iterable[Record]) -> None:
    """VTEX Pricing API, PATCH fixed: an entry replaces that of its policy, quantity and dates."""
    merged = {_fixed_key(entry): entry for entry in price.fixed}
    merged.update((_fixed_key(entry), entry) for entry in entries)
    price.fixed = list(merged.values())


def _fixed(entry: object, table: str | None) -> Record:
    if not isinstance(entry, dict):
        raise RefusedError(400, "A fixed price must be an object")
    policy, least = table or entry.get("tradePolicyId"), entry.get("minQuantity")
    if not isinstance(policy, str) or not policy:
        raise RefusedError(400, "tradePolicyId must be a string")
    if not is_integer(least) or least < 1:
        raise RefusedError(400, "minQuantity must be a positive integer")
    fixed: Record = {"tradePolicyId": policy, "value": _number(entry, "value")}
    fixed["listPrice"] = _number(entry, "listPrice") if "listPrice" in entry else None
    fixed["minQuantity"] = least
    if "dateRange" in entry:
        fixed["dateRange"] = _date_range(entry["dateRange"])
    return fixed


def _number(body: Mapping[str, object], name: str) -> Decimal:
    """Not nullable, although GET answers null: what is read back must lose its nulls."""
    value = body.get(name)
    if not is_number(value):
        raise RefusedError(400, f"{name} must be a number")
    return Decimal(str(value))


def _plain(number: Decimal | None) -> Decimal | None:
    return number if number is None or number != number.to_integral_value() else number.quantize(Decimal(1))


def _date_range(value: object) -> Record:
    try:
        assert isinstance(value, dict)
        start, end = (datetime.fromisoformat(value[name]) for name in ("from", "to"))
        if start.tzinfo is None or end.tzinfo is None or end <= start:
            raise RefusedError(400, "dateRange needs zones, and its end after its start")
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise RefusedError(400, "dateRange needs from and to in RFC 3339") from error
    return {"from": value["from"], "to": value["to"]}


def _fixed_key(entry: Record) -> tuple[object, ...]:
    dates = entry.get("dateRange", {})
    return entry["tradePolicyId"], entry["minQuantity"], dates.get("from"), dates.get("to")


def _in_force(entry: Record, moment: datetime) -> bool:
    if "dateRange" not in entry:
        return True
    start, end = (datetime.fromisoformat(entry["dateRange"][name]) for name in ("from", "to"))
    return start <= moment < end
