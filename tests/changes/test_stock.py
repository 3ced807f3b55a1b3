"""stock: the physical total of a warehouse; the lead time belongs to the store."""

import asyncio

import pytest

from tests.changes.steps import as_staff, calls, deliver, end, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox

STOCK = "/api/logistics/pvt/inventory/skus/1001/warehouses/1_1"


async def test_stock_waits_for_its_sku_by_name(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    event = await end(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 5}, "waiting")
    assert event["why"].startswith("SKU S1 is not in VTEX yet; it is sent as soon as the SKU is")
    await sku_in_store(bridge)
    await bridge.reaches(event["id"], "delivered")
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 5


async def test_a_lock_is_tried_again_until_the_quantity_is_there(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await sandbox.control("settings", {"stock_write_seconds": 1.5})
    by_hand = asyncio.create_task(
        as_staff(sandbox, "PUT", STOCK, {"quantity": 1, "unlimitedQuantity": False, "leadTime": "1.00:00:00"})
    )
    await asyncio.sleep(0.3)
    event = await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 9})
    await by_hand
    assert "423" in str(event["attempts"][0]["reason"])
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 9


async def test_after_a_lock_the_newest_quantity_is_sent(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    locked = {"action": "status", "status": 423, "method": "PATCH", "path_regex": "/quantity$"}
    await sandbox.control("faults", locked)
    older = await end(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 5}, "retrying")
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 9})
    await bridge.reaches(older["id"], "superseded")
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 9
    assert len(await calls(sandbox, "PATCH", "/quantity")) == 1


async def test_a_quantity_is_written_and_zero_is_one(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    for quantity in (25, 0):
        await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": quantity})
        assert (await record(sandbox, "inventory"))["totalQuantity"] == quantity


async def test_unlimited_is_kept_until_it_is_taken_back(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    stock = {"sku": "S1", "warehouse": "1_1", "quantity": 3}
    await deliver(bridge, "stock", stock | {"unlimited": True})
    await deliver(bridge, "stock", stock | {"quantity": 4})
    assert (await record(sandbox, "inventory"))["hasUnlimitedQuantity"] is True
    await deliver(bridge, "stock", stock | {"unlimited": False})
    stored = await record(sandbox, "inventory")
    assert (stored["hasUnlimitedQuantity"], stored["totalQuantity"]) == (False, 3)


@pytest.mark.parametrize(("chosen", "warehouse"), [(True, "sp"), (True, "SP"), (False, "sp")])
async def test_what_the_team_chose_of_unlimited_survives_an_erp_that_never_mentions_it(
    bridge: RunningBridge, sandbox: RunningSandbox, *, chosen: bool, warehouse: str
) -> None:
    await sku_in_store(bridge)
    for place, unlimited in (("1_1", not chosen), ("sp", chosen)):
        by_hand = {"quantity": 1, "unlimitedQuantity": unlimited, "leadTime": "1.00:00:00"}
        await as_staff(sandbox, "PUT", STOCK.replace("1_1", place), by_hand)
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": warehouse, "quantity": 7})
    stored = {row["warehouseId"]: row for row in (await sandbox.state())["inventory"]}
    assert stored["sp"]["hasUnlimitedQuantity"] is chosen


async def test_only_an_erp_without_opinion_of_unlimited_costs_a_read(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    stock = {"sku": "S1", "warehouse": "1_1"}
    await deliver(bridge, "stock", stock | {"quantity": 1})
    assert len(await calls(sandbox, "GET", "/inventory/")) == 1
    await deliver(bridge, "stock", stock | {"quantity": 1, "unlimited": False})
    await deliver(bridge, "stock", stock | {"quantity": 2})
    assert len(await calls(sandbox, "GET", "/inventory/")) == 1
    assert len(await calls(sandbox, "PATCH", "/quantity")) == 3


async def test_an_inventory_that_cannot_be_read_writes_nothing(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    """As "not unlimited" it would take back what the team chose."""
    await sku_in_store(bridge)
    by_hand = {"quantity": 1, "unlimitedQuantity": True, "leadTime": "1.00:00:00"}
    await as_staff(sandbox, "PUT", STOCK, by_hand)
    page = {"action": "status", "status": 200, "body": "<html>", "path_regex": "/inventory/"}
    await sandbox.control("faults", page)
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 7})
    assert (await record(sandbox, "inventory"))["hasUnlimitedQuantity"] is True


async def test_the_lead_time_of_the_store_survives(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    by_hand = {"quantity": 1, "unlimitedQuantity": False, "leadTime": "3.06:00:00"}
    await as_staff(sandbox, "PUT", STOCK, by_hand)
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 7})
    stored = await record(sandbox, "inventory")
    assert (stored["leadTime"], stored["totalQuantity"]) == ("3.06:00:00", 7)


@pytest.mark.parametrize("warehouse", ["1_1", "sp"])
async def test_each_warehouse_has_its_own_quantity(
    bridge: RunningBridge, sandbox: RunningSandbox, warehouse: str
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": warehouse, "quantity": 7})
    stored = await record(sandbox, "inventory")
    assert (stored["warehouseId"], stored["totalQuantity"]) == (warehouse, 7)


async def test_the_same_quantity_again_makes_no_call(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    stock = {"sku": "S1", "warehouse": "1_1", "quantity": 7}
    await deliver(bridge, "stock", stock)
    sandbox.app.state.journal.clear()
    await end(bridge, "stock", stock, "unchanged")
    assert (await sandbox.client.get("/sandbox/journal")).json() == []


async def test_after_an_unknown_outcome_the_quantity_is_sent_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await sandbox.control("faults", {"action": "reset_after", "method": "PATCH"})
    await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 7})
    assert len(await calls(sandbox, "PATCH", "/quantity")) == 2
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 7


async def test_back_to_what_was_acknowledged_after_an_unanswered_other_is_written_again(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    stock = {"sku": "S1", "warehouse": "1_1"}
    await deliver(bridge, "stock", stock | {"quantity": 5})
    await sandbox.control("faults", {"action": "reset_after", "method": "PATCH", "times": 2})
    [other] = await bridge.post("stock", stock | {"quantity": 10})
    await bridge.reaches(other, "retrying")
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 10
    await deliver(bridge, "stock", stock | {"quantity": 5})
    assert (await record(sandbox, "inventory"))["totalQuantity"] == 5
