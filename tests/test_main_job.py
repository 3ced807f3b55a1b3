"""The main job on both databases and through both codecs: an ERP change reaches VTEX, an order the ERP."""

from typing import Any

import pytest

from tests.running import RunningBridge, RunningSandbox, running_bridge, until

PRODUCT = {
    "code": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho",
    "brand_id": 1,
    "category_id": 1,
    "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
    "short_description": "Vaso de barro vermelho artesanal",
    "keywords": "Barro, vaso, vermelho",
    "title": "Vaso Artesanal de Barro Vermelho",
    "meta_description": "feito a mão com barro do mar vermelho",
    "active": True,
    "visible": True,
}
SKU = {
    "code": "00123456",
    "product": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho Escuro",
    "eans": ["0123456789123"],
    "packaged_height": "1.8",
    "packaged_length": "1.52",
    "packaged_width": "2.78",
    "packaged_weight": "1.5",
    "height": "1.74",
    "weight": "2.75",
    "unit_multiplier": 1,
}
PRICE = {"sku": "00123456", "base": "110.00", "list_price": "150.00"}
STOCK = {"sku": "00123456", "warehouse": "1_1", "quantity": 25}


async def post_catalogue(bridge: RunningBridge) -> None:
    """In reverse order: each has to wait for the next."""
    ids = []
    for kind, change in (("stock", STOCK), ("price", PRICE), ("sku", SKU), ("product", PRODUCT)):
        ids += await bridge.post(kind, change)
    for event_id in ids:
        await bridge.reaches(event_id, "delivered")


async def test_changes_in_reverse_order_reach_the_store(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await post_catalogue(bridge)
    state = await sandbox.state()
    assert [product["RefId"] for product in state["products"]] == ["1234567890"]
    assert state["skus"][0]["PackagedWeightKg"] == 1500
    assert state["skus"][0]["Eans"] == ["0123456789123"]
    assert (state["prices"][0]["basePrice"], state["prices"][0]["listPrice"]) == (110, 150)
    assert state["inventory"][0]["totalQuantity"] == 25
    assert sandbox.recorder.checked > 8


async def test_an_order_reaches_the_erp_and_its_invoice_the_store(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await post_catalogue(bridge)
    order = await sandbox.control("orders", {"items": [{"ref_id": "00123456", "quantity": 2}]})

    async def told() -> bool:
        return len(await sandbox.received()) == 1

    await until(told, "the ERP is told")
    body = (await sandbox.received())[0]["body"]["order"]
    assert body["id"] == order["orderId"]
    assert body["items"][0]["sku"] == "00123456"
    invoice = {
        "order": order["orderId"],
        "number": "24382",
        "issued_at": "2026-11-23T10:00:00-03:00",
        "value": body["total"],
        "items": [{"sku": "00123456", "quantity": 2, "price": "110.00"}],
        "courier": "Correios",
        "tracking_number": "BR123",
    }
    [event_id] = await bridge.post("invoice", invoice)
    await bridge.reaches(event_id, "delivered")
    [stored] = (await sandbox.state())["orders"]
    assert stored["status"] == "invoiced"
    assert len(await sandbox.effects("order.start-handled")) == 1


@pytest.mark.parametrize("mode", ["complete", "express"])
async def test_both_codecs_leave_the_store_in_the_same_state(
    migrated_sqlite_url: str, rest_contract: Any, mode: str
) -> None:
    from tests.running import running_sandbox  # noqa: PLC0415

    states = []
    for catalog in ("rest", "webservice"):
        vtex = {"catalog": catalog, "mode": mode, "defaults": {"category_id": 1, "brand_id": 1}}
        async with running_sandbox(rest_contract) as sandbox:
            url = migrated_sqlite_url.replace("bridge.db", f"{catalog}.db")
            async with running_bridge(url, sandbox.url, vtex=vtex) as bridge:
                await post_catalogue(bridge)
                await sandbox.control("skus/00123456/enrich", {"activate": True})
                for kind, change in (
                    ("product", {"code": "1234567890", "title": "Vaso", "keywords": None, "score": 3}),
                    (
                        "sku",
                        {
                            "code": "00123456",
                            "eans": ["7891234567895"],
                            "packaged_height": 3,
                            "name": "Vaso 2",
                        },
                    ),
                    ("price", {"sku": "00123456", "base": 99.9}),
                ):
                    [event_id] = await bridge.post(kind, change)
                    await bridge.reaches(event_id, "delivered")
            states.append(_comparable(await sandbox.state()))
            assert sandbox.recorder.violations == []
    assert states[0] == states[1]
    [sku] = states[0]["skus"]
    assert sku["IsActive"] is True
    assert sku["Eans"] == ["7891234567895"]
    assert sku["Name"] == ("Vaso 2" if mode == "complete" else SKU["name"])


def _comparable(state: dict[str, Any]) -> dict[str, Any]:
    """Without the moments of creation."""
    for sku in state["skus"]:
        sku.pop("CreationDate")
    return state
