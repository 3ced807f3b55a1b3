"""What the ERP is told beside the order's document, if its connection wants it."""

from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled
from tests.running import RunningSandbox


async def test_by_default_the_document_alone_is_told(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting():
        await handled(shop, await bought(shop))
    [callback] = erp.callbacks
    body = callback.verified()
    [payment] = body["order"]["payments"]
    assert (body["vtex_order"], payment["details"], payment["details_missing"]) == (None, None, None)


async def test_vtexs_order_and_the_payments_details_are_told_where_they_are_wanted(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(500)
    async with starting(erp={"include_vtex_order": True, "include_payments": True}):
        order = await bought(shop)
        await handled(shop, order)
    first, second = erp.callbacks
    assert first.raw == second.raw
    body = first.verified()
    assert (body["vtex_order"]["orderId"], body["vtex_order"]["value"]) == (order, 11990)
    [payment] = body["order"]["payments"]
    assert payment["details"]["billing_address"]["postal_code"] == "22630-011"


async def test_an_order_whose_payments_are_forbidden_is_told_and_says_so(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    forbidden = {"action": "status", "status": 403, "path_regex": "/pvt/transactions/", "times": None}
    await shop.control("faults", forbidden)
    async with starting(erp={"include_payments": True}):
        await handled(shop, await bought(shop))
    [payment] = erp.callbacks[0].verified()["order"]["payments"]
    assert payment["details_missing"] == "the app key lacks the resource View Payment Data (403)"


async def test_an_order_waits_for_a_payments_api_that_fails(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    failing = {"action": "status", "status": 500, "path_regex": "/pvt/transactions/", "times": 1}
    await shop.control("faults", failing)
    async with starting(erp={"include_payments": True}):
        await handled(shop, await bought(shop))
    [callback] = erp.callbacks
    assert callback.verified()["order"]["payments"][0]["details"]["status"] == "Finished"
