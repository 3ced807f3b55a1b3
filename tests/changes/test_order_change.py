"""order-change: previewed, requested once, awaited; refused in words; invoices wait for it."""

import json
from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import SKU, as_staff, calls, deliver, end, make_due, sku_in_store
from tests.running import ACCOUNT, RunningBridge, RunningSandbox

SYSTEM = "/api/order-system/orders"
ON = {"rolloutConfiguration": {"enableApi": True}}


def order_change(order: str, **changes: Any) -> dict[str, Any]:
    """One of the two S1 at 110.00 becomes an S2 at 80.00."""
    replaced = {"from_items": [{"sku": "S1", "quantity": 1}], "to_items": [{"sku": "S2", "quantity": 1}]}
    return {"order": order, "id": "CHG-17", "reason": "Out of stock", "replace": [replaced], **changes}


def to(*items: dict[str, Any], taken: int = 1) -> dict[str, Any]:
    return {"replace": [{"from_items": [{"sku": "S1", "quantity": taken}], "to_items": list(items)}]}


async def switch_on(sandbox: RunningSandbox) -> None:
    await as_staff(sandbox, "PUT", f"{SYSTEM}/changes/settings?an={ACCOUNT}", ON)


async def goods(bridge: RunningBridge) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "sku", SKU | {"code": "S2", "name": "Vaso Azul"})
    await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
    await deliver(bridge, "price", {"sku": "S2", "base": "80.00"})


@pytest.fixture
async def shop(bridge: RunningBridge, sandbox: RunningSandbox) -> RunningBridge:
    """Two SKUs, and order modifications switched on."""
    await goods(bridge)
    await switch_on(sandbox)
    return bridge


async def lines(sandbox: RunningSandbox) -> dict[str, int]:
    return {item["ref_id"]: item["quantity"] for item in (await stored(sandbox))["items"]}


