"""price: one fixed price removed, or all of it deleted; what the ERP did not mention stays."""

from typing import Any

import pytest

from app.changes.price import PriceChange
from tests.changes.steps import PRICES, as_staff, calls, deliver, end, make_due, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox

PERIOD = {"from": "2126-01-01T00:00:00-03:00", "to": "2126-02-01T00:00:00-03:00"}
BY_HAND = [
    {"tradePolicyId": "1", "value": 8.5, "minQuantity": 10, "listPrice": 9.75},
    {"tradePolicyId": "gold", "value": 7, "minQuantity": 1, "dateRange": PERIOD},
    {"tradePolicyId": "gold", "value": 6, "minQuantity": 1},
]
GOLD = {"trade_policy": "gold", "value": None}


async def price_of_the_team(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    body = {"basePrice": 10, "costPrice": 5, "listPrice": 12, "fixedPrices": BY_HAND}
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", body)


def places(price: dict[str, Any]) -> list[tuple[str, int, bool]]:
    return [
        (each["tradePolicyId"], each["minQuantity"], "dateRange" in each) for each in price["fixedPrices"]
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fixed_prices": [GOLD | {"list_price": "9"}]}, "value is null, which removes this price"),
        ({"deleted": False}, "deleted must be true; to bring a deleted price back, send its base"),
        ({"deleted": True, "base": "9"}, "deleted stands alone"),
        ({"base": "0"}, "greater than 0"),
        ({"cost": "-1"}, "greater than 0"),
        ({"list_price": "-1"}, "greater than 0"),
        ({"markup": "-1"}, "greater than or equal to 0"),
        ({"fixed_prices": [GOLD | {"value": "0"}]}, "greater than 0"),
        ({"fixed_prices": [GOLD | {"value": "1", "list_price": "-1"}]}, "greater than 0"),
        ({"fixed_prices": [{"trade_policy": "gold"}]}, "Field required"),
        ({"base": None}, "Decimal input should be"),
    ],
    ids=str,
)
def test_what_is_no_price_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PriceChange.model_validate({"sku": "S1", **change})


async def test_a_removed_fixed_price_goes_and_the_others_stay(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD]})
    stored = await record(sandbox, "prices")
    assert places(stored) == [("1", 10, False), ("gold", 1, True)]
    assert stored["fixedPrices"][0]["listPrice"] == 9.75
    assert (stored["basePrice"], stored["costPrice"], stored["listPrice"]) == (10, 5, 12)


async def test_of_one_table_and_quantity_the_period_tells_which_goes(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    # The same moments in another zone.
    period = {"starts_at": "2126-01-01T03:00:00Z", "ends_at": "2126-02-01T03:00:00Z"}
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD | period]})
    assert places(await record(sandbox, "prices")) == [("1", 10, False), ("gold", 1, False)]


async def test_a_removal_and_a_new_price_go_together(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await price_of_the_team(bridge, sandbox)
    new = {"trade_policy": "silver", "value": "8"}
    await deliver(bridge, "price", {"sku": "S1", "base": "11", "fixed_prices": [GOLD, new]})
    stored = await record(sandbox, "prices")
    assert places(stored) == [("1", 10, False), ("gold", 1, True), ("silver", 1, False)]
    assert stored["basePrice"] == 11


async def test_what_was_removed_stays_so_with_later_changes_until_it_is_named_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD]})
    await end(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD]}, "unchanged")
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    assert ("gold", 1, False) not in places(await record(sandbox, "prices"))
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD | {"value": "9"}]})
    assert ("gold", 1, False) in places(await record(sandbox, "prices"))


async def test_an_older_price_does_not_bring_back_what_was_removed(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    await deliver(bridge, "price", {"sku": "S1", "version": 2, "fixed_prices": [GOLD]})
    older = {"sku": "S1", "version": 1, "fixed_prices": [GOLD | {"value": "9"}]}
    await end(bridge, "price", older, "superseded")
    assert ("gold", 1, False) not in places(await record(sandbox, "prices"))


async def test_where_vtex_has_no_price_there_is_nothing_to_remove(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    event = await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [GOLD]})
    assert event["why"] == "VTEX has no price for this SKU: there is nothing to remove"
    assert (await sandbox.state())["prices"] == []


async def test_a_price_table_of_the_erp_works_like_a_trade_policy(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    named = [{"trade_policy": "atacado", "value": "8"}, {"trade_policy": "2", "value": "9"}]
    await deliver(bridge, "price", {"sku": "S1", "base": "10", "fixed_prices": named})
    stored = await record(sandbox, "prices")
    assert sorted(each[0] for each in places(stored)) == ["2", "atacado"]
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [named[0] | {"value": None}]})
    assert [each[0] for each in places(await record(sandbox, "prices"))] == ["2"]


