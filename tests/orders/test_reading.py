"""A hint is only a hint: VTEX's own GET of the order decides, and nothing is forgotten before it did."""

import pytest

from tests.changes.steps import as_staff
from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import FEED, bought, feed, feed_is_empty, handled, hints, make_hints_due
from tests.running import RunningBridge, RunningSandbox, until


async def no_hints(bridge: RunningBridge) -> None:
    async def none() -> bool:
        return await hints(bridge) == 0

    await until(none, "all hints are settled")


@pytest.fixture
async def fed(shop: RunningSandbox) -> RunningSandbox:
    """With a feed that has been there before the bridge."""
    await as_staff(shop, "POST", FEED, feed())
    return shop


@pytest.mark.parametrize("status", ["canceled", "handling", "invoiced", "replaced"])
async def test_an_order_that_is_past_it_is_not_told(
    starting: Starting, fed: RunningSandbox, erp: Erp, status: str
) -> None:
    order = await bought(fed)
    await fed.control(f"orders/{order}/status", {"status": status})
    async with starting(orders={"report": ["ready-for-handling"], "take_over": True}) as bridge:
        await feed_is_empty(fed)
        await no_hints(bridge)
    assert erp.callbacks == []


@pytest.mark.parametrize("status", ["window-to-cancel", "payment-pending"])
async def test_an_order_that_vtex_does_not_show_as_ready_yet_is_kept(
    starting: Starting, fed: RunningSandbox, erp: Erp, status: str
) -> None:
    order = await bought(fed)
    await fed.control(f"orders/{order}/status", {"status": status})
    async with starting() as bridge:
        await feed_is_empty(fed)
        assert await hints(bridge) == 1
        assert erp.callbacks == []
        # Its second arrival at the status must not be needed.
        await as_staff(fed, "POST", FEED, feed("payment-approved"))
        await fed.control(f"orders/{order}/status", {"status": "ready-for-handling"})
        await make_hints_due(bridge)
        await handled(fed, order)


ODD = [
    {"status": 404, "body": '{"error": {"code": "OMS007", "message": "Order Not Found"}}'},
    {"status": 200, "body": "<html>please log in"},
    {"status": 200, "body": "null"},
    {"status": 200, "body": '{"orderId": "x", "status": null}'},
    {"status": 200, "body": '{"status": "ready-for-handling"}'},
    {"status": 500},
]


@pytest.mark.parametrize("answer", ODD, ids=str)
async def test_an_order_that_cannot_be_read_is_kept_and_holds_up_no_other(
    starting: Starting, fed: RunningSandbox, erp: Erp, answer: dict[str, object]
) -> None:
    odd = await bought(fed)
    fault = {"action": "status", "path_regex": f"/pvt/orders/{odd}$", "times": None, **answer}
    await fed.control("faults", fault)
    others = [await bought(fed) for _ in range(3)]
    async with starting() as bridge:
        await handled(fed, *others)
        await feed_is_empty(fed)
        assert await hints(bridge) >= 1
        assert len(erp.callbacks) == 3
        await fed.client.delete("/sandbox/faults")
        await make_hints_due(bridge)
        await handled(fed, odd)
    assert len(erp.callbacks) == 4