async def requests(sandbox: RunningSandbox) -> int:
    return len(await calls(sandbox, "PATCH", "/changes"))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"reason": " "}, "/reason"),
        ({"id": ""}, "/id"),
        ({"replace": []}, "/replace"),
        (to(), "/replace/0/to_items"),
        (to({"sku": "S2", "quantity": 0}), "/replace/0/to_items/0/quantity"),
        (to({"sku": "S2", "quantity": 1, "price": "9.999"}), "/replace/0/to_items/0/price"),
        (to({"sku": "S2", "vtex_sku_id": 1, "quantity": 1}), "/replace/0/to_items/0"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_at_the_door(
    bridge: RunningBridge, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await bridge.client.post("/v1/changes/order-change", json=order_change("1-01", **wrong))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_unknown_order_fails(shop: RunningBridge) -> None:
    event = await end(shop, "order-change", order_change("9-01"), "failed")
    assert event["why"] == "VTEX has no order 9-01; check the order id"


async def test_where_vtex_has_it_switched_off_the_setting_is_named(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await goods(bridge)
    event = await end(bridge, "order-change", order_change(await bought(sandbox)), "failed")
    assert "set rolloutConfiguration.enableApi to true" in event["why"]


async def test_a_missing_permission_is_named(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    fault = {"action": "status", "status": 403, "method": "POST", "path_regex": "/changes/preview$"}
    await sandbox.control("faults", fault)
    event = await end(shop, "order-change", order_change(await bought(sandbox)), "retrying")
    assert "the resource Change order" in event["why"]


async def test_an_item_that_the_order_does_not_have_is_refused_with_those_that_it_has(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    taken = {"from_items": [{"sku": "S9", "quantity": 1}], "to_items": [{"sku": "S2", "quantity": 1}]}
    change = order_change(await bought(sandbox), replace=[taken])
    event = await end(shop, "order-change", change, "failed")
    assert "has no item S9 to take out; it has S1" in event["why"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (to({"sku": "S2", "quantity": 1}, taken=3), "(SalesOrderSystem011). Check the items and quantities"),
        (to({"vtex_sku_id": 7, "quantity": 1}), "(CHK0022). Check the SKUs that it puts in"),
        (to({"sku": "S1", "quantity": 1, "price": "0.00"}, taken=2), None),
    ],
)
async def test_what_vtex_refuses_in_its_preview_is_told_in_words_and_not_requested(
    shop: RunningBridge, sandbox: RunningSandbox, change: dict[str, Any], told: str | None
) -> None:
    event = await end(
        shop, "order-change", order_change(await bought(sandbox), **change), "failed", "delivered"
    )
    if told is None:
        assert event["status"] == "delivered"
        return
    assert event["status"] == "failed"
    assert told in event["why"]
    assert await requests(sandbox) == 0


@pytest.mark.parametrize("code", ["CHK00342", "SalesOrderSystem015", "SalesOrderSystem046"])
async def test_a_code_of_vtexs_guide_is_told_with_its_fix(
    shop: RunningBridge, sandbox: RunningSandbox, code: str
) -> None:
    body = json.dumps({"error": {"code": code, "message": "In VTEX's words.", "exception": None}})
    fault = {"action": "status", "status": 400, "method": "POST", "path_regex": "/preview$", "body": body}
    await sandbox.control("faults", fault)
    event = await end(shop, "order-change", order_change(await bought(sandbox)), "failed")
    assert f"VTEX does not make this change: In VTEX's words ({code}). " in event["why"]
    assert event["why"].partition(f"({code}). ")[2]


async def test_it_changes_the_order_and_its_total(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    event = await deliver(shop, "order-change", order_change(order))
    assert event["key"] == "CHG-17"
    assert await lines(sandbox) == {"S1": 1, "S2": 1}
    # 110.00 + 80.00 + 9.90 of shipping.
    assert (await stored(sandbox))["value"] == 19990
    history = await as_staff(sandbox, "GET", f"{SYSTEM}/{order}/changes?an={ACCOUNT}")
    assert [each["reason"] for each in history["requests"]] == ["Out of stock [CHG-17]"]


async def test_the_next_invoice_is_of_the_changed_order(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "order-change", order_change(order))
    items = [
        {"sku": sku, "quantity": 1, "price": price} for sku, price in (("S1", "110.00"), ("S2", "80.00"))
    ]
    await deliver(shop, "invoice", invoice(order, value="199.90", items=items))
    assert (await stored(sandbox))["status"] == "invoiced"


@pytest.mark.parametrize(
    ("price", "quantity", "value"),
    [("75.55", 1, 19545), ("90.01", 1, 20991), ("80.00", 1, 19990), ("79.99", 3, 35987)],
)
async def test_a_price_is_exact_to_the_cent(
    shop: RunningBridge, sandbox: RunningSandbox, price: str, quantity: int, value: int
) -> None:
    order = await bought(sandbox)
    await deliver(
        shop, "order-change", order_change(order, **to({"sku": "S2", "quantity": quantity, "price": price}))
    )
    assert (await stored(sandbox))["value"] == value


async def test_a_price_that_vtex_would_not_set_is_refused_before_the_request(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    body = (
        '{"totals": [{"id": "ManualValues", "value": 0}], "replace": [{"to": {"items": [{"price": 8000}]}}]}'
    )
    fault = {"action": "status", "status": 200, "method": "POST", "path_regex": "/preview$", "body": body}
    await sandbox.control("faults", fault | {"times": 2})
    change = order_change(await bought(sandbox), **to({"sku": "S2", "quantity": 1, "price": "75.50"}))
    event = await end(shop, "order-change", change, "failed")
    assert "corrects the order by 0.00 instead of -4.50" in event["why"]
    assert await requests(sandbox) == 0


async def test_what_vtex_took_is_awaited_and_not_requested_again(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sandbox.control("settings", {"change_seconds": 3600})
    order = await bought(sandbox)
    event = await end(shop, "order-change", order_change(order), "retrying")
    assert event["why"] == (
        f"VTEX took change CHG-17 of order {order} and has not done it yet (waiting-acknowledgement)"
    )
    await sandbox.control("settings", {"clock_offset_seconds": 3601})
    await make_due(shop)
    await shop.reaches(event["id"], "delivered")
    assert await requests(sandbox) == 1
    assert await lines(sandbox) == {"S1": 1, "S2": 1}


async def test_what_vtex_took_and_canceled_fails_with_its_reason(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sandbox.control("settings", {"change_fails": "The acquirer said no"})
    order = await bought(sandbox)
    event = await end(shop, "order-change", order_change(order), "failed")
    assert "then canceled it: The acquirer said no. The order is as it was" in event["why"]
    assert "under a new id" in event["why"]
    assert await lines(sandbox) == {"S1": 2}


async def test_a_second_change_follows_the_first(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    await sandbox.control("settings", {"change_seconds": 3600})
    order = await bought(sandbox)
    first = await end(shop, "order-change", order_change(order), "retrying")
    second = await end(shop, "order-change", order_change(order, id="CHG-18"), "retrying")
    assert "VTEX works on another change of this order; this one follows it" in second["why"]
    await sandbox.control("settings", {"change_seconds": 0})
    for event in (first, second):
        await make_due(shop)
        await shop.reaches(event["id"], "delivered")
    assert await lines(sandbox) == {"S2": 2}


async def test_a_repeat_is_a_success_without_a_request(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "order-change", order_change(order))
    await deliver(shop, "order-change", order_change(order, reason="Broken"))
    assert await requests(sandbox) == 1


async def test_an_id_that_another_order_has_fails(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    first, second = await bought(sandbox), await bought(sandbox)
    await deliver(shop, "order-change", order_change(first))
    event = await end(shop, "order-change", order_change(second), "failed")
    assert event["why"] == f"change CHG-17 was of order {first} before; give that of {second} another id"
    assert await requests(sandbox) == 1


async def test_a_used_id_with_other_items_fails(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(shop, "order-change", order_change(order))
    event = await end(shop, "order-change", order_change(order, **to({"sku": "S2", "quantity": 5})), "failed")
    assert "is already in VTEX with other items, quantities or prices" in event["why"]


async def test_a_used_id_with_another_price_fails(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await bought(sandbox)
    await deliver(
        shop, "order-change", order_change(order, **to({"sku": "S2", "quantity": 1, "price": "70"}))
    )
    same = to({"sku": "S2", "quantity": 1, "price": "70.00"})
    await deliver(shop, "order-change", order_change(order, **same))
    other = to({"sku": "S2", "quantity": 1, "price": "60.00"})
    event = await end(shop, "order-change", order_change(order, **other), "failed")
    assert "CHG-17" in event["why"]
    assert "is already in VTEX with other items, quantities or prices" in event["why"]
    assert await requests(sandbox) == 1


@pytest.mark.parametrize("action", ["delay_after", "reset_after", "status_after"])
async def test_a_change_whose_answer_never_came_happens_once(
    starting: Starting, sandbox: RunningSandbox, action: str
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await goods(bridge)
        await switch_on(sandbox)
        order = await bought(sandbox)
        fault = {"action": action, "method": "PATCH", "path_regex": "/changes$", "seconds": 2}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "order-change", order_change(order))
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert len(await sandbox.effects("order.change-requested")) == 1
    assert await lines(sandbox) == {"S1": 1, "S2": 1}


async def test_an_invoice_waits_for_an_open_change(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    await sandbox.control("settings", {"change_seconds": 3600})
    order = await bought(sandbox)
    change = await end(shop, "order-change", order_change(order), "retrying")
    invoiced = await end(shop, "invoice", invoice(order, value="199.90", items=_one_of_each()), "waiting")
    assert invoiced["why"].startswith(f"order {order} has an open change, CHG-17; it is invoiced as soon as")
    await sandbox.control("settings", {"change_seconds": 0})
    await make_due(shop)
    await shop.reaches(change["id"], "delivered")
    await shop.reaches(invoiced["id"], "delivered")
    assert (await stored(sandbox))["status"] == "invoiced"


async def test_an_invoice_does_not_wait_for_a_change_that_failed(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sandbox.control("settings", {"change_fails": "No"})
    order = await bought(sandbox)
    await end(shop, "order-change", order_change(order), "failed")
    await deliver(shop, "invoice", invoice(order))
    assert (await stored(sandbox))["status"] == "invoiced"


async def test_an_invoice_of_another_order_does_not_wait(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sandbox.control("settings", {"change_seconds": 3600})
    changed, other = await bought(sandbox), await bought(sandbox)
    await end(shop, "order-change", order_change(changed), "retrying")
    await deliver(shop, "invoice", invoice(other))


async def test_a_partly_invoiced_order_is_refused_by_vtex(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    part = {"value": "119.90", "items": [{"sku": "S1", "quantity": 1, "price": "110.00"}]}
    await deliver(shop, "invoice", invoice(order, **part))
    event = await end(shop, "order-change", order_change(order), "failed")
    assert "(SalesOrderSystem046). VTEX changes no order after an invoice" in event["why"]


async def test_a_sku_that_is_not_in_vtex_yet_is_waited_for(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    event = await end(
        shop, "order-change", order_change(order, **to({"sku": "S3", "quantity": 1})), "waiting"
    )
    assert event["why"].startswith("SKU S3 is not in VTEX yet")
    await deliver(shop, "sku", SKU | {"code": "S3", "name": "Vaso Verde"})
    # VTEX has it now, without a price.
    failed = await shop.reaches(event["id"], "failed")
    assert "(CHK0022)" in failed["why"]


def _one_of_each() -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": 1, "price": price} for sku, price in (("S1", "110.00"), ("S2", "80.00"))]
