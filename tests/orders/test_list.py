"""The list as a source: an index that lags and pages, for those who cannot have a feed."""

import asyncio

from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled
from tests.running import RunningSandbox


async def test_all_pages_are_read(starting: Starting, shop: RunningSandbox, erp: Erp) -> None:
    orders = [await bought(shop) for _ in range(130)]
    async with starting(orders={"sources": ["list"]}):
        await handled(shop, *orders, seconds=90)
    assert len(erp.callbacks) == 130
    assert len({each.id for each in erp.callbacks}) == 130


async def test_an_order_that_the_index_still_shows_is_not_told_again(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    order = await bought(shop)
    await shop.control("settings", {"list_lag_seconds": 2})
    async with starting(orders={"sources": ["list"], "list_poll_seconds": 0.1}):
        await handled(shop, order)
        # The index shows it as ready for two seconds more.
        await asyncio.sleep(2.5)
    assert len(erp.callbacks) == 1
    assert len(await shop.effects("order.start-handled")) == 1


async def test_feed_and_list_together_tell_each_order_once(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    sources = {"sources": ["feed", "list"], "list_poll_seconds": 0.1, "feed_poll_seconds": 0.1}
    async with starting(orders=sources):
        orders = [await bought(shop) for _ in range(12)]
        await handled(shop, *orders, seconds=40)
        await asyncio.sleep(0.5)
    assert len(erp.callbacks) == 12
    assert len(await shop.effects("order.start-handled")) == 12
