"""price: exact decimals, exactly two of base, cost and markup, and nothing of the store's lost."""

import re
from typing import Any

import pytest

from tests.changes.steps import (
    PRICES,
    PRODUCT,
    SKU,
    SKUS,
    as_staff,
    calls,
    deliver,
    end,
    make_due,
    record,
    sku_in_store,
)
from tests.running import RunningBridge, RunningSandbox

FIXED = [
    {"tradePolicyId": "1", "value": 8.5, "minQuantity": 10, "listPrice": 9.75},
    {
        "tradePolicyId": "gold",
        "value": 7,
        "minQuantity": 1,
        "dateRange": {"from": "2126-01-01T00:00:00-03:00", "to": "2126-02-01T00:00:00-03:00"},
    },
]


async def price_text(sandbox: RunningSandbox, name: str) -> str:
    """The number as it stands in VTEX's own JSON, read as text."""
    answer = await sandbox.client.get("/sandbox/state")
    found = re.search(rf'"{name}":([^,}}\]]+)', answer.text.partition('"prices":')[2])
    assert found is not None
    return found[1]


async def test_a_price_waits_for_its_sku_by_name(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    event = await end(bridge, "price", {"sku": "S1", "base": "10"}, "waiting")
    assert event["why"].startswith("SKU S1 is not in VTEX yet; it is sent as soon as the SKU is")
    await sku_in_store(bridge)
    await bridge.reaches(event["id"], "delivered")
    assert (await record(sandbox, "prices"))["itemId"] == "1001"


async def test_a_price_finds_a_sku_that_came_to_vtex_without_us(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(bridge, "price", {"sku": "S1", "base": "10"}, "waiting")
    product = {"Name": "By staff", "CategoryId": 1, "BrandId": 1, "RefId": "P1"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", product)
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    sku = {"ProductId": 1, "Name": "By staff", "RefId": "S1"} | sizes
    await as_staff(sandbox, "POST", "/api/catalog/pvt/stockkeepingunit", sku)
    await make_due(bridge)
    await bridge.reaches(event["id"], "delivered")


@pytest.mark.parametrize(
    "change", [{"list_price": "20"}, {"cost": "5"}, {"markup": "30"}, {"fixed_prices": []}], ids=str
)
async def test_a_first_price_needs_a_base(
    bridge: RunningBridge, sandbox: RunningSandbox, change: dict[str, Any]
) -> None:
    await sku_in_store(bridge)
    event = await end(bridge, "price", {"sku": "S1", **change}, "failed")
    assert event["why"].endswith("send also: base")
    assert (await sandbox.state())["prices"] == []


async def test_the_base_completes_what_was_missing(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    await end(bridge, "price", {"sku": "S1", "list_price": "20"}, "failed")
    await deliver(bridge, "price", {"sku": "S1", "base": "15"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["listPrice"]) == (15, 20)


@pytest.mark.parametrize(
    "value", ["19.99", "0.1", "0.01", "1234567.89", "9999999999999999.99", "100.00", "7"]
)
async def test_a_decimal_arrives_as_exactly_that_value(
    bridge: RunningBridge, sandbox: RunningSandbox, value: str
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": value, "list_price": value})
    sent = value.removesuffix(".00")
    assert await price_text(sandbox, "basePrice") == sent
    assert await price_text(sandbox, "listPrice") == sent


@pytest.mark.parametrize("number", [19.99, 0.1, 1234567.89])
async def test_a_json_number_arrives_as_exactly_its_text(
    bridge: RunningBridge, sandbox: RunningSandbox, number: float
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": number})
    assert await price_text(sandbox, "basePrice") == str(number)


async def test_a_base_alone_goes_with_markup_0_where_there_is_no_price(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "15.5"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"], price["markup"]) == (15.5, 15.5, 0)


async def test_each_new_base_alone_goes_with_markup_0_where_vtexs_cost_was_only_derived(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "120"})
    await deliver(bridge, "price", {"sku": "S1", "base": "50"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"], price["markup"]) == (50, 50, 0)


async def test_a_cost_that_the_erp_named_stays_also_beside_a_markup_of_0(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "120", "cost": "120"})
    await deliver(bridge, "price", {"sku": "S1", "base": "150"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"], price["markup"]) == (150, 120, 25)


async def test_a_base_alone_keeps_vtexs_cost(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 20, "costPrice": 8})
    await deliver(bridge, "price", {"sku": "S1", "base": "16"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"], price["markup"]) == (16, 8, 100)


@pytest.mark.parametrize(
    ("change", "figures"),
    [
        ({"base": "20", "cost": "10"}, (20, 10, 100)),
        ({"base": "20", "markup": "25"}, (20, 16, 25)),
        ({"cost": "10", "markup": "50"}, (15, 10, 50)),
    ],
)
async def test_two_of_base_cost_and_markup_are_sent_as_they_are(
    bridge: RunningBridge, sandbox: RunningSandbox, change: dict[str, str], figures: tuple[int, ...]
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", **change})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"], price["markup"]) == figures


async def test_a_newer_markup_replaces_the_older_cost(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "20", "cost": "10"})
    await deliver(bridge, "price", {"sku": "S1", "markup": "25"})
    price = await record(sandbox, "prices")
    assert (price["basePrice"], price["costPrice"]) == (20, 16)


async def test_null_removes_the_list_price_and_an_absent_one_keeps_it(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10", "list_price": "20"})
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    assert (await record(sandbox, "prices"))["listPrice"] == 20
    await deliver(bridge, "price", {"sku": "S1", "list_price": None})
    price = await record(sandbox, "prices")
    assert (price["listPrice"], price["basePrice"]) == (None, 11)


async def test_fixed_prices_and_a_list_price_of_the_store_survive_a_new_base(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    by_hand = {"basePrice": 10, "costPrice": 5, "listPrice": 12.5, "fixedPrices": FIXED}
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", by_hand)
    before = await record(sandbox, "prices")
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    assert await record(sandbox, "prices") == before | {"basePrice": 11, "markup": 120}


async def test_fixed_prices_are_merged_by_policy_quantity_and_period(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    by_hand = {"basePrice": 10, "costPrice": 5, "fixedPrices": FIXED}
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", by_hand)
    same_period = {"starts_at": "2126-01-01T03:00:00Z", "ends_at": "2126-02-01T03:00:00Z"}
    named = [
        {"trade_policy": "gold", "value": "6.66", **same_period},
        {"trade_policy": "1", "value": "8.25"},
    ]
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": named})
    fixed = (await record(sandbox, "prices"))["fixedPrices"]
    assert [(each["tradePolicyId"], each["minQuantity"], each["value"]) for each in fixed] == [
        ("1", 10, 8.5),
        ("gold", 1, 6.66),
        ("1", 1, 8.25),
    ]


async def test_null_removes_all_fixed_prices(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 10, "costPrice": 5, "fixedPrices": FIXED})
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": None})
    assert (await record(sandbox, "prices"))["fixedPrices"] == []


async def test_an_empty_list_mentions_no_fixed_price_and_removes_none(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 10, "costPrice": 5, "fixedPrices": FIXED})
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": []})
    assert len((await record(sandbox, "prices"))["fixedPrices"]) == 2


async def test_the_same_again_makes_no_call(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10.00", "list_price": "12"})
    sandbox.app.state.journal.clear()
    await end(bridge, "price", {"sku": "S1", "base": "10.0"}, "unchanged")
    await end(bridge, "price", {"sku": "S1", "list_price": 12}, "unchanged")
    assert (await sandbox.client.get("/sandbox/journal")).json() == []


async def test_after_an_unknown_outcome_the_price_is_sent_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    fault = {"action": "status_after", "status": 500, "method": "PUT", "path_regex": "/pricing/"}
    await sandbox.control("faults", fault)
    await deliver(bridge, "price", {"sku": "S1", "base": "10"})
    assert (await record(sandbox, "prices"))["basePrice"] == 10
    assert len(await calls(sandbox, "PUT", "/pricing/")) == 2


async def test_a_price_read_that_answers_a_login_page_writes_nothing(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    """As "no price yet" it would cost the store its fixed prices."""
    await sku_in_store(bridge)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 10, "costPrice": 5, "fixedPrices": FIXED})
    page = {"action": "status", "status": 200, "body": "<html>", "path_regex": "/pricing/"}
    await sandbox.control("faults", page)
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    assert len((await record(sandbox, "prices"))["fixedPrices"]) == 2


async def test_the_quota_of_pricing_is_waited_for(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(bridge, "product", PRODUCT)
    await deliver(bridge, "sku", SKU)
    await sandbox.control("settings", {"pricing_quota": {"per_minute": 120, "burst": 1}})
    for value in range(1, 4):
        await deliver(bridge, "price", {"sku": "S1", "base": value})
    assert (await record(sandbox, "prices"))["basePrice"] == 3


async def test_what_is_named_after_a_clear_is_all_that_vtex_keeps(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    """Both were pending together: no call was made between the two."""
    ids = await bridge.post("price", {"sku": "S1", "base": "10", "fixed_prices": None})
    named = [{"trade_policy": "7", "value": "9.00", "min_quantity": 2}]
    ids += await bridge.post("price", {"sku": "S1", "fixed_prices": named})
    await bridge.reaches(ids[-1], "waiting")
    await deliver(bridge, "product", PRODUCT)
    sku = {"ProductId": 1, "Name": "By staff", "RefId": "S1", "PackagedHeight": 1, "PackagedLength": 1}
    await as_staff(sandbox, "POST", SKUS, sku | {"PackagedWidth": 1, "PackagedWeightKg": 1})
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": 10, "costPrice": 5, "fixedPrices": FIXED})
    await make_due(bridge)
    await bridge.reaches(ids[-1], "delivered")
    kept = (await record(sandbox, "prices"))["fixedPrices"]
    assert [(each["tradePolicyId"], each["value"]) for each in kept] == [("7", 9)]
    await end(bridge, "price", {"sku": "S1", "fixed_prices": named}, "unchanged")


async def test_an_older_price_that_comes_later_changes_nothing_in_vtex(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "12", "version": 2})
    await end(bridge, "price", {"sku": "S1", "base": "11", "version": 1}, "superseded")
    await deliver(bridge, "price", {"sku": "S1", "base": "11", "list_price": "20", "version": 1})
    stored = await record(sandbox, "prices")
    assert (stored["basePrice"], stored["listPrice"]) == (12, 20)
