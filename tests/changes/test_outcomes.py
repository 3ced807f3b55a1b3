"""Outcomes: an ERP that wants it hears how each of its changes ended; who does not want it hears nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.orders.erasure import erase
from app.queue.store.stripping import Stripped
from tests.changes.ordering import bought
from tests.changes.steps import SKU, deliver, end, sku_in_store
from tests.orders.stored import everything, found_in
from tests.running import RunningBridge, RunningSandbox, running_bridge, until

WANTED: dict[str, Any] = {"orders": {"sources": []}, "erp": {"report_outcomes": True}}


@pytest.fixture
async def bridge(migrated_database_url: str, sandbox: RunningSandbox) -> AsyncIterator[RunningBridge]:
    async with running_bridge(migrated_database_url, sandbox.url, **WANTED) as running:
        yield running


async def outcome_of(sandbox: RunningSandbox, event: dict[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def told() -> bool:
        bodies = [each["body"] for each in await sandbox.received()]
        found[:] = [body for body in bodies if body.get("change", {}).get("id") == event["id"]]
        return bool(found)

    await until(told, f"the outcome of {event['kind']} {event['key']} is told")
    [only] = found
    return only


async def test_a_change_that_failed_is_told_with_the_reason(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    refused = {"action": "status", "status": 400, "body": '"Price is odd"', "path_regex": "/pricing/prices/"}
    await sandbox.control("faults", refused | {"method": "PUT"})
    event = await end(bridge, "price", {"sku": "S1", "base": "110.00"}, "failed")
    told = await outcome_of(sandbox, event)
    assert (told["version"], told["type"]) == (1, "change.failed")
    assert told["change"] == {
        "id": event["id"],
        "kind": "price",
        "key": "S1",
        "status": "failed",
        "reason": event["why"],
        "ended_at": told["change"]["ended_at"],
        "vtex_ids": {"sku": 1001},
    }


async def test_a_change_that_was_applied_is_told_with_vtexs_ids(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(bridge)
    changed = SKU | {"name": "Vaso Azul"}
    told = await outcome_of(sandbox, await deliver(bridge, "sku", changed))
    assert told["type"] == "change.delivered"
    assert told["change"]["vtex_ids"] == {"product": 1, "sku": 1001}
    told = await outcome_of(sandbox, await end(bridge, "sku", changed, "unchanged"))
    assert (told["type"], told["change"]["reason"]) == ("change.unchanged", None)


async def test_a_replayed_change_is_told_again_with_an_id_of_its_own(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(bridge, "invoice", INVOICE, "failed")
    await outcome_of(sandbox, event)
    await bridge.client.post(f"/v1/events/{event['id']}/replay")

    async def twice() -> bool:
        told = [each for each in await sandbox.received() if each["body"]["change"]["id"] == event["id"]]
        return len({each["webhook_id"] for each in told}) == 2

    await until(twice, "it is told again")


INVOICE = {
    "order": "9999999999999-01",
    "type": "output",
    "number": "1",
    "value": "10.00",
    "issued_at": "2026-11-26T10:00:00Z",
    "items": [{"sku": "S1", "quantity": 1, "price": "10.00"}],
}


async def test_an_erp_that_does_not_want_outcomes_hears_none(
    migrated_sqlite_url: str, sandbox: RunningSandbox
) -> None:
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}) as bridge:
        await sku_in_store(bridge)
        listed = await bridge.client.get("/v1/events", params={"kind": "outcome"})
    assert listed.json()["events"] == []
    assert await sandbox.received() == []


async def test_outcomes_wait_for_an_erp_that_is_down(
    migrated_sqlite_url: str, sandbox: RunningSandbox
) -> None:
    away = {"erp": {"report_outcomes": True, "callback_url": "http://127.0.0.1:9/orders"}}
    async with running_bridge(migrated_sqlite_url, sandbox.url, **(WANTED | away)) as bridge:
        await sku_in_store(bridge)
    async with running_bridge(migrated_sqlite_url, sandbox.url, **WANTED):

        async def both() -> bool:
            return {each["body"]["change"]["kind"] for each in await sandbox.received()} == {"product", "sku"}

        await until(both, "both are told when it is back", seconds=40)


async def test_of_an_erased_order_no_outcome_keeps_a_reason(
    bridge: RunningBridge, sandbox: RunningSandbox, migrated_database_url: str
) -> None:
    """VTEX's words may be what they were said of."""
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
    order = await bought(sandbox)
    echo = {"action": "status", "status": 400, "body": '"Maria Canaria moved"', "path_regex": "/cancel$"}
    await sandbox.control("faults", echo | {"method": "POST"})
    event = await end(bridge, "cancellation", {"order": order, "reason": "Maria Canaria moved"}, "failed")
    assert "Maria Canaria" in (await outcome_of(sandbox, event))["change"]["reason"]
    assert isinstance(await erase(bridge.parts.store, "acme", order, force=False), Stripped)
    stored = await everything(bridge.parts.database, migrated_database_url)
    assert found_in(stored, ["Maria Canaria"]) == []
    found = await bridge.parts.store.read.below("acme", {"outcome"}, f"cancellation/{order}", 10)
    assert ["reason" in each.payload["change"] for each in found] == [False]
