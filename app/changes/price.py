"""price: a SKU's base price and its fixed prices, in decimal currency."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, model_validator

from app.changes.kind import Change, Code, Kind, Shop, StateChange, Text
from app.changes.price_folding import BASIS, fold_price
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.errors import Refused
from app.queue.folding import FRESHNESS

Money = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=2)]
#: Longer than clocks differ, so that nothing still in force is left out.
_KEPT_AFTER_ITS_END = timedelta(days=1)


class FixedPrice(Change):
    """The price of one trade policy or price table, from a quantity on, in a period."""

    trade_policy: Annotated[Text, Field(min_length=1)] = Field(
        description="Its id, or the name of a price table."
    )
    value: Money
    list_price: Money | None = None
    min_quantity: int = Field(default=1, ge=1)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _whole_period(self) -> Self:
        if (self.starts_at is None) != (self.ends_at is None):
            raise ValueError("a period needs both starts_at and ends_at")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be later than starts_at")
        return self


class PriceChange(StateChange):
    """What a SKU should cost. At most two of base, cost and markup: VTEX derives the third.

    The first change of a price needs its base.
    """

    sku: Code = Field(description="The SKU's code.", examples=["00123456"])
    base: Money = Field(default=Decimal(1), description="The selling price.", examples=["110.00"])
    cost: Money = Decimal(1)
    markup: Decimal = Field(
        default=Decimal(0), ge=0, max_digits=8, decimal_places=2, description="In percent of the cost."
    )
    list_price: Money | None = Field(
        default=None, description="The price that is struck through; null removes it."
    )
    fixed_prices: Annotated[list[FixedPrice], Field(max_length=500)] | None = Field(
        default=None,
        description="Merged into VTEX's by trade policy, quantity and period; those not mentioned stay. After"
        " null VTEX has none but those that are named later.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        named = self.model_fields_set
        if named <= {"sku", *FRESHNESS}:
            raise ValueError("name at least one of base, cost, markup, list_price, fixed_prices")
        return self

    @model_validator(mode="after")
    def _two_of_three(self) -> Self:
        if self.model_fields_set >= set(BASIS):
            raise ValueError("send at most two of base, cost and markup: VTEX derives the third")
        return self


class DesiredPrice(PriceChange):
    """The sum of the changes; since the ERP cleared the fixed prices, what it names are all that may be."""

    # The limit is one change's: many make a longer list.
    fixed_prices: list[FixedPrice] | None = None
    fixed_prices_exactly: bool = False


def mapped(change: PriceChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    """A fixed price whose period ended more than a day ago is left out: VTEX ignores it."""
    names = {"base": "basePrice", "cost": "costPrice", "markup": "markup", "list_price": "listPrice"}
    lists = {"fixed_prices", "fixed_prices_exactly"}
    values = change.model_dump(exclude_unset=True, exclude={"sku", *lists})
    record: dict[str, Any] = {names[name]: _number(value) for name, value in values.items()}
    if "fixed_prices" in change.model_fields_set:
        ended = datetime.now(UTC) - _KEPT_AFTER_ITS_END
        named = change.fixed_prices or ()
        record["fixedPrices"] = [_fixed(each) for each in named if not _ended_before(ended, each)]
        record["keepsOtherFixedPrices"] = not _exactly(change)
    return record


def _exactly(change: PriceChange) -> bool:
    return change.fixed_prices is None or (isinstance(change, DesiredPrice) and change.fixed_prices_exactly)


def _ended_before(moment: datetime, price: FixedPrice) -> bool:
    return price.ends_at is not None and price.ends_at < moment


def _fixed(price: FixedPrice) -> dict[str, Any]:
    record: dict[str, Any] = {
        "tradePolicyId": price.trade_policy,
        "value": _number(price.value),
        "minQuantity": price.min_quantity,
    }
    if price.list_price is not None:
        record["listPrice"] = _number(price.list_price)
    if price.starts_at and price.ends_at:
        record["dateRange"] = {"from": price.starts_at.isoformat(), "to": price.ends_at.isoformat()}
    return record


def _number(value: Decimal | None) -> Decimal | int | None:
    """Whole numbers as integers: VTEX's schema wants them for the markup."""
    return int(value) if value is not None and value == value.to_integral_value() else value


async def deliver(change: PriceChange, shop: Shop) -> None:
    """Read, overlay, write: a PUT replaces all fixed prices, so VTEX's own are sent along."""
    sku = await sku_id(shop, change.sku)
    values = mapped(change, shop.settings)
    present = await shop.vtex.pricing.read(sku) or {}
    body = _basis(values, present)
    list_price = values["listPrice"] if "listPrice" in values else present.get("listPrice")
    if list_price is not None:
        body["listPrice"] = list_price
    others = present.get("fixedPrices") or [] if values.get("keepsOtherFixedPrices", True) else []
    if merged := _merged(others, values.get("fixedPrices", [])):
        body["fixedPrices"] = merged
    await shop.vtex.pricing.write(sku, body)


def _basis(values: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Exactly two of base, cost and markup; base alone goes with VTEX's cost, else with markup 0.

    Beside a markup of 0 VTEX's cost is but the base once more: kept, each new base would be measured by it.
    """
    named: dict[str, Any] = {
        name: values[name] for name in ("basePrice", "costPrice", "markup") if name in values
    }
    if len(named) == len(BASIS) - 1:
        return named
    cost = present.get("costPrice")
    if "basePrice" in named:
        return named | ({"costPrice": cost} if cost and present.get("markup") != 0 else {"markup": 0})
    if "costPrice" in named and present.get("markup") is not None:
        return named | {"markup": present["markup"]}
    if "markup" in named and cost:
        return named | {"costPrice": cost}
    if not named and present.get("basePrice") is not None:
        return {"basePrice": present["basePrice"]} | ({"costPrice": cost} if cost else {"markup": 0})
    raise Refused("VTEX has no price for this SKU yet; to create it, send also: base")


def _merged(kept: list[dict[str, Any]], named: list[dict[str, Any]]) -> list[dict[str, Any]]:
    prices = {_place(price): _without_nulls(price) for price in kept}
    return list((prices | {_place(price): price for price in named}).values())


def _place(price: dict[str, Any]) -> tuple[Any, ...]:
    period = price.get("dateRange") or {}
    return (
        str(price.get("tradePolicyId")),
        price.get("minQuantity"),
        *(datetime.fromisoformat(period[end]) if period.get(end) else None for end in ("from", "to")),
    )


def _without_nulls(price: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in price.items() if value is not None}


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "sku": "00123456",
    "base": "110.00",
    "list_price": "150.00",
    "fixed_prices": [
        {
            "trade_policy": "1",
            "value": "99.90",
            "min_quantity": 2,
            "starts_at": "2026-11-27T00:00:00-03:00",
            "ends_at": "2026-11-30T23:59:59-03:00",
        }
    ],
}

KIND = Kind(
    name="price",
    example=EXAMPLE,
    change=PriceChange,
    desired=DesiredPrice,
    key=lambda change: change.sku,
    target=lambda change: f"price:{change.sku}",
    priority=2,
    api="pricing",
    deliver=deliver,
    fold=fold_price,
    mapped=mapped,
)
