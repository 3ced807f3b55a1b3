"""The remote control of the sandbox."""

import re
import tomllib

import httpx2
import pytest

from app.config import parse
from app.sandbox.application import CALLBACK_SECRET
from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import PRODUCT, Shop


async def test_an_order_walks_to_a_status(vtex: httpx2.AsyncClient, shop: Shop, state: Store) -> None:
    order = await shop.order(status="payment-pending")
    answer = await vtex.post(f"/sandbox/orders/{order}/status", json={"status": "ready-for-handling"})
    assert answer.json()["status"] == "ready-for-handling"
    assert [status for _, status in state.orders[order].history][-5:] == [
        "approve-payment",
        "payment-approved",
        "authorize-fulfillment",
        "window-to-cancel",
        "ready-for-handling",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": [{"ref_id": "NONE"}]},
        {"items": [{"ref_id": "S1", "quantity": 0}]},
        {"items": [{"ref_id": "S1"}], "warehouse": "nowhere"},
        {"items": [{"ref_id": "S1"}], "status": "shipped"},
    ],
)
async def test_a_wrong_order_is_refused_and_leaves_nothing(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store, body: dict[str, object]
) -> None:
    await shop.sku()
    await shop.price()
    assert (await vtex.post("/sandbox/orders", json=body)).status_code == 400
    assert state.orders == {}


async def test_a_shopper_cancels(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    answer = await vtex.post(f"/sandbox/orders/{order}/cancel", json={"reason": "late"})
    assert answer.json()["status"] == "canceled"


async def test_staff_enrich_a_sku_by_hand(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    body = {"product": {"Description": "Typed by hand", "KeyWords": "camisa"}}
    assert (await vtex.post("/sandbox/skus/S1/enrich", json=body)).status_code == 200
    assert (await shop.get("/api/catalog/pvt/product/1"))["Description"] == "Typed by hand"
    assert (await shop.get("/api/catalog/pvt/stockkeepingunit/1001"))["IsActive"] is True
    assert len(await shop.get("/api/catalog/pvt/stockkeepingunit/1001/file")) == 1


async def test_an_unknown_switch_is_refused(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.post("/sandbox/settings", json={"list_lag": 1})).status_code == 400


async def test_switches_are_set_and_read(vtex: httpx2.AsyncClient, state: Store) -> None:
    answer = await vtex.post("/sandbox/settings", json={"pricing_quota": True, "list_lag_seconds": 240})
    assert (answer.json()["pricing_quota"], answer.json()["list_lag_seconds"]) == (True, 240)
    assert state.pricing_quota is not None


async def test_the_state_is_dumped_whole(shop: Shop) -> None:
    order = await shop.order()
    dump = await shop.get("/sandbox/state")
    assert dump["products"][0]["RefId"] == "P1"
    assert (dump["skus"][0]["Eans"], dump["skus"][0]["Images"]) == ([], [])
    assert dump["prices"][0]["basePrice"] == 100
    assert dump["inventory"][0]["reservedQuantity"] == 2
    assert (dump["orders"][0]["orderId"], dump["orders"][0]["status"]) == (order, "ready-for-handling")


async def test_the_journal_goes_on_from_a_sequence(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.order()
    first = (await shop.get("/sandbox/journal?effect=product.created"))[0]
    later = await shop.get(f"/sandbox/journal?after={first['seq']}")
    assert [entry["effect"]["type"] for entry in later] == ["sku.created", "price.put", "order.created"]
    await vtex.post("/sandbox/reset")
    assert await shop.get("/sandbox/journal") == []


async def test_a_reset_gives_a_new_store(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store, journal: Journal
) -> None:
    await shop.order()
    state.list_lag_seconds = 9
    await vtex.post("/sandbox/reset")
    assert (state.products, state.orders, state.list_lag_seconds, journal.entries) == ({}, {}, 0, [])
    assert (await vtex.post("/api/catalog/pvt/product", json=PRODUCT)).json()["Id"] == 1


async def test_the_index_says_what_is_here(shop: Shop) -> None:
    index = await shop.get("/sandbox")
    assert index["urls"]["pricing_url"] == "http://localhost/sandboxstore"


async def test_its_bridge_toml_is_a_configuration_as_it_stands(
    vtex: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (await vtex.get("/sandbox/bridge.toml")).text
    for name, value in re.findall(r"(SANDBOX_[A-Z]+)=(\S+)", text):
        monkeypatch.setenv(name, value)
    acme = parse(tomllib.loads(text)).connections["acme"]
    assert (acme.vtex.rest_base, acme.vtex.app_key.get()) == ("http://localhost", "sandbox-key")
    assert acme.erp
    assert acme.erp.callback_secret.get() == CALLBACK_SECRET


async def test_its_bridge_toml_shows_how_to_change_the_bridges_port(vtex: httpx2.AsyncClient) -> None:
    text = (await vtex.get("/sandbox/bridge.toml")).text
    shown = tomllib.loads(re.sub(r"(?m)^# (?=\[server\]|port = )", "", text))
    assert "server" not in tomllib.loads(text)
    assert shown["server"] == {"port": 8080}
