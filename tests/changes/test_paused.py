"""A broken API is shown in its events, rests alone, and is gone on with when it is well."""

from app.changes import KINDS
from tests.changes.conftest import Starting
from tests.changes.steps import deliver, end, record, sku_in_store
from tests.running import RunningSandbox, until


async def test_a_paused_api_is_named_and_gone_on_with(starting: Starting, sandbox: RunningSandbox) -> None:
    async with starting(delivery={"breaker_failures": 2, "breaker_base_seconds": 6}) as bridge:
        await sku_in_store(bridge)
        broken = {"action": "status", "status": 500, "method": "PUT", "path_regex": "/pricing/", "times": 2}
        await sandbox.control("faults", broken)
        [price] = await bridge.post("price", {"sku": "S1", "base": "10"})

        async def named() -> bool:
            return "VTEX pricing is paused until" in str((await bridge.event(price)).get("why"))

        await until(named, "the pause is shown")
        assert bridge.parts.resting_kinds() == {("acme", "price")}
        # Another API of the same store goes on meanwhile.
        await deliver(bridge, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 3, "unlimited": False})
        assert bridge.parts.resting_kinds() == {("acme", "price")}
        await bridge.reaches(price, "delivered")
        assert bridge.parts.resting_kinds() == frozenset()
    assert (await record(sandbox, "prices"))["basePrice"] == 10


async def test_refused_keys_hold_all_kinds_but_the_orders_way_to_the_erp(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    async with starting() as bridge:
        await sandbox.control("faults", {"action": "status", "status": 401, "path_regex": "/api/catalog"})
        await end(bridge, "product", {"code": "P1", "name": "Vaso"}, "retrying")
        held = {kind for _, kind in bridge.parts.resting_kinds()}
    assert held == {*KINDS, "start-handling"}
