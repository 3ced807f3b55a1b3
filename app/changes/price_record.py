"""The record that is written of a price: what the ERP owns, laid over what VTEX has."""

from datetime import datetime
from typing import Any

from app.changes.price_folding import BASIS
from app.errors import Refused

Record = dict[str, Any]


def price_record(values: Record, present: Record) -> Record:
    """`values` as the kind maps them; `present` is empty where VTEX has no price."""
    record = _basis(values, present)
    list_price = values["listPrice"] if "listPrice" in values else present.get("listPrice")
    if list_price is not None:
        record["listPrice"] = list_price
    others = present.get("fixedPrices") or [] if values.get("keepsOtherFixedPrices", True) else []
    removed = {_place(each) for each in values.get("removedFixedPrices", ())}
    kept = [each for each in others if _place(each) not in removed]
    if merged := _merged(kept, values.get("fixedPrices", [])):
        record["fixedPrices"] = merged
    return record


def _basis(values: Record, present: Record) -> Record:
    """Exactly two of base, cost and markup; base alone goes with VTEX's cost, else with markup 0.

    Beside a markup of 0 VTEX's cost is but the base once more: kept, each new base would be measured by it.
    """
    named: Record = {name: values[name] for name in ("basePrice", "costPrice", "markup") if name in values}
    if len(named) == len(BASIS) - 1:
        return named
    base, cost = (_sound(present.get(name)) for name in ("basePrice", "costPrice"))
    markup = present.get("markup")
    if "basePrice" in named:
        return named | ({"costPrice": cost} if cost and markup != 0 else {"markup": 0})
    if "costPrice" in named and base and markup is not None:
        return named | {"markup": markup}
    if "markup" in named and cost:
        return named | {"costPrice": cost}
    if not named and base:
        return {"basePrice": base} | ({"costPrice": cost} if cost else {"markup": 0})
    raise Refused("VTEX has no price for this SKU yet; to create it, send also: base")


def _sound(price: Any) -> Any:
    """VTEX keeps prices of 0 and below (known issue), which make a SKU unsellable: they are no prices."""
    return price if price is not None and price > 0 else None


def _merged(kept: list[Record], named: list[Record]) -> list[Record]:
    prices = {_place(price): _without_nulls(price) for price in kept}
    return list((prices | {_place(price): price for price in named}).values())


def _place(price: Record) -> tuple[Any, ...]:
    period = price.get("dateRange") or {}
    return (
        str(price.get("tradePolicyId")),
        price.get("minQuantity"),
        *(datetime.fromisoformat(period[end]) if period.get(end) else None for end in ("from", "to")),
    )


def _without_nulls(price: Record) -> Record:
    return {name: value for name, value in price.items() if value is not None}
