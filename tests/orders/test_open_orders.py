"""stock_policy = "subtract_open_orders": the ERP sends physical totals, VTEX gets what is not sold yet."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import ConfigurationError
from app.orders.open_items import OpenOrders
from tests.changes.steps import SKUS, as_staff, deliver, end
from tests.orders.conftest import Starting
from tests.orders.erp import Callback, Erp
from tests.orders.steps import FEED, feed, handled, hints, order_reaches
from tests.running import ACCOUNT, RunningBridge, RunningSandbox, running_bridge, until

STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 10}
POLICY = {"stock_policy": "subtract_open_orders"}
Physical = Callable[..., AbstractAsyncContextManager[RunningBridge]]


@pytest.fixture
def physical(migrated_database_url: str, shop: RunningSandbox, erp: Erp) -> Physical:
    """A bridge with that policy, on each database."""

    def start(**changes: Any) -> AbstractAsyncContextManager[RunningBridge]:
        listener = {"callback_url": f"{erp.url}/orders"}
        vtex = POLICY | changes.pop("vtex", {})
        return running_bridge(migrated_database_url, shop.url, erp=listener, vtex=vtex, **changes)

    return start


async def bought(shop: RunningSandbox, quantity: int, warehouse: str = "1_1") -> str:
    body = {"items": [{"ref_id": "S1", "quantity": quantity}], "warehouse": warehouse}
    return str((await shop.control("orders", body))["orderId"])


async def opened(bridge: RunningBridge, shop: RunningSandbox, quantity: int) -> str:
    order = await bought(shop, quantity)
    await order_reaches(bridge, order, "delivered")
    return order


async def has(shop: RunningSandbox, quantity: int, warehouse: str = "1_1") -> None:
    async def found() -> bool:
        rows = [row for row in (await shop.state())["inventory"] if row["skuId"] == "1001"]
        return [row["totalQuantity"] for row in rows if row["warehouseId"] == warehouse] == [quantity]

    await until(found, f"VTEX has {quantity} in {warehouse}")


async def newest(bridge: RunningBridge, key: str = "S1@1_1") -> dict[str, Any]:
    answer = await bridge.client.get("/v1/events", params={"kind": "stock", "key": key})
    return await bridge.reaches(answer.json()["events"][0]["id"], "delivered")


async def open_items(bridge: RunningBridge) -> int:
    async with bridge.parts.database.read() as transaction:
        return int(await transaction.scalar(text("SELECT count(*) FROM open_order_item")) or 0)


async def all_closed(bridge: RunningBridge) -> None:
    async def closed() -> bool:
        return await open_items(bridge) == 0

    await until(closed, "no order is open")


async def writes(shop: RunningSandbox) -> list[int]:
    return [each["effect"]["quantity"] for each in await shop.effects("stock.patched")]


async def invoice(bridge: RunningBridge, order: str, number: str, value: str, quantity: int) -> None:
    item = {"sku": "S1", "quantity": quantity, "price": "110.00"}
    await deliver(
        bridge,
        "invoice",
        {"order": order, "number": number, "value": value, "items": [item]}
        | {"issued_at": "2026-11-24T10:00:00-03:00"},
    )


async def test_an_order_that_opens_is_taken_off_and_said(physical: Physical, shop: RunningSandbox) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        await has(shop, 10)
        await opened(bridge, shop, 3)
        await has(shop, 7)
        event = await newest(bridge)
    assert event["why"] == "sent 7: 10 in the warehouse, 3 in open orders"
    assert event["attempts"][-1]["reason"] == event["why"]
    assert event["payload"] == {"sku": "S1", "warehouse": "1_1"}
    [balance] = (await shop.state())["inventory"]
    assert (balance["totalQuantity"], balance["reservedQuantity"]) == (7, 0)


async def test_the_worked_example_of_the_documents(physical: Physical, shop: RunningSandbox) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        # Two more are delivered to the warehouse.
        event = await deliver(bridge, "stock", STOCK | {"quantity": 12})
        assert event["why"] == "sent 9: 12 in the warehouse, 3 in open orders"
        await has(shop, 9)
        # The three leave it: first the new total, then the invoice.
        event = await deliver(bridge, "stock", STOCK | {"quantity": 9})
        assert event["why"] == "sent 6: 9 in the warehouse, 3 in open orders"
        await invoice(bridge, order, "1", "339.90", 3)
        await has(shop, 9)
        assert (await newest(bridge))["why"] is None
        await all_closed(bridge)


async def test_as_sent_is_the_default_and_takes_nothing_off(starting: Starting, shop: RunningSandbox) -> None:
    async with starting() as bridge:
        await deliver(bridge, "stock", STOCK)
        await opened(bridge, shop, 3)
        event = await deliver(bridge, "stock", STOCK)
        assert await open_items(bridge) == 0
    assert (event["why"], await writes(shop)) == (None, [10, 10])


async def test_a_canceled_order_is_put_back_once_the_feed_tells(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        await shop.control(f"orders/{order}/cancel", {"reason": "changed my mind"})
        await has(shop, 10)
        await all_closed(bridge)


async def test_an_order_that_is_invoiced_without_us_is_put_back_too(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        await shop.control(f"orders/{order}/status", {"status": "invoiced"})
        await has(shop, 10)


async def test_a_part_of_it_invoiced_an_order_stays_open(physical: Physical, shop: RunningSandbox) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        await invoice(bridge, order, "1", "110.00", 1)
        event = await deliver(bridge, "stock", STOCK | {"quantity": 9})
        assert event["why"] == "sent 6: 9 in the warehouse, 3 in open orders"
        await invoice(bridge, order, "2", "229.90", 2)
        await has(shop, 9)


async def test_never_below_zero(physical: Physical, shop: RunningSandbox) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        await opened(bridge, shop, 3)
        event = await deliver(bridge, "stock", STOCK | {"quantity": 2})
        assert event["why"] == "sent 0: 2 in the warehouse, 3 in open orders"
        await has(shop, 0)


async def test_several_orders_add_up_in_their_own_warehouse(physical: Physical, shop: RunningSandbox) -> None:
    async with physical() as bridge:
        # In another case than VTEX's.
        for warehouse in ("1_1", "SP"):
            await deliver(bridge, "stock", STOCK | {"warehouse": warehouse})
        orders = [await bought(shop, 2), await bought(shop, 3), await bought(shop, 4, "sp")]
        for order in orders:
            await order_reaches(bridge, order, "delivered")
        await has(shop, 5)
        await has(shop, 6, "sp")
        assert (await newest(bridge, "S1@SP"))["why"].startswith("sent 6: 10 in the warehouse, 4 in open")


async def test_stock_of_which_the_erp_never_spoke_is_left_alone(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK | {"warehouse": "sp"})
        await opened(bridge, shop, 3)
        event = await deliver(bridge, "stock", STOCK)
    assert event["why"] == "sent 7: 10 in the warehouse, 3 in open orders"
    assert await writes(shop) == [10, 7]


async def test_our_own_event_stands_in_no_later_change_s_way(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK | {"occurred_at": "2026-01-01T10:00:00Z"})
        await opened(bridge, shop, 3)
        await has(shop, 7)
        await deliver(bridge, "stock", STOCK | {"quantity": 8, "occurred_at": "2026-01-01T11:00:00Z"})
        await has(shop, 5)


async def test_what_is_sent_again_is_unchanged_until_an_order_moves(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        await opened(bridge, shop, 3)
        await has(shop, 7)
        await newest(bridge)
        await end(bridge, "stock", STOCK, "unchanged")
    assert await writes(shop) == [10, 7]


@pytest.mark.parametrize("action", ["reset_after", "status_after"])
async def test_a_start_handling_without_an_answer_opens_the_order_once(
    physical: Physical, shop: RunningSandbox, action: str
) -> None:
    await shop.control("faults", {"action": action, "path_regex": "/start-handling$"})
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await bought(shop, 3)
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
        await has(shop, 7)
        assert await open_items(bridge) == 1


async def test_an_order_that_was_canceled_before_its_handling_opens_nothing(
    physical: Physical, shop: RunningSandbox, erp: Erp
) -> None:
    async def cancel(_callback: Callback) -> None:
        [order] = (await shop.state())["orders"]
        await shop.control(f"orders/{order['orderId']}/cancel", {"reason": "no"})

    erp.before_answering = cancel
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        await order_reaches(bridge, await bought(shop, 3), "delivered")
        assert await open_items(bridge) == 0
    assert await writes(shop) == [10]


async def test_where_only_the_list_is_read_open_orders_are_looked_at_again(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical(orders={"sources": ["list"], "list_poll_seconds": 0.2}) as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        await shop.control(f"orders/{order}/cancel", {"reason": "no"})
        await has(shop, 10)
        await all_closed(bridge)


async def test_an_end_that_the_feed_missed_is_found_when_the_order_is_looked_at_again(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
    await shop.control(f"orders/{order}/cancel", {"reason": "no"})
    await as_staff(shop, "DELETE", FEED)
    async with physical() as bridge:
        async with bridge.parts.database.write() as transaction:
            await transaction.execute(text("UPDATE order_read SET read_at = '2026-01-01 00:00:00+00:00'"))
        await has(shop, 10)


async def test_a_close_that_was_cut_off_sends_the_stock_again_the_next_time(
    physical: Physical, shop: RunningSandbox
) -> None:
    async with physical(orders={"sources": ["list"], "list_poll_seconds": 60}) as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await bought(shop, 3)
        database = bridge.parts.database
        item = {"vtex_sku_id": 1001, "quantity": 3}
        delivery = {"item_index": 0, "warehouses": [{"id": "1_1", "quantity": 3}]}
        sent: list[object] = []

        async def dying(*_what: object) -> None:
            raise RuntimeError

        async def sending(*what: object) -> None:
            sent.append(what)

        await OpenOrders(database, "acme", sending).open(
            {"id": order, "items": [item], "shipping": {"deliveries": [delivery]}}
        )
        with pytest.raises(RuntimeError):
            await OpenOrders(database, "acme", dying).close(order)
        assert await OpenOrders(database, "acme", sending).quantity(1001, "1_1") == 0
        await OpenOrders(database, "acme", sending).close(order)
        await OpenOrders(database, "acme", sending).close(order)
        assert sent == [(["S1"], {"1_1"}), (["S1"], {"1_1"})]


async def test_items_from_no_warehouse_and_without_a_quantity_are_counted_as_far_as_they_can_be(
    physical: Physical,
    shop: RunningSandbox,  # noqa: ARG001  its SKU
) -> None:
    async with physical(orders={"sources": ["list"], "list_poll_seconds": 60}) as bridge:

        async def sending(*_what: object) -> None:
            """Nobody listens."""

        orders = OpenOrders(bridge.parts.database, "acme", sending)
        items = [{"vtex_sku_id": number, "quantity": 2} for number in (1, 2, None)]
        deliveries = [
            {"item_index": 0, "warehouses": [{"id": "1_1", "quantity": None}]},
            {"item_index": 0, "warehouses": [{"id": "1_1", "quantity": 1}]},
            {"item_index": 1, "warehouses": [{"id": None, "quantity": 1}]},
            {"item_index": 2, "warehouses": [{"id": "1_1", "quantity": 1}]},
            {"item_index": 9, "warehouses": [{"id": "1_1", "quantity": 1}]},
            {"item_index": None, "warehouses": [{"id": "1_1", "quantity": 1}]},
        ]
        await orders.open({"id": "O-1", "items": items, "shipping": {"deliveries": deliveries}})
        assert [await orders.quantity(number, "1_1") for number in (1, 2)] == [3, 0]
        other = OpenOrders(bridge.parts.database, "other", sending)
        assert await other.quantity(1, "1_1") == 0


async def test_another_sku_of_the_same_order_is_sent_again_too(
    physical: Physical, shop: RunningSandbox
) -> None:
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    await as_staff(shop, "POST", SKUS, {"ProductId": 1, "Name": "Other", "RefId": "S2"} | sizes)
    await as_staff(shop, "PUT", "/sandboxstore/pricing/prices/1002", {"basePrice": 5, "costPrice": 5})
    async with physical() as bridge:
        for sku in ("S1", "S2"):
            await deliver(bridge, "stock", STOCK | {"sku": sku})
        body = {"items": [{"ref_id": "S1", "quantity": 1}, {"ref_id": "S2", "quantity": 2}]}
        order = str((await shop.control("orders", body))["orderId"])
        await order_reaches(bridge, order, "delivered")
        first, second = await newest(bridge), await newest(bridge, "S2@1_1")
    assert (first["why"], second["why"]) == (
        "sent 9: 10 in the warehouse, 1 in open orders",
        "sent 8: 10 in the warehouse, 2 in open orders",
    )


async def test_our_feed_of_the_other_policy_is_made_anew_and_a_foreign_one_is_not(
    physical: Physical, shop: RunningSandbox
) -> None:
    wanted = {"ready-for-handling", "cancellation-requested", "invoiced", "canceled", "replaced"}

    async def statuses() -> set[str]:
        return set((await as_staff(shop, "GET", FEED))["filter"]["status"])

    async def ours() -> bool:
        return await statuses() == wanted

    async with physical(vtex={"stock_policy": "as_sent"}):

        async def made() -> bool:
            return bool(await shop.effects("feed.configured"))

        await until(made, "there is a feed")
    async with physical():
        await until(ours, "the feed has the ends of orders too")
    await as_staff(shop, "POST", FEED, feed("payment-approved"))
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        assert await hints(bridge) == 0
    assert await statuses() == {"payment-approved"}


async def test_without_orders_the_policy_is_refused(migrated_sqlite_url: str, shop: RunningSandbox) -> None:
    with pytest.raises(ConfigurationError, match="needs the orders: an \\[erp\\] section"):
        async with running_bridge(migrated_sqlite_url, shop.url, vtex=POLICY, orders={"sources": []}):
            pass


async def test_a_changed_order_leaves_out_what_it_has_now(physical: Physical, shop: RunningSandbox) -> None:
    settings = {"rolloutConfiguration": {"enableApi": True}}
    await as_staff(shop, "PUT", f"/api/order-system/orders/changes/settings?an={ACCOUNT}", settings)
    other = {"ProductId": 1, "Name": "Azul", "RefId": "S2"}
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    sku = await as_staff(shop, "POST", SKUS, other | sizes)
    price = {"basePrice": 10, "costPrice": 5}
    await as_staff(shop, "PUT", f"/{ACCOUNT}/pricing/prices/{sku['Id']}", price)
    async with physical() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await opened(bridge, shop, 3)
        await has(shop, 7)
        fewer = {
            "from_items": [{"sku": "S1", "quantity": 3}],
            "to_items": [{"sku": "S1", "quantity": 1}, {"sku": "S2", "quantity": 1}],
        }
        change = {"order": order, "id": "C1", "reason": "Broken", "replace": [fewer]}
        await deliver(bridge, "order-change", change)
        await has(shop, 9)
        assert await open_items(bridge) == 2
        none = {"from_items": [{"sku": "S1", "quantity": 1}], "to_items": [{"sku": "S2", "quantity": 1}]}
        await deliver(bridge, "order-change", {**change, "id": "C2", "replace": [none]})
        await has(shop, 10)
        assert await open_items(bridge) == 1
