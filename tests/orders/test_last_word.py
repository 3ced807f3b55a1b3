"""The ERP's newest word of an order is true, in whatever order it was told."""

import asyncio

from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import bought, order_reaches, status_of, told
from tests.running import RunningSandbox


async def test_an_order_that_is_replayed_after_its_cancellation_was_told_is_told_as_canceled_anew(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(422)
    async with starting() as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "failed")
        await shop.control(f"orders/{order}/cancel", {})
        await told(erp, 2)
        await bridge.client.post(f"/v1/events/{event['id']}/replay")
        await told(erp, 4)
        again = await bridge.reaches(event["id"], "delivered")
        assert again["why"] == "it is canceled in VTEX: there is nothing to handle"
        assert await status_of(shop, order) == "canceled"
        # Nothing more comes of what VTEX's feed tells twice.
        await asyncio.sleep(1)
    types = [each.verified()["type"] for each in erp.callbacks]
    ready, canceled = "order.ready-for-handling", "order.canceled"
    assert types == [ready, canceled, ready, canceled]
    assert len({each.id for each in erp.callbacks}) == 3
