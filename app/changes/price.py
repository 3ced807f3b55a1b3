"""price: a SKU's base price and its fixed prices, in decimal currency."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from app.changes.kind import Change, Code, Kind, Moment, Shop, StateChange, Text
from app.changes.price_folding import BASIS, DELETED_AS_OF, fold_price
from app.changes.price_record import price_record
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.errors import Refused, Waiting
from app.queue.folding import FRESHNESS

Money = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=2)]
#: Longer than clocks differ, so that nothing still in force is left out.
_KEPT_AFTER_ITS_END = timedelta(days=1)


class FixedPrice(Change):
    """The price of one trade policy or price table, from a quantity on, in a period."""

    trade_policy: Annotated[Text, Field(min_length=1)] = Field(
        description="Its id, or the name of a price table."
    )
    value: Money | None = Field(description="null removes this price, and no other.")
    list_price: Money | None = None
    min_quantity: int = Field(default=1, ge=1)
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _whole_period(self) -> Self:
        if (self.starts_at is None) != (self.ends_at is None):
            raise ValueError("a period needs both starts_at and ends_at")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be later than starts_at")
        return self

    @model_validator(mode="after")
    def _removed_whole(self) -> Self:
        if self.value is None and self.list_price is not None:
            raise ValueError("value is null, which removes this price: leave list_price out")
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

    deleted: bool = Field(
        default=False,
        description="true deletes the price with all its fixed prices, also those of the store's team. What"
        " is said later makes a new price, which needs its base.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        named = self.model_fields_set
        if named <= {"sku", *FRESHNESS}:
            raise ValueError("name at least one of base, cost, markup, list_price, fixed_prices, deleted")
        return self

    @model_validator(mode="after")
    def _deleted_alone(self) -> Self:
        if "deleted" in self.model_fields_set and not self.deleted:
            raise ValueError("deleted must be true; to bring a deleted price back, send its base")
        if self.deleted and self.model_fields_set - {"sku", "deleted", *FRESHNESS}:
            raise ValueError("deleted stands alone; send what the new price is in a later change")
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
    #: When the last deletion was said: all that stands here was said after it.
    deleted_as_of: str | int | None = None


def mapped(change: PriceChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    """A fixed price whose period ended more than a day ago is left out: VTEX ignores it."""
    names = {"base": "basePrice", "cost": "costPrice", "markup": "markup", "list_price": "listPrice"}
    others = {"fixed_prices", "fixed_prices_exactly", DELETED_AS_OF}
    values = change.model_dump(exclude_unset=True, exclude={"sku", *others})
    record: dict[str, Any] = {names[name]: _number(value) for name, value in values.items()}
    if "fixed_prices" in change.model_fields_set:
        ended = datetime.now(UTC) - _KEPT_AFTER_ITS_END
        named = change.fixed_prices or ()
        kept = [each for each in named if each.value is not None and not _ended_before(ended, each)]
        record["fixedPrices"] = [_fixed(each) for each in kept]
        record["keepsOtherFixedPrices"] = not _exactly(change)
        removed = [_place(each) for each in named if each.value is None]
        if removed and not _exactly(change):
            record["removedFixedPrices"] = removed
    if isinstance(change, DesiredPrice) and change.deleted_as_of is not None:
        # With nothing said since, one deletion is as good as another.
        record["deletedAsOf"] = change.deleted_as_of if record else True
    return record


def _exactly(change: PriceChange) -> bool:
    return change.fixed_prices is None or (isinstance(change, DesiredPrice) and change.fixed_prices_exactly)


def _ended_before(moment: datetime, price: FixedPrice) -> bool:
    return price.ends_at is not None and price.ends_at < moment


def _fixed(price: FixedPrice) -> dict[str, Any]:
    record = _place(price) | {"value": _number(price.value)}
    if price.list_price is not None:
        record["listPrice"] = _number(price.list_price)
    return record


def _place(price: FixedPrice) -> dict[str, Any]:
    """What tells it from the others."""
    record: dict[str, Any] = {"tradePolicyId": price.trade_policy, "minQuantity": price.min_quantity}
    if price.starts_at and price.ends_at:
        record["dateRange"] = {"from": price.starts_at.isoformat(), "to": price.ends_at.isoformat()}
    return record


def _number(value: Decimal | None) -> Decimal | int | None:
    """Whole numbers as integers: VTEX's schema wants them for the markup."""
    return int(value) if value is not None and value == value.to_integral_value() else value


async def deliver(change: PriceChange, shop: Shop) -> str | None:
    """Read, overlay, write: a PUT replaces all fixed prices, so VTEX's own are sent along."""
    values, pricing = mapped(change, shop.settings), shop.vtex.pricing
    is_only_deleted = values.keys() == {"deletedAsOf"}
    try:
        sku = await sku_id(shop, change.sku)
    except Waiting:
        if is_only_deleted:
            return f"SKU {change.sku} is not in VTEX: it has no price there"
        raise
    with _with_the_fix():
        is_gone = await _is_to_go(change, shop)
        if is_only_deleted or (is_gone and "basePrice" not in values):
            await pricing.delete(sku)
        if is_only_deleted:
            return None
        # One write brings the new price after a deletion: what it would be laid over is as good as gone.
        present = None if is_gone else await pricing.read(sku)
        if present is None and _only_removes(values):
            return "VTEX has no price for this SKU: there is nothing to remove"
        if present is not None:
            values = mapped(KIND.owned(change, shop.settings), shop.settings)
        if not values.keys() <= {"deletedAsOf"}:
            await pricing.write(sku, price_record(values, present or {}))
    return None


def _only_removes(values: dict[str, Any]) -> bool:
    """An empty list alone removes nothing, and says nothing."""
    names = values.keys() - {"deletedAsOf", "fixedPrices", "keepsOtherFixedPrices", "removedFixedPrices"}
    says = not values.get("keepsOtherFixedPrices", True) or "removedFixedPrices" in values
    return says and not names and not values["fixedPrices"]


async def _is_to_go(change: PriceChange, shop: Shop) -> bool:
    """Whether there is a deletion that VTEX has not acknowledged."""
    if not isinstance(change, DesiredPrice) or change.deleted_as_of is None:
        return False
    lane = await shop.store.read.lane(shop.connection, KIND.name, change.sku)
    acknowledged = (lane and lane.acknowledged_state) or {}
    return bool(acknowledged.get(DELETED_AS_OF) != change.deleted_as_of)


@contextmanager
def _with_the_fix() -> Iterator[None]:
    """VTEX names the limit that a price broke, but not where to change it."""
    try:
        yield
    except Refused as refused:
        if "variation" not in refused.reason.lower():
            raise
        raise Refused(
            f"{refused.reason}; send a price within the store's price variation limit, or let its team widen"
            " the limit in VTEX (Prices, Settings), then replay"
        ) from refused


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

KIND: Kind[PriceChange] = Kind(
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
