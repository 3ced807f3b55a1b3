"""cancellation and its denial: done when VTEX shows it, refused with the numbers where VTEX cannot."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import as_staff, calls, deliver, end, make_due, sku_in_store
from tests.running import RunningBridge, RunningSandbox

ONE = [{"sku": "S1", "quantity": 1, "price": "110.00"}]


def cancellation(order: str, reason: str = "Out of stock") -> dict[str, Any]:
    return {"order": order, "reason": reason}


async def moved(sandbox: RunningSandbox, order: str, status: str) -> None:
    await sandbox.control(f"orders/{order}/status", {"status": status})


async def test_it_needs_a_reason(shop: RunningBridge) -> None:
    answer = await shop.client.post("/v1/changes/cancellation", json={"order": "1-01", "reason": " "})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


async def test_an_unknown_order_fails(shop: RunningBridge) -> None:
    event = await end(shop, "cancellation", cancellation("9-01"), "failed")
    assert event["why"] == "VTEX has no order 9-01; check the order id"


async def test_a_partly_invoiced_order_is_refused_with_the_numbers_and_nothing_is_sent(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order, number="A1", value="119.90", items=ONE))
    event = await end(shop, "cancellation", cancellation(order), "failed")
    assert event["why"].startswith(f"order {order} is invoiced in VTEX: 119.90 of 229.90 by A1.")
    assert "invoice the rest, then send the return" in event["why"]
    assert await calls(sandbox, "POST", "/cancel") == []


async def test_it_is_done_when_vtex_shows_it(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "cancellation", cancellation(order))
    found = await stored(sandbox)
    assert (found["status"], found["cancel_reason"]) == ("canceled", "Out of stock")


async def test_what_vtex_took_but_has_not_done_yet_is_waited_for(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    taken = {"action": "status", "status": 200, "method": "POST", "path_regex": "/cancel$"}
    await sandbox.control("faults", taken)
    event = await end(shop, "cancellation", cancellation(order), "waiting")
    assert event["why"] == (
        f"VTEX was asked to cancel order {order}, which is still handling;"
        " it is done when VTEX shows it as canceled"
    )
    await sandbox.control(f"orders/{order}/cancel", {})
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
    # The canceled order was read, and not canceled again.
    assert len(await calls(sandbox, "POST", f"/orders/{order}/cancel")) == 1


async def test_where_vtex_wants_to_be_asked_twice_it_is(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    await sandbox.control("settings", {"cancel_in_two_steps": True})
    order = await bought(sandbox)
    event = await end(shop, "cancellation", cancellation(order), "waiting")
    assert "which is still cancellation-requested" in event["why"]
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
    assert (await stored(sandbox))["status"] == "canceled"


async def test_a_repeat_is_a_success_without_a_request(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "cancellation", cancellation(order))
    await deliver(shop, "cancellation", cancellation(order, "Lost"))
    assert len(await sandbox.effects("order.canceled")) == 1
    assert (await stored(sandbox))["cancel_reason"] == "Out of stock"


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_a_cancellation_whose_answer_never_came_happens_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
        order = await bought(sandbox)
        fault = {"action": action, "method": "POST", "path_regex": "/cancel$", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "cancellation", cancellation(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len(await sandbox.effects("order.canceled")) == 1


async def test_a_missing_permission_is_named(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    fault = {"action": "status", "status": 403, "method": "POST", "path_regex": "/cancel$"}
    await sandbox.control("faults", fault)
    event = await end(shop, "cancellation", cancellation(order), "retrying")
    assert "Cancel order" in event["why"]


async def test_an_invoice_that_was_sent_before_its_order_was_canceled_fails(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "cancellation", cancellation(order))
    event = await end(shop, "invoice", invoice(order), "failed")
    assert "is canceled in VTEX; it cannot be invoiced" in event["why"]


@pytest.mark.parametrize("before", ["ready-for-handling", "handling"])
async def test_a_denied_cancellation_puts_the_order_back_where_it_was(
    shop: RunningBridge, sandbox: RunningSandbox, before: str
) -> None:
    order = await bought(sandbox, before)
    await moved(sandbox, order, "cancellation-requested")
    await deliver(shop, "cancellation-denial", cancellation(order, "Already shipped"))
    assert (await stored(sandbox))["status"] == before
    document = await as_staff(sandbox, "GET", f"/api/oms/pvt/orders/{order}")
    [request] = document["cancellationRequests"]
    assert (request["deniedBySeller"], request["deniedBySellerReason"]) == (True, "Already shipped")


async def test_a_second_request_is_denied_by_its_own_id(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    for reason in ("Already shipped", "Still shipped"):
        await moved(sandbox, order, "cancellation-requested")
        await deliver(shop, "cancellation-denial", cancellation(order, reason))
    assert len(await sandbox.effects("order.cancellation-denied")) == 2


async def test_a_denial_that_came_too_late_fails_though_an_earlier_one_had_the_same_reason(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await moved(sandbox, order, "cancellation-requested")
    await deliver(shop, "cancellation-denial", cancellation(order))
    await moved(sandbox, order, "cancellation-requested")
    await moved(sandbox, order, "canceled")
    event = await end(shop, "cancellation-denial", cancellation(order), "failed")
    assert event["why"] == f"order {order} is canceled in VTEX: its cancellation can no longer be denied"


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_a_denial_whose_answer_never_came_happens_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
        order = await bought(sandbox)
        await moved(sandbox, order, "cancellation-requested")
        fault = {"action": action, "method": "POST", "path_regex": "/deny-", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "cancellation-denial", cancellation(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len(await sandbox.effects("order.cancellation-denied")) == 1
