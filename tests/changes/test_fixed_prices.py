"""fixed prices: many changes make one long list, and what ended is left out of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.changes.price import DesiredPrice, PriceChange, mapped
from app.config import VtexSettings
from tests.changes.steps import PRICES, as_staff, deliver, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox
from tests.vtex.saying import settings

SETTINGS: VtexSettings = settings("http://127.0.0.1")
NOW = datetime.now(UTC)


def from_quantity(first: int, count: int) -> list[dict[str, Any]]:
    return [{"trade_policy": "1", "value": "9.00", "min_quantity": first + place} for place in range(count)]


def until(end: datetime, value: str = "8.00") -> dict[str, Any]:
    return {
        "trade_policy": "1",
        "value": value,
        "starts_at": (end - timedelta(days=30)).isoformat(),
        "ends_at": end.isoformat(),
    }


async def test_one_change_names_at_most_500_and_many_make_a_longer_list(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10", "fixed_prices": from_quantity(2, 399)})
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": from_quantity(401, 300)})
    fixed = (await record(sandbox, "prices"))["fixedPrices"]
    assert [each["minQuantity"] for each in fixed] == list(range(2, 701))
    with pytest.raises(ValueError, match="at most 500"):
        PriceChange.model_validate({"sku": "S1", "fixed_prices": from_quantity(2, 501)})


async def test_what_ended_more_than_a_day_ago_is_not_sent(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    ended, just_ended, lasting = (
        until(NOW - timedelta(days=2), "7.00"),
        until(NOW - timedelta(hours=20), "7.50"),
        until(NOW + timedelta(days=2), "8.00"),
    )
    named = [ended, just_ended, lasting, {"trade_policy": "2", "value": "8.50"}]
    await deliver(bridge, "price", {"sku": "S1", "base": "10", "fixed_prices": named})
    fixed = (await record(sandbox, "prices"))["fixedPrices"]
    assert [each["value"] for each in fixed] == [7.5, 8, 8.5]


async def test_what_ended_in_the_store_stays_there(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}
    by_hand = [{"tradePolicyId": "1", "value": 7, "minQuantity": 1, "dateRange": past}]
    body = {"basePrice": 10, "costPrice": 5, "fixedPrices": by_hand}
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", body)
    named = [until(NOW - timedelta(days=2), "6.00")]
    await deliver(bridge, "price", {"sku": "S1", "base": "11", "fixed_prices": named})
    fixed = (await record(sandbox, "prices"))["fixedPrices"]
    assert [each["value"] for each in fixed] == [7]


def test_after_a_clear_what_ended_leaves_none() -> None:
    ended = DesiredPrice.model_validate(
        {"sku": "S1", "fixed_prices": [until(NOW - timedelta(days=2))], "fixed_prices_exactly": True}
    )
    assert mapped(ended, SETTINGS) == {"fixedPrices": [], "keepsOtherFixedPrices": False}
