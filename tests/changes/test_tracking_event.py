"""tracking-event: each is in VTEX once, and none takes back the delivery."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import deliver, end, make_due, sku_in_store
from tests.running import RunningBridge, RunningSandbox

TRACKED = {"courier": "Correios", "tracking_number": "BR1"}


def happened(order: str, **changes: Any) -> dict[str, Any]:
    return {
        "order": order,
        "invoice": "24382",
        "description": "A caminho de Curitiba",
        "occurred_at": "2026-11-24T10:00:00-03:00",
        "city": "Sao Paulo",
        "state": "SP",
        **changes,
    }


async def courier_status(sandbox: RunningSandbox) -> dict[str, Any]:
    [package] = (await stored(sandbox))["packages"]
    found: dict[str, Any] = package["courierStatus"]
    return found


async def sent(shop: RunningBridge, sandbox: RunningSandbox) -> str:
    """An order whose parcel is on its way."""
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order, **TRACKED))
    return order


async def test_a_delivery_date_without_delivery_is_refused(shop: RunningBridge) -> None:
    undelivered = happened("1-01", delivered_at="2026-11-24T10:00:00-03:00")
    answer = await shop.client.post("/v1/changes/tracking-event", json=undelivered)
    assert answer.status_code == 422
    assert "delivered_at needs delivered: true" in answer.text


async def test_a_moment_without_a_zone_is_refused(shop: RunningBridge) -> None:
    zoneless = happened("1-01", occurred_at="2026-11-24T10:00:00")
    answer = await shop.client.post("/v1/changes/tracking-event", json=zoneless)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/occurred_at"


async def test_it_waits_for_the_invoice_then_for_the_tracking(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    event = await end(shop, "tracking-event", happened(order), "waiting")
    assert f"invoice {order}/24382" in event["next"]
    await deliver(shop, "invoice", invoice(order))
    await deliver(shop, "tracking", {"order": order, "invoice": "24382", "number": "BR1"})
    await shop.reaches(event["id"], "delivered")
    assert len((await courier_status(sandbox))["data"]) == 1


async def test_without_a_tracking_number_it_names_the_tracking_that_it_waits_for(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    event = await end(shop, "tracking-event", happened(order), "waiting")
    assert event["why"].startswith(f"invoice 24382 of order {order} has no tracking number in VTEX yet")
    assert f"tracking {order}/24382" in event["next"]


async def test_events_add_up_and_delivery_ends_them(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await sent(shop, sandbox)
    await deliver(shop, "tracking-event", happened(order))
    first = await courier_status(sandbox)
    assert (first["finished"], first["deliveredDate"]) == (False, None)
    delivered = {"description": "Entregue", "occurred_at": "2026-11-25T11:12:00-03:00", "delivered": True}
    await deliver(shop, "tracking-event", happened(order, **delivered))
    last = await courier_status(sandbox)
    # 11:12 at -03:00, in UTC.
    assert (last["finished"], last["deliveredDate"]) == (True, "2026-11-25 14:12")
    assert [each["description"] for each in last["data"]] == ["A caminho de Curitiba", "Entregue"]
    assert last["data"][0]["city"] == "Sao Paulo"


async def test_a_late_event_does_not_take_back_the_delivery(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await sent(shop, sandbox)
    delivered = {"description": "Entregue", "delivered": True, "delivered_at": "2026-11-25T09:05:00Z"}
    await deliver(shop, "tracking-event", happened(order, **delivered))
    await deliver(shop, "tracking-event", happened(order))
    status = await courier_status(sandbox)
    assert (status["finished"], status["deliveredDate"]) == (True, "2026-11-25 09:05")
    assert len(status["data"]) == 2


async def test_the_same_event_again_writes_nothing(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await sent(shop, sandbox)
    first = await deliver(shop, "tracking-event", happened(order))
    again = await deliver(shop, "tracking-event", happened(order, occurred_at="2026-11-24T13:00:00Z"))
    assert first["key"] == again["key"]
    assert len((await courier_status(sandbox))["data"]) == 1
    assert len(await sandbox.effects("order.tracking-events")) == 1


async def test_an_event_that_turns_out_to_be_the_delivery_is_not_added_again(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await sent(shop, sandbox)
    await deliver(shop, "tracking-event", happened(order))
    await deliver(shop, "tracking-event", happened(order, delivered=True))
    status = await courier_status(sandbox)
    assert status["finished"] is True
    assert len(status["data"]) == 1


@pytest.mark.parametrize("change", [{"city": "Santos"}, {"occurred_at": "2026-11-24T10:00:01-03:00"}])
async def test_another_place_or_moment_is_another_event(
    shop: RunningBridge, sandbox: RunningSandbox, change: dict[str, str]
) -> None:
    order = await sent(shop, sandbox)
    await deliver(shop, "tracking-event", happened(order))
    await deliver(shop, "tracking-event", happened(order, **change))
    assert len((await courier_status(sandbox))["data"]) == 2


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_an_event_whose_answer_never_came_is_there_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
        order = await sent(bridge, sandbox)
        fault = {"action": action, "method": "PUT", "path_regex": "/tracking$", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "tracking-event", happened(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len((await courier_status(sandbox))["data"]) == 1


async def test_a_missing_permission_is_named(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await sent(shop, sandbox)
    fault = {"action": "status", "status": 403, "method": "PUT", "path_regex": "/tracking$"}
    await sandbox.control("faults", fault)
    event = await end(shop, "tracking-event", happened(order), "retrying")
    assert "Notify invoice" in event["why"]
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
