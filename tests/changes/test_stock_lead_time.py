"""stock: the lead time if the ERP has an opinion of it, and when the balance was taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.changes.stock import StockChange, fold_stock
from app.queue.folding import Registers, Saying
from tests.changes.steps import as_staff, calls, deliver, end, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox

STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 5}
BALANCE = "/api/logistics/pvt/inventory/skus/1001/warehouses/1_1"


@pytest.mark.parametrize(
    "lead_time", ["78:00:00", "3", "1.24:00:00", "1.00:60:00", "1.0:00:00", "P3D", "", "-1.00:00:00"]
)
def test_a_lead_time_without_its_days_or_of_another_form_is_refused(lead_time: str) -> None:
    with pytest.raises(ValueError, match=r"as D\.HH:MM:SS, such as 3\.06:00:00; the days are never left out"):
        StockChange.model_validate(STOCK | {"lead_time": lead_time})


def test_days_alone_as_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="valid string"):
        StockChange.model_validate(STOCK | {"lead_time": 3})


@pytest.mark.parametrize(
    ("lead_time", "stored"),
    [("3.06:00:00", "3.06:00:00"), ("0.12:30:00", "12:30:00"), ("78.00:00:00", "78.00:00:00")],
)
async def test_a_lead_time_is_written_with_its_days(
    bridge: RunningBridge, sandbox: RunningSandbox, lead_time: str, stored: str
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK | {"lead_time": lead_time})
    balance = await record(sandbox, "inventory")
    assert (balance["leadTime"], balance["totalQuantity"]) == (stored, 5)


async def test_it_is_written_again_only_when_vtex_has_another(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK | {"lead_time": "0.12:00:00"})
    await deliver(bridge, "stock", STOCK | {"quantity": 6, "lead_time": "0.12:00:00"})
    await deliver(bridge, "stock", STOCK | {"quantity": 7})
    assert len(await calls(sandbox, "PATCH", "/lead-time")) == 1
    await deliver(bridge, "stock", STOCK | {"quantity": 7, "lead_time": "1.12:00:00"})
    assert (await record(sandbox, "inventory"))["leadTime"] == "1.12:00:00"


async def test_null_is_no_lead_time(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    by_hand = {"quantity": 1, "unlimitedQuantity": False, "leadTime": "3.06:00:00"}
    await as_staff(sandbox, "PUT", BALANCE, by_hand)
    await deliver(bridge, "stock", STOCK | {"lead_time": None})
    assert (await record(sandbox, "inventory"))["leadTime"] == "00:00:00"


async def test_unlimited_of_the_team_survives_an_erp_that_sends_lead_times(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    by_hand = {"quantity": 1, "unlimitedQuantity": True, "leadTime": "3.06:00:00"}
    await as_staff(sandbox, "PUT", BALANCE, by_hand)
    await deliver(bridge, "stock", STOCK | {"lead_time": "1.00:00:00"})
    balance = await record(sandbox, "inventory")
    assert (balance["hasUnlimitedQuantity"], balance["leadTime"]) == (True, "1.00:00:00")


async def test_a_lead_time_that_fails_is_tried_again(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    locked = {"action": "status", "status": 423, "method": "PATCH", "path_regex": "/lead-time$"}
    await sandbox.control("faults", locked)
    await deliver(bridge, "stock", STOCK | {"lead_time": "1.00:00:00"})
    assert (await record(sandbox, "inventory"))["leadTime"] == "1.00:00:00"


async def test_when_it_was_counted_goes_to_vtex_in_utc(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK | {"counted_at": "2026-11-24T07:30:00-03:00"})
    [written] = await sandbox.effects("stock.patched")
    assert written["effect"]["counted_at"] == "2026-11-24T10:30:00+00:00"


async def test_the_same_quantity_counted_again_is_no_news(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK | {"counted_at": "2026-11-24T10:00:00Z"})
    await end(bridge, "stock", STOCK | {"counted_at": "2026-11-24T11:00:00Z"}, "unchanged")
    assert len(await calls(sandbox, "PATCH", "/quantity")) == 1


async def test_a_quantity_without_a_time_does_not_go_with_that_of_another(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK | {"counted_at": "2026-11-24T10:00:00Z"})
    await deliver(bridge, "stock", STOCK | {"quantity": 6})
    assert [each["effect"]["counted_at"] for each in await sandbox.effects("stock.patched")][-1] is None


@given(st.permutations([(version, with_time) for version in range(3) for with_time in (True, False)]))
def test_the_time_of_the_balance_is_that_of_the_quantity_in_any_order(
    arriving: list[tuple[int, bool]],
) -> None:
    registers = Registers()
    for version, with_time in arriving:
        change = {"quantity": 2 * version + with_time} | ({"counted_at": str(version)} if with_time else {})
        fold_stock(registers, change, Saying(2 * version + with_time, given=True))
        registers = Registers(registers.desired, registers.stamps)
    assert registers.desired == {"quantity": 5, "counted_at": "2"}
