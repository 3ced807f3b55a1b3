"""What another seller sells is invoiced and tracked in that seller's account, or refused with the setting."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.config import parse
from app.errors import ConfigurationError
from tests.changes.conftest import Starting
from tests.changes.ordering import bought, invoice, stored
from tests.changes.steps import SKU, as_staff, calls, deliver, end, make_due, sku_in_store
from tests.contract.rest import RestContract
from tests.running import ACCOUNT, RunningBridge, RunningSandbox, configuration, running_sandbox

SELLER = "lojab"
PARCEL = {"invoice": "24382"}
TRACKING = {**PARCEL, "number": "BR1", "courier": "Correios"}
ARRIVED = {**PARCEL, "description": "Entregue", "occurred_at": "2026-11-25T11:12:00-03:00", "delivered": True}


@pytest.fixture
async def seller(rest_contract: RestContract) -> AsyncIterator[RunningSandbox]:
    """The seller's own account, where S1 has another id."""
    async with running_sandbox(rest_contract) as running:
        body = {"Name": "By staff", "CategoryId": 1, "BrandId": 1, "RefId": "OTHER"}
        product = await as_staff(running, "POST", "/api/catalog/pvt/product", body)
        sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
        for code in ("OTHER", "S1"):
            sku = {"ProductId": product["Id"], "Name": code, "RefId": code, **sizes}
            await as_staff(running, "POST", "/api/catalog/pvt/stockkeepingunit", sku)
        await as_staff(
            running, "PUT", "/sandboxstore/pricing/prices/1002", {"basePrice": 110, "costPrice": 5}
        )
        yield running


def account(seller: RunningSandbox) -> dict[str, Any]:
    """The setting."""
    keys = {"app_key": "env:TEST_APP_KEY", "app_token": "env:TEST_APP_TOKEN"}
    return {"sellers": {SELLER: {"account": "lojab", **keys, "rest_url": seller.url}}}


async def goods(bridge: RunningBridge) -> None:
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})


async def sold(sandbox: RunningSandbox, there: str | None, **changes: Any) -> str:
    """An order of the marketplace that a seller sells; VTEX shows it so from now on."""
    order = await bought(sandbox, "payment-approved")
    document = await as_staff(sandbox, "GET", f"/api/oms/pvt/orders/{order}")
    for item in document["items"]:
        item |= {"seller": SELLER, "sellerSku": "1002"}
    document |= {"sellers": [{"id": SELLER, "name": "Loja B"}], "sellerOrderId": there, **changes}
    shown = {"action": "status", "status": 200, "method": "GET", "path_regex": f"/orders/{order}$"}
    await sandbox.control("faults", shown | {"times": None, "body": json.dumps(document)})
    return order


async def writes(sandbox: RunningSandbox, order: str) -> list[str]:
    found = [await calls(sandbox, method, f"/orders/{order}") for method in ("POST", "PATCH", "PUT")]
    return [entry["path"] for entries in found for entry in entries]