async def test_a_deletion_takes_the_price_with_the_fixed_prices_of_the_team(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    await deliver(bridge, "price", {"sku": "S1", "deleted": True})
    assert (await sandbox.state())["prices"] == []
    await end(bridge, "price", {"sku": "S1", "deleted": True}, "unchanged")
    assert len(await calls(sandbox, "DELETE", "/pricing/")) == 1


async def test_to_delete_what_is_not_there_is_done(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    missing = {"action": "status", "status": 404, "method": "DELETE", "path_regex": "/pricing/"}
    await sandbox.control("faults", missing)
    await deliver(bridge, "price", {"sku": "S1", "deleted": True})


async def test_a_deletion_waits_for_no_sku(bridge: RunningBridge) -> None:
    event = await deliver(bridge, "price", {"sku": "S1", "deleted": True})
    assert event["why"] == "SKU S1 is not in VTEX: it has no price there"


async def test_after_a_deletion_a_price_needs_its_base_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10", "list_price": "12"})
    await deliver(bridge, "price", {"sku": "S1", "deleted": True})
    event = await end(bridge, "price", {"sku": "S1", "list_price": "13"}, "failed")
    assert event["why"].endswith("send also: base")
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    stored = await record(sandbox, "prices")
    assert (stored["basePrice"], stored["listPrice"], stored["fixedPrices"]) == (11, 13, [])


async def test_a_deletion_that_a_new_price_overtakes_leaves_nothing_of_the_old_one(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await price_of_the_team(bridge, sandbox)
    await deliver(bridge, "price", {"sku": "S1", "fixed_prices": [{"trade_policy": "2", "value": "9"}]})
    await sandbox.control("faults", {"action": "status", "status": 503, "path_regex": "/pricing/"})
    await end(bridge, "price", {"sku": "S1", "deleted": True}, "retrying")
    [event_id] = await bridge.post("price", {"sku": "S1", "base": "11"})
    await make_due(bridge)
    await bridge.reaches(event_id, "delivered")
    stored = await record(sandbox, "prices")
    assert (stored["basePrice"], stored["listPrice"], stored["fixedPrices"]) == (11, None, [])
    # Never without a price in between.
    assert await calls(sandbox, "DELETE", "/pricing/") == []


async def test_after_a_deletion_what_the_team_adds_to_the_new_price_stays(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10"})
    await deliver(bridge, "price", {"sku": "S1", "deleted": True})
    await deliver(bridge, "price", {"sku": "S1", "base": "11"})
    await as_staff(sandbox, "PATCH", f"{PRICES}/1001/fixed", BY_HAND)
    await deliver(bridge, "price", {"sku": "S1", "base": "12"})
    stored = await record(sandbox, "prices")
    assert (stored["basePrice"], len(stored["fixedPrices"])) == (12, 3)


async def test_a_deletion_that_comes_late_leaves_what_was_said_after_it(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "version": 1, "base": "10", "list_price": "12"})
    await deliver(bridge, "price", {"sku": "S1", "version": 3, "base": "11"})
    await deliver(bridge, "price", {"sku": "S1", "version": 2, "deleted": True})
    stored = await record(sandbox, "prices")
    assert (stored["basePrice"], stored["listPrice"]) == (11, None)


async def test_a_deletion_without_an_answer_is_sent_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "10"})
    await sandbox.control("faults", {"action": "reset_after", "method": "DELETE"})
    await deliver(bridge, "price", {"sku": "S1", "deleted": True})
    assert (await sandbox.state())["prices"] == []


async def test_a_price_beyond_the_store_s_limit_fails_with_vtex_s_words_and_what_to_do(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    said = '{"message": "Price variation is above the upper limit"}'
    limit = {"action": "status", "status": 400, "method": "PUT", "body": said, "path_regex": "/pricing/"}
    await sandbox.control("faults", limit)
    event = await end(bridge, "price", {"sku": "S1", "base": "10"}, "failed")
    assert (
        "refused it with 400: Price variation is above the upper limit; send a price within" in event["why"]
    )


async def test_a_key_that_may_not_delete_says_which_permission_it_lacks(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    lacks = {"action": "status", "status": 403, "method": "DELETE", "path_regex": "/pricing/"}
    await sandbox.control("faults", lacks)
    event = await end(bridge, "price", {"sku": "S1", "deleted": True}, "retrying")
    assert "Delete all prices from account" in event["why"]
    # The other prices' writes go on.
    sizes = dict.fromkeys(["packaged_height", "packaged_length", "packaged_width", "packaged_weight"], "1")
    await deliver(bridge, "sku", {"code": "S2", "product": "P1", "name": "Other"} | sizes)
    await deliver(bridge, "price", {"sku": "S2", "base": "10"})


@pytest.mark.parametrize("change", [{"list_price": "20"}, {"cost": "5"}, {"markup": "30"}], ids=str)
async def test_a_price_below_zero_in_vtex_is_never_written_again(
    bridge: RunningBridge, sandbox: RunningSandbox, change: dict[str, Any]
) -> None:
    """VTEX accepts it, and the SKU cannot be sold (known issue)."""
    await sku_in_store(bridge)
    await as_staff(sandbox, "PUT", f"{PRICES}/1001", {"basePrice": -10, "costPrice": -5})
    event = await end(bridge, "price", {"sku": "S1", **change}, "failed")
    assert event["why"].endswith("send also: base")
    await deliver(bridge, "price", {"sku": "S1", "base": "10"})
    assert (await record(sandbox, "prices"))["basePrice"] == 10
