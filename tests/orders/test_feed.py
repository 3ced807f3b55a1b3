"""The feed: ours or nobody's, persisted before it is committed, every order told once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.changes.steps import as_staff
from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import (
    FEED,
    REPORTED,
    bought,
    feed,
    feed_is_empty,
    handled,
    hints,
    told,
    waiting_in_feed,
)
from tests.running import RunningSandbox, until


def _failed(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [line["error"] for line in lines if line["event"] == "poll.failed"]


FOREIGN = [feed("ready-for-handling", "invoiced"), feed("payment-approved")]


@pytest.mark.parametrize("configured", FOREIGN, ids=["more", "other"])
async def test_a_foreign_feed_is_refused_aloud_and_left_alone(
    starting: Starting, shop: RunningSandbox, erp: Erp, configured: dict[str, object]
) -> None:
    await as_staff(shop, "POST", FEED, configured)
    await bought(shop)
    before = await as_staff(shop, "GET", FEED)
    with capture_logs() as lines:
        async with starting():
            await until(lambda: len(_failed(lines)) >= 2, "it is said, and said again")
    after = await as_staff(shop, "GET", FEED)
    assert (after["filter"], after["quantity"]) == (before["filter"], before["quantity"])
    assert erp.callbacks == []
    assert "use an app key of the bridge's own, or set orders.take_over = true" in _failed(lines)[0]


@pytest.mark.parametrize("configured", FOREIGN, ids=["more", "other"])
async def test_a_foreign_feed_is_taken_over_when_that_is_wanted(
    starting: Starting, shop: RunningSandbox, erp: Erp, configured: dict[str, object]
) -> None:
    await as_staff(shop, "POST", FEED, configured)
    async with starting(orders={"take_over": True}):
        await until(lambda: _is_ours(shop), "the feed is ours")
        await handled(shop, await bought(shop))
    assert len(erp.callbacks) == 1


async def _is_ours(shop: RunningSandbox) -> bool:
    found: list[str] = (await as_staff(shop, "GET", FEED))["filter"]["status"]
    return found == REPORTED


async def test_a_feed_is_made_where_there_is_none(starting: Starting, shop: RunningSandbox) -> None:
    async with starting(orders={"feed_visibility_seconds": 77}):
        await until(lambda: _configured(shop, 1), "the feed is made")
    made = await as_staff(shop, "GET", FEED)
    assert made["filter"] == {"type": "FromWorkflow", "status": REPORTED}
    assert made["queue"]["visibilityTimeoutInSeconds"] == 77
    assert made["queue"]["MessageRetentionPeriodInSeconds"] == 14 * 24 * 3600


async def _configured(shop: RunningSandbox, times: int) -> bool:
    return len(await shop.effects("feed.configured")) >= times


async def test_an_equal_feed_is_used_as_it_is(starting: Starting, shop: RunningSandbox, erp: Erp) -> None:
    await as_staff(shop, "POST", FEED, feed())
    order = await bought(shop)
    async with starting():
        await handled(shop, order)
        await feed_is_empty(shop)
    assert len(await shop.effects("feed.configured")) == 1
    assert len(erp.callbacks) == 1


async def test_orders_from_before_the_feed_are_told(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    orders = [await bought(shop) for _ in range(3)]
    async with starting():
        await handled(shop, *orders)
    assert len(erp.callbacks) == 3


async def test_a_feed_that_vtex_dropped_is_made_again_and_its_gap_is_filled(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting():
        await handled(shop, await bought(shop))
        fault = {"action": "status", "status": 500, "method": "POST", "path_regex": "feed/config", "times": 2}
        await shop.control("faults", fault)
        await as_staff(shop, "DELETE", FEED)
        in_the_gap = await bought(shop)
        await handled(shop, in_the_gap)
        after_it = await bought(shop)
        await handled(shop, after_it)
    assert len(erp.callbacks) == 3


async def test_without_the_permission_to_list_the_feed_still_works(
    starting: Starting, shop: RunningSandbox
) -> None:
    forbidden = {"action": "status", "status": 403, "path_regex": "/pvt/orders$", "times": None}
    await shop.control("faults", forbidden)
    with capture_logs() as lines:
        async with starting():
            await until(lambda: _configured(shop, 1), "the feed is made")
            await handled(shop, await bought(shop))
            await until(lambda: "List Orders" in str(lines), "the missing permission is named")


@pytest.mark.parametrize("action", ["reset_before", "status", "reset_after"])
async def test_an_item_whose_commit_failed_comes_again_and_is_told_once(
    starting: Starting, shop: RunningSandbox, erp: Erp, action: str
) -> None:
    await as_staff(shop, "POST", FEED, feed(visibility=1))
    fault = {"action": action, "method": "POST", "path_regex": "/orders/feed$", "times": 2}
    await shop.control("faults", fault)
    order = await bought(shop)
    async with starting(orders={"feed_visibility_seconds": 1}):
        await handled(shop, order)
        await feed_is_empty(shop)
        await asyncio.sleep(1.5)
    assert len(erp.callbacks) == 1
    assert len(await shop.effects("order.start-handled")) == 1


async def test_an_item_is_committed_only_after_its_order_is_stored(
    starting: Starting, shop: RunningSandbox
) -> None:
    await as_staff(shop, "POST", FEED, feed())
    unreadable = {"action": "status", "status": 500, "path_regex": "/pvt/orders/", "times": None}
    await shop.control("faults", unreadable)
    order = await bought(shop)
    async with starting() as bridge:
        await feed_is_empty(shop)
        assert await hints(bridge) == 1
    await shop.client.delete("/sandbox/faults")
    # Another process finds it, although VTEX's feed holds nothing any more.
    async with starting() as bridge:
        await handled(shop, order)


async def test_duplicated_and_unordered_items_are_one_callback_each(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    await shop.control("settings", {"feed_duplicate_ratio": 0.8})
    async with starting():
        orders = [await bought(shop) for _ in range(25)]
        await handled(shop, *orders, seconds=40)
        await feed_is_empty(shop)
    assert sorted(each.verified()["order"]["id"] for each in erp.callbacks) == sorted(orders)
    assert len({each.id for each in erp.callbacks}) == 25
    assert len(await shop.effects("order.start-handled")) == 25


async def test_two_pollers_of_one_feed_tell_each_order_once(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting(), starting():
        orders = [await bought(shop) for _ in range(10)]
        await handled(shop, *orders, seconds=40)
        await feed_is_empty(shop)
    assert len(erp.callbacks) == 10
    assert await waiting_in_feed(shop) == 0


async def test_an_order_is_told_again_by_nobody_after_a_restart(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting():
        await handled(shop, await bought(shop))
        await told(erp)
    async with starting():
        await handled(shop, await bought(shop))
    assert len(erp.callbacks) == 2
