"""After an order was handled the ERP's next quantity is sent, even if it is the one of before."""

import pytest

from tests.changes.steps import calls, deliver, end
from tests.orders.conftest import Starting
from tests.orders.steps import bought, handled, order_reaches
from tests.running import RunningSandbox

STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 10}


async def writes(shop: RunningSandbox) -> int:
    return len(await calls(shop, "PATCH", "/quantity"))


async def test_the_same_quantity_is_sent_again_after_an_order(
    starting: Starting, shop: RunningSandbox
) -> None:
    async with starting() as bridge:
        await deliver(bridge, "stock", STOCK)
        await order_reaches(bridge, await bought(shop), "delivered")
        await deliver(bridge, "stock", STOCK)
        assert await writes(shop) == 2
        await end(bridge, "stock", STOCK, "unchanged")
    assert await writes(shop) == 2


async def test_without_an_order_it_is_not(starting: Starting, shop: RunningSandbox) -> None:
    async with starting() as bridge:
        await deliver(bridge, "stock", STOCK)
        await end(bridge, "stock", STOCK, "unchanged")
    assert await writes(shop) == 1


async def test_the_stock_of_another_sku_is_not(starting: Starting, shop: RunningSandbox) -> None:
    sku = {"code": "S2", "product": "P1", "name": "Other"}
    sizes = dict.fromkeys(["packaged_height", "packaged_length", "packaged_width", "packaged_weight"], "1")
    async with starting() as bridge:
        await deliver(bridge, "sku", sku | sizes)
        await deliver(bridge, "stock", STOCK | {"sku": "S2"})
        await order_reaches(bridge, await bought(shop), "delivered")
        await end(bridge, "stock", STOCK | {"sku": "S2"}, "unchanged")
    assert await writes(shop) == 1


@pytest.mark.parametrize("action", ["reset_after", "status_after"])
async def test_it_is_after_a_start_handling_without_an_answer_too(
    starting: Starting, shop: RunningSandbox, action: str
) -> None:
    await shop.control("faults", {"action": action, "path_regex": "/start-handling$"})
    async with starting() as bridge:
        await deliver(bridge, "stock", STOCK)
        order = await bought(shop)
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
        await deliver(bridge, "stock", STOCK)
    assert await writes(shop) == 2
