"""invoice: each number takes effect once, and only where VTEX takes it."""

import pytest

from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import deliver, end, make_due, sku_in_store
from tests.running import RunningBridge, RunningSandbox

ANEW = "send what it says anew, as why says: a replay of this event would meet the same"


async def test_an_unknown_order_fails(shop: RunningBridge) -> None:
    event = await end(shop, "invoice", invoice("9-01"), "failed")
    assert event["why"] == "VTEX has no order 9-01; check the order id"


async def test_an_unknown_item_fails_and_the_orders_own_are_named(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    items = [{"sku": "S9", "quantity": 1, "price": "1"}]
    event = await end(shop, "invoice", invoice(order, items=items), "failed")
    assert event["why"] == f"order {order} has no item S9; it has S1"
    assert (await stored(sandbox))["packages"] == []


async def test_a_canceled_order_fails(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await sandbox.control(f"orders/{order}/cancel", {})
    event = await end(shop, "invoice", invoice(order), "failed")
    assert "is canceled in VTEX; it cannot be invoiced" in event["why"]


async def test_a_replaced_order_fails(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await sandbox.control(f"orders/{order}/status", {"status": "replaced"})
    assert "is replaced in VTEX" in (await end(shop, "invoice", invoice(order), "failed"))["why"]


async def test_the_same_number_with_another_value_fails_with_both(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    event = await end(shop, "invoice", invoice(order, value="229.91"), "failed")
    assert "24382 is already in VTEX with a value of 229.90, this one says 229.91" in event["why"]
    assert event["next"] == ANEW
    assert len((await stored(sandbox))["packages"]) == 1


async def test_the_number_of_a_sale_cannot_be_a_return_too(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    event = await end(shop, "invoice", invoice(order, type="input"), "failed")
    assert "24382 is already in VTEX as Output" in event["why"]
    assert event["next"] == ANEW


async def test_more_than_the_order_is_worth_fails_with_vtexs_words(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    event = await end(shop, "invoice", invoice(order, value="229.91"), "failed")
    assert "exceed the value of the order" in event["why"]
    assert "{" not in event["why"]


@pytest.mark.parametrize("status", ["waiting-for-fulfillment", "ready-for-invoicing"])
async def test_an_order_that_is_picked_and_packed_is_in_handling(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    order = await bought(sandbox)
    await sandbox.control(f"orders/{order}/status", {"status": status})
    await deliver(shop, "invoice", invoice(order))


@pytest.mark.parametrize("status", ["payment-approved", "window-to-cancel", "ready-for-handling"])
async def test_before_handling_an_invoice_waits(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    order = await bought(sandbox, status)
    event = await end(shop, "invoice", invoice(order), "waiting")
    assert f"order {order} is {status} in VTEX" in event["why"]
    await sandbox.control(f"orders/{order}/status", {"status": "handling"})
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
    assert (await stored(sandbox))["status"] == "invoiced"


@pytest.mark.parametrize(
    "status", ["request-cancel", "cancellation-requested", "waiting-for-seller-decision"]
)
async def test_while_a_cancellation_is_decided_an_invoice_waits(
    shop: RunningBridge, sandbox: RunningSandbox, status: str
) -> None:
    order = await bought(sandbox)
    await sandbox.control(f"orders/{order}/status", {"status": status})
    event = await end(shop, "invoice", invoice(order), "waiting")
    assert "it is invoiced if it is not canceled" in event["why"]


async def test_in_the_moment_of_start_handling_an_invoice_is_tried_again(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox, "start-handling")
    event = await end(shop, "invoice", invoice(order), "retrying")
    await sandbox.control(f"orders/{order}/status", {"status": "handling"})
    await shop.reaches(event["id"], "delivered")


async def test_a_return_waits_until_all_is_invoiced(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    returned = await end(shop, "invoice", invoice(order, number="R1", type="input"), "waiting")
    assert "a return is accepted once it is invoiced" in returned["why"]
    await deliver(shop, "invoice", invoice(order))
    await make_due(shop)
    await shop.reaches(returned["id"], "delivered")
    assert [package["type"] for package in (await stored(sandbox))["packages"]] == ["Output", "Input"]


async def test_an_invoice_arrives_as_vtex_wants_it(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    extra = {"access_key": "4" * 44, "url": "https://erp.example.com/nf.pdf", "courier": "Correios"}
    tracked = {"tracking_number": "BR1", "tracking_url": "https://track.example.com/BR1"}
    await deliver(shop, "invoice", invoice(order, **extra, **tracked))
    [package] = (await stored(sandbox))["packages"]
    assert package["invoiceValue"] == 22990
    assert package["items"][0]["price"] == 11000
    assert package["issuanceDate"] == "2026-11-23T10:00:00-03:00"
    assert (package["invoiceKey"], package["courier"]) == ("4" * 44, "Correios")
    assert (package["trackingNumber"], package["trackingUrl"]) == ("BR1", "https://track.example.com/BR1")


async def test_an_item_may_be_named_by_vtexs_id(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    items = [{"vtex_sku_id": 1001, "quantity": 2, "price": "110"}]
    await deliver(shop, "invoice", invoice(order, items=items))
    assert (await stored(sandbox))["status"] == "invoiced"


async def test_partial_invoices_end_the_order_when_they_add_up(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    one = [{"sku": "S1", "quantity": 1, "price": "110"}]
    first = await end(shop, "invoice", invoice(order, number="A1", value="119.90", items=one), "delivered")
    assert first["why"].startswith(
        "the order's invoices add up to 119.90 of 229.90: VTEX calls it invoiced when"
    )
    assert (await stored(sandbox))["status"] == "handling"
    await sandbox.control(f"orders/{order}/status", {"status": "payment-approved"})
    second = await end(shop, "invoice", invoice(order, number="A2", value="110.00", items=one), "delivered")
    assert second["why"] is None
    assert (await stored(sandbox))["status"] == "invoiced"


async def test_the_same_number_and_value_again_succeeds_without_a_second_effect(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    await deliver(shop, "invoice", invoice(order))
    assert len(await sandbox.effects("order.invoiced")) == 1


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_an_invoice_whose_answer_never_came_is_there_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
        order = await bought(sandbox)
        fault = {"action": action, "method": "POST", "path_regex": "/invoice$", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "invoice", invoice(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len((await stored(sandbox))["packages"]) == 1
    posts = [call for call in event["attempts"][1]["calls"] if call["method"] == "POST"]
    assert posts == []


async def test_an_order_read_that_answers_a_login_page_refuses_nothing(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    page = {"action": "status", "status": 200, "body": "<html>", "path_regex": f"/orders/{order}$"}
    await sandbox.control("faults", page)
    await deliver(shop, "invoice", invoice(order))
    assert (await stored(sandbox))["status"] == "invoiced"
