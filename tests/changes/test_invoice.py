"""invoice: each number takes effect once, and only where VTEX takes it."""

from unittest.mock import ANY

import pytest
from pydantic import ValidationError

from app.changes import invoice_ledger
from app.changes.invoice import InvoiceChange
from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import calls, deliver, end, make_due, sku_in_store
from tests.running import RunningBridge, RunningSandbox

ONE = [{"sku": "S1", "quantity": 1, "price": "110.00"}]
#: The example of the NF-e's manual (5.4).
NFE = "52060433009911002506550120000007800267301615"
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


async def test_more_than_the_order_is_worth_fails_with_the_numbers(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    event = await end(shop, "invoice", invoice(order, value="229.91"), "failed")
    assert event["why"] == ("invoice 24382 of 229.91 is too much: 229.90 was ordered, so 229.90 is left")
    await deliver(shop, "invoice", invoice(order, number="A1", value="119.90", items=ONE))
    event = await end(shop, "invoice", invoice(order, number="A2", value="110.01", items=ONE), "failed")
    assert event["why"] == (
        "invoice A2 of 110.01 is too much: 229.90 was ordered, 119.90 of it invoiced by A1, so 110.00 is left"
    )
    assert await calls(sandbox, "POST", "/invoice") == [ANY]


async def test_more_items_than_were_ordered_fail_with_the_numbers(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    three = [*ONE, {"sku": "S1", "quantity": 2, "price": "110.00"}]
    event = await end(shop, "invoice", invoice(order, items=three), "failed")
    assert event["why"] == "invoice 24382 has 3 of S1, which is too many: 2 were ordered, so 2 are left"
    await deliver(shop, "invoice", invoice(order, number="A1", value="119.90", items=ONE))
    event = await end(shop, "invoice", invoice(order, number="A2", value="110.00"), "failed")
    assert event["why"] == (
        "invoice A2 has 2 of S1, which is too many: 2 were ordered, 1 of it invoiced by A1, so 1 is left"
    )


def test_the_whole_is_what_was_ordered_though_vtex_lowers_the_value_of_a_partly_settled_order() -> None:
    totals = [{"id": "Items", "value": 22000}, {"id": "Discounts", "value": -1000}, {"id": "Shipping"}]
    assert invoice_ledger.total_cents({"value": 11000, "totals": totals}) == 21000
    assert invoice_ledger.total_cents({"value": 22990}) == 22990
    assert invoice_ledger.total_cents({}) is None


async def test_more_than_was_invoiced_cannot_be_returned(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    back = invoice(order, number="R1", type="input", value="110.00", items=ONE)
    await deliver(shop, "invoice", back)
    event = await end(shop, "invoice", {**back, "number": "R2", "value": "119.91"}, "failed")
    assert event["why"] == (
        "invoice R2 of 119.91 is too much: 229.90 was invoiced, 110.00 of it returned by R1,"
        " so 119.90 is left"
    )
    twice = [{"sku": "S1", "quantity": 2, "price": "55.00"}]
    event = await end(shop, "invoice", {**back, "number": "R3", "items": twice}, "failed")
    assert "R3 has 2 of S1, which is too many: 2 were invoiced, 1 of it returned by R1" in event["why"]


async def test_the_same_number_with_other_items_fails_with_both(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order, value="119.90", items=ONE))
    event = await end(shop, "invoice", invoice(order, value="119.90"), "failed")
    assert "24382 is already in VTEX with other items (1 of 1001, by VTEX's SKU ids" in event["why"]
    assert "this one says 2 of 1001" in event["why"]
    assert event["next"] == ANEW


async def test_the_same_number_with_another_access_key_fails(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order, access_key=NFE))
    await deliver(shop, "invoice", invoice(order, access_key=NFE))
    event = await end(shop, "invoice", invoice(order, access_key="OTHER-KEY"), "failed")
    assert "24382 is already in VTEX with another access key" in event["why"]
    assert event["next"] == ANEW


async def test_a_repeat_with_a_tracking_number_says_that_vtex_does_not_have_it(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    await deliver(shop, "invoice", invoice(order))
    event = await deliver(shop, "invoice", invoice(order, tracking_number="BR1"))
    assert "without the tracking number that this one has; send that as a tracking" in event["why"]
    await deliver(shop, "tracking", {"order": order, "invoice": "24382", "number": "BR1"})
    assert (await deliver(shop, "invoice", invoice(order, tracking_number="BR1")))["why"] is None


@pytest.mark.parametrize(
    ("key", "is_right"),
    [
        (NFE, True),
        (NFE[:-1] + "1", False),
        (NFE[:20] + "65" + NFE[22:], False),
        # With letters in its CNPJ.
        ("43171207364617AB0135550000000120141000012012", None),
        # Of another country, or no key of that kind at all.
        ("01800695631001001000000612021112917595714694", True),
        ("ABC-1", True),
    ],
)
def test_an_nfes_key_is_checked_by_its_last_digit(key: str, *, is_right: bool | None) -> None:
    if is_right is None:
        right = [digit for digit in "0123456789" if _is_accepted(key[:43] + digit)]
        assert len(right) == 1
    else:
        assert _is_accepted(key) is is_right


def _is_accepted(key: str) -> bool:
    try:
        InvoiceChange.model_validate(invoice("1-01", access_key=key))
    except ValidationError as error:
        return "the other 43 make it" not in str(error)
    return True


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
    extra = {"access_key": NFE, "url": "https://erp.example.com/nf.pdf", "courier": "Correios"}
    tracked = {"tracking_number": "BR1", "tracking_url": "https://track.example.com/BR1"}
    whole = {"xml": "<NFe>ção</NFe>", "dispatched_at": "2026-11-23T16:30:00-03:00"}
    await deliver(shop, "invoice", invoice(order, **extra, **tracked, **whole))
    [package] = (await stored(sandbox))["packages"]
    assert package["invoiceValue"] == 22990
    assert package["items"][0]["price"] == 11000
    assert package["issuanceDate"] == "2026-11-23T10:00:00-03:00"
    assert (package["invoiceKey"], package["courier"]) == (NFE, "Correios")
    assert package["embeddedInvoice"] == "<NFe>ção</NFe>"
    assert package["dispatchedDate"] == "2026-11-23T16:30:00-03:00"
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