@pytest.mark.parametrize("kind", ["invoice", "tracking", "tracking-event"])
async def test_without_the_sellers_account_it_is_refused_with_the_setting(
    shop: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    order = await sold(sandbox, "SLR-1-01")
    change = {"invoice": invoice(order), "tracking": {"order": order, **TRACKING}}
    change["tracking-event"] = {"order": order, **ARRIVED}
    event = await end(shop, kind, change[kind], "failed")
    assert event["why"].startswith(f"order {order} is sold by seller {SELLER}")
    assert f"Set connections.acme.vtex.sellers.{SELLER} (account, app_key, app_token)" in event["why"]
    assert await writes(sandbox, order) == []


async def test_an_order_of_several_sellers_is_refused(shop: RunningBridge, sandbox: RunningSandbox) -> None:
    order = await sold(sandbox, "SLR-1-01", items=[{"id": "1001", "seller": each} for each in ("1", SELLER)])
    event = await end(shop, "invoice", invoice(order), "failed")
    assert f"has items of several sellers ({SELLER})" in event["why"]


async def test_an_order_that_this_account_fulfils_for_another_is_its_own(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    order = await bought(sandbox)
    document = await as_staff(sandbox, "GET", f"/api/oms/pvt/orders/{order}")
    document |= {"origin": "Fulfillment", "items": [{**document["items"][0], "seller": SELLER}]}
    shown = {"action": "status", "status": 200, "method": "GET", "path_regex": f"/orders/{order}$"}
    await sandbox.control("faults", shown | {"body": json.dumps(document)})
    await deliver(shop, "invoice", invoice(order))
    assert (await stored(sandbox))["status"] == "invoiced"


async def test_an_account_may_sell_under_another_id_than_1(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox
) -> None:
    settings = account(seller)
    settings["sellers"][SELLER]["account"] = ACCOUNT
    async with starting(vtex=settings) as bridge:
        await goods(bridge)
        order = await sold(sandbox, "SLR-1-01", status="handling")
        await sandbox.control(f"orders/{order}/status", {"status": "handling"})
        await deliver(bridge, "invoice", invoice(order))
    assert (await stored(sandbox))["status"] == "invoiced"
    assert await calls(seller, "GET", "/orders/") == []


@pytest.mark.parametrize("item", [{"sku": "S1"}, {"vtex_sku_id": 1001}])
async def test_invoice_and_parcel_go_to_the_sellers_account(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox, item: dict[str, Any]
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        there = await bought(seller)
        order = await sold(sandbox, there)
        items = [{**item, "quantity": 2, "price": "110.00"}]
        await deliver(bridge, "invoice", invoice(order, items=items))
        await deliver(bridge, "tracking", {"order": order, **TRACKING})
        await deliver(bridge, "tracking-event", {"order": order, **ARRIVED})
        await deliver(bridge, "invoice", invoice(order, items=items))
    found = await stored(seller)
    [package] = found["packages"]
    assert (found["status"], package["trackingNumber"]) == ("invoiced", "BR1")
    assert package["courierStatus"]["finished"]
    assert len(await writes(seller, there)) == 3
    assert await writes(sandbox, order) == []


async def test_the_sellers_order_says_when(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        there = await bought(seller, "ready-for-handling")
        order = await sold(sandbox, there)
        event = await end(bridge, "invoice", invoice(order), "waiting")
        assert "is ready-for-handling in VTEX; it is invoiced as soon as it is in handling" in event["why"]
        await seller.control(f"orders/{there}/status", {"status": "handling"})
        await make_due(bridge)
        await bridge.reaches(event["id"], "delivered")


@pytest.mark.parametrize(
    ("status", "outcome", "told"),
    [
        ("canceled", "failed", "it cannot be invoiced"),
        ("cancellation-requested", "waiting", "if it is not canceled"),
    ],
)
async def test_the_marketplace_may_cancel_first(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox, status: str, outcome: str, told: str
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        order = await sold(sandbox, await bought(seller), status=status)
        event = await end(bridge, "invoice", invoice(order), outcome)
        assert told in event["why"]


async def test_an_order_that_the_seller_does_not_have_yet_is_waited_for(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        event = await end(bridge, "invoice", invoice(await sold(sandbox, "SLR-9-01")), "waiting")
        assert f"the account of seller {SELLER} has no order SLR-9-01 yet" in event["why"]
        assert f"check connections.acme.vtex.sellers.{SELLER}.account" in event["why"]


async def test_an_order_without_the_sellers_id_is_tried_again(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        event = await end(bridge, "invoice", invoice(await sold(sandbox, None)), "retrying")
        assert f"does not name yet the order of seller {SELLER}" in event["why"]


async def test_a_sellers_refused_keys_hold_up_nothing_else(
    starting: Starting, sandbox: RunningSandbox, seller: RunningSandbox
) -> None:
    async with starting(vtex=account(seller)) as bridge:
        await goods(bridge)
        await seller.control("faults", {"action": "status", "status": 401, "path_regex": "/orders/"})
        event = await end(bridge, "invoice", invoice(await sold(sandbox, await bought(seller))), "retrying")
        assert f"check vtex.sellers.{SELLER}.app_key and vtex.sellers.{SELLER}.app_token" in event["why"]
        await deliver(bridge, "sku", SKU | {"name": "Vaso Grande"})
        own = await bought(sandbox)
        await deliver(bridge, "invoice", invoice(own))


async def test_its_items_are_changed_where_the_order_was_read(
    shop: RunningBridge, sandbox: RunningSandbox
) -> None:
    """The marketplace's order is at payment-approved while the seller handles it."""
    settings = {"rolloutConfiguration": {"enableApi": True}}
    await as_staff(sandbox, "PUT", f"/api/order-system/orders/changes/settings?an={ACCOUNT}", settings)
    order = await sold(sandbox, "SLR-1-01")
    await sandbox.control(f"orders/{order}/status", {"status": "handling"})
    item = {"sku": "S1", "quantity": 1}
    replaced = {"from_items": [{**item, "quantity": 2}], "to_items": [item]}
    change = {"order": order, "id": "CHG-17", "reason": "One is broken", "replace": [replaced]}
    await deliver(shop, "order-change", change)
    assert [each["quantity"] for each in (await stored(sandbox))["items"]] == [1]


async def test_its_key_stands_by_reference_only(migrated_sqlite_url: str, sandbox: RunningSandbox) -> None:

    keys = {"account": "lojab", "app_key": "env:NOT_SET", "app_token": "a-token"}
    content = configuration(migrated_sqlite_url, sandbox.url, vtex={"sellers": {SELLER: keys}})
    with pytest.raises(ConfigurationError) as error:
        parse(content)
    told = "\n".join(error.value.mistakes)
    assert f"connections.acme.vtex.sellers.{SELLER}.app_token: " in told
    assert "env:NAME or file:/path" in told
    assert f"connections.acme.vtex.sellers.{SELLER}.app_key: environment variable NOT_SET is not set" in told
