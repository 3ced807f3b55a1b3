"""What can be asked of orders: which were read, each one's journey and ledger, reading or telling one now."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from app.orders.journey import ledger
from app.queue.models import Status
from tests.changes.steps import as_staff
from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled, order_reaches, told
from tests.running import ACCOUNT, RunningBridge, RunningSandbox


def invoice(order: str, number: str, value: str, quantity: int = 1, kind: str = "output") -> dict[str, Any]:
    items = [{"sku": "S1", "quantity": quantity, "price": "110.00"}]
    issued = datetime.now(UTC).isoformat()
    return {
        "order": order,
        "number": number,
        "type": kind,
        "issued_at": issued,
        "value": value,
        "items": items,
    }


async def get(bridge: RunningBridge, path: str, **query: Any) -> dict[str, Any]:
    answer = await bridge.client.get(f"/v1/orders{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_order_that_was_never_read_is_not_found(starting: Starting) -> None:
    async with starting() as bridge:
        for method, path in (("GET", ""), ("POST", "/resend")):
            answer = await bridge.client.request(method, f"/v1/orders/1-01{path}")
            assert answer.status_code == 404
            assert "/v1/orders/1-01/import asks VTEX" in answer.json()["detail"]


async def test_a_connection_without_an_erp_imports_nothing(starting: Starting) -> None:
    async with starting(orders={"sources": []}) as bridge:
        answer = await bridge.client.post("/v1/orders/1-01/import")
    assert answer.status_code == 404
    assert "reads no orders" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"cursor": 2**63}, {"page": 2}]
)
async def test_a_wrong_parameter_is_refused_by_name(starting: Starting, query: dict[str, Any]) -> None:
    async with starting() as bridge:
        answer = await bridge.client.get("/v1/orders", params=query)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.text


async def test_orders_are_listed_page_by_page_without_their_customers(
    starting: Starting, shop: RunningSandbox
) -> None:
    orders = [await bought(shop) for _ in range(3)]
    async with starting() as bridge:
        await handled(shop, *orders)
        for order in orders:
            await order_reaches(bridge, order, "delivered")
        first = await get(bridge, "", limit=2)
        second = await get(bridge, "", limit=2, cursor=first["cursor"])
    found = first["orders"] + second["orders"]
    assert sorted(each["id"] for each in found) == sorted(orders)
    assert second["cursor"] is None
    assert {each["status"] for each in found} == {"ready-for-handling"}
    assert "@" not in str(found)


async def test_the_ledger_counts_what_vtex_acknowledged(starting: Starting, shop: RunningSandbox) -> None:
    placed = await shop.control("orders", {"items": [{"ref_id": "S1", "quantity": 3}]})
    order = str(placed["orderId"])
    async with starting() as bridge:
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
        [good] = await bridge.post("invoice", invoice(order, "1", "220.00", quantity=2))
        await bridge.reaches(good, "delivered")
        [bad] = await bridge.post("invoice", invoice(order, "2", "99999.00", quantity=1))
        await bridge.reaches(bad, "failed")
        found = await get(bridge, f"/{order}")
    ledger = found["ledger"]
    assert (ledger["total"], ledger["invoiced"], ledger["remaining"]) == ("339.90", "220.00", "119.90")
    [line] = ledger["lines"]
    assert (line["sku"], line["ordered"], line["invoiced"], line["remaining"]) == ("S1", 3, 2, 1)
    assert [(step["kind"], step["status"]) for step in found["journey"]] == [
        ("order", "delivered"),
        ("invoice", "delivered"),
        ("invoice", "failed"),
    ]


async def test_the_journey_has_what_is_known_by_a_number_of_its_own(
    starting: Starting, shop: RunningSandbox
) -> None:
    settings = {"rolloutConfiguration": {"enableApi": True}}
    await as_staff(shop, "PUT", f"/api/order-system/orders/changes/settings?an={ACCOUNT}", settings)
    placed = await shop.control("orders", {"items": [{"ref_id": "S1", "quantity": 2}]})
    order = str(placed["orderId"])
    item = {"sku": "S1", "quantity": 1}
    replaced = {"from_items": [{**item, "quantity": 2}], "to_items": [item]}
    change = {"order": order, "id": "CHG-17", "reason": "One is broken", "replace": [replaced]}
    async with starting() as bridge:
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
        for kind, body in (
            ("order-change", change),
            ("cancellation", {"order": order, "reason": "Out of stock"}),
        ):
            [event] = await bridge.post(kind, body)
            await bridge.reaches(event, "delivered")
        found = await get(bridge, f"/{order}")
    assert [step["kind"] for step in found["journey"]] == ["order", "order-change", "cancellation"]


async def test_an_imported_order_is_read_at_once(starting: Starting, shop: RunningSandbox, erp: Erp) -> None:
    """The list would have been asked after ten minutes."""
    async with starting(orders={"sources": ["list"], "list_poll_seconds": 600}) as bridge:
        order = await bought(shop)
        assert (await bridge.client.post(f"/v1/orders/{order}/import")).status_code == 202
        await handled(shop, order)
    assert len(erp.callbacks) == 1


async def test_an_order_is_told_again_under_its_first_webhook_id(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    order = await bought(shop)
    async with starting() as bridge:
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
        assert (await bridge.client.post(f"/v1/orders/{order}/resend")).status_code == 202
        await told(erp, 2)
    first, second = erp.callbacks
    assert (first.id, first.raw) == (second.id, second.raw)


def test_an_invoice_by_vtexs_id_is_booked_on_its_own_line_of_items_without_codes() -> None:
    items = [{"sku": None, "vtex_sku_id": number, "quantity": 1} for number in (1, 2)]
    payload = {"value": "5.00", "items": [{"vtex_sku_id": 2, "quantity": 1, "price": "5.00"}]}
    invoice: Any = SimpleNamespace(status=Status.DELIVERED, payload=payload)
    found = ledger({"total": "10.00", "items": items}, [invoice])
    assert [line.remaining for line in found.lines] == [1, 0]
