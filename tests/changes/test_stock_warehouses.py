"""stock: its warehouse is looked up in VTEX's list, which need not be readable."""

from collections.abc import Iterator

import pytest

from app.vtex.warehouses import Warehouses
from tests.changes.steps import calls, deliver, end, sku_in_store
from tests.running import RunningBridge, RunningSandbox

STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 5}
LIST = "/configuration/warehouses"


@pytest.fixture
def clock(bridge: RunningBridge) -> Iterator[list[float]]:
    """The seconds that have passed, of which the remembered list has heard."""
    warehouses: Warehouses = bridge.parts.shops["acme"].logistics.warehouses
    passed, real = [0.0], warehouses._clock  # noqa: SLF001  its clock is its own
    warehouses._clock = lambda: real() + passed[0]  # noqa: SLF001
    yield passed
    warehouses._clock = real  # noqa: SLF001


def warehouse(code: str, *, active: bool = True) -> dict[str, object]:
    return {"id": code, "name": code, "warehouseDocks": [], "pickupPointIds": [], "priority": 0} | {
        "isActive": active
    }


async def test_a_warehouse_that_vtex_does_not_have_fails_and_names_those_it_has(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    event = await end(bridge, "stock", STOCK | {"warehouse": "nowhere"}, "failed")
    assert event["why"] == (
        "VTEX has no warehouse nowhere; it has 1_1, sp: send one of them, or make it in VTEX, then replay"
    )
    assert (await sandbox.state())["inventory"] == []
    assert await calls(sandbox, "PATCH", "/quantity") == []


async def test_a_warehouse_that_was_made_since_is_found(
    bridge: RunningBridge, sandbox: RunningSandbox, clock: list[float]
) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "stock", STOCK)
    sandbox.app.state.store.warehouses["rio"] = warehouse("rio")
    clock[0] = 11
    await deliver(bridge, "stock", STOCK | {"warehouse": "rio"})
    assert [row["warehouseId"] for row in (await sandbox.state())["inventory"]] == ["1_1", "rio"]


async def test_the_list_is_read_once_and_again_after_some_minutes(
    bridge: RunningBridge, sandbox: RunningSandbox, clock: list[float]
) -> None:
    await sku_in_store(bridge)
    for quantity in range(1, 4):
        await deliver(bridge, "stock", STOCK | {"quantity": quantity})
    await end(bridge, "stock", STOCK | {"warehouse": "nowhere"}, "failed")
    await end(bridge, "stock", STOCK | {"warehouse": "nowhere_else"}, "failed")
    assert len(await calls(sandbox, "GET", LIST)) == 1
    clock[0] = 301
    await deliver(bridge, "stock", STOCK)
    assert len(await calls(sandbox, "GET", LIST)) == 2


async def test_another_case_is_the_same_warehouse_in_vtex_s_spelling(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    event = await deliver(bridge, "stock", STOCK | {"warehouse": "SP"})
    assert event["why"] == ("VTEX spells this warehouse sp: send it so, here two spellings are two entities")
    [call] = await calls(sandbox, "PATCH", "/quantity")
    assert call["path"].endswith("/warehouses/sp/quantity")


async def test_where_two_differ_in_nothing_but_case_the_exact_one_counts(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    sandbox.app.state.store.warehouses["SP"] = warehouse("SP")
    event = await deliver(bridge, "stock", STOCK | {"warehouse": "SP"})
    assert event["why"] is None
    failed = await end(bridge, "stock", STOCK | {"warehouse": "Sp"}, "failed")
    assert "it has 1_1, SP, sp" in failed["why"]


async def test_an_inactive_warehouse_is_written_and_said(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    sandbox.app.state.store.warehouses["old"] = warehouse("old", active=False)
    event = await deliver(bridge, "stock", STOCK | {"warehouse": "old"})
    assert event["why"] == "warehouse old is inactive in VTEX: nothing of it is sold until it is activated"


@pytest.mark.parametrize("status", [403, 500, 404])
async def test_a_list_that_cannot_be_read_holds_up_no_stock(
    bridge: RunningBridge, sandbox: RunningSandbox, status: int
) -> None:
    await sku_in_store(bridge)
    await sandbox.control("faults", {"action": "status", "status": status, "path_regex": LIST, "times": 99})
    for quantity in (5, 6):
        await deliver(bridge, "stock", STOCK | {"quantity": quantity})
    assert (await sandbox.state())["inventory"][0]["totalQuantity"] == 6
    event = await end(bridge, "stock", STOCK | {"warehouse": "nowhere"}, "failed")
    assert event["why"].startswith("VTEX logistics (write quantity) refused it with 400")


async def test_keys_that_are_refused_write_nothing_unchecked(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    await sandbox.control("faults", {"action": "status", "status": 401, "path_regex": LIST})
    event = await end(bridge, "stock", STOCK, "retrying")
    assert "refused the app key or token" in event["why"]
    assert await calls(sandbox, "PATCH", "/quantity") == []
