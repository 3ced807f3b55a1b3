"""A slow ERP gets so many callbacks at a time as it was configured with, and holds nothing else up."""

import asyncio

import pytest

from tests.orders.conftest import Starting
from tests.orders.erp import Callback, Erp
from tests.orders.steps import bought, handled, told
from tests.running import RunningSandbox

STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 7}


class Slow:
    """Counts the callbacks that it has not answered yet."""

    def __init__(self) -> None:
        self._now = 0
        self.most = 0
        self.go_on = asyncio.Event()

    async def __call__(self, _: Callback) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.05)
        await self.go_on.wait()
        self._now -= 1


@pytest.fixture
def slow(erp: Erp) -> Slow:
    erp.before_answering = slow = Slow()
    return slow


@pytest.mark.parametrize("most", [1, 3])
async def test_never_more_callbacks_are_under_way_than_the_erp_takes(
    starting: Starting, shop: RunningSandbox, erp: Erp, slow: Slow, most: int
) -> None:
    slow.go_on.set()
    orders = [await bought(shop) for _ in range(12)]
    async with starting(erp={"max_concurrent": most}):
        await handled(shop, *orders, seconds=40)
    assert slow.most == most
    assert len(erp.callbacks) == 12


async def test_never_more_outcomes_are_under_way_than_the_erp_takes(
    starting: Starting, erp: Erp, slow: Slow
) -> None:
    async with starting(erp={"max_concurrent": 2, "report_outcomes": True}) as bridge:
        await bridge.post(
            "brand", [{"code": f"B{number}", "name": f"Marca {number}"} for number in range(12)]
        )
        await told(erp, 2)
        await asyncio.sleep(0.3)
        assert len(erp.callbacks) == 2
        slow.go_on.set()
        await told(erp, 12)
    assert slow.most == 2


async def test_two_dispatchers_share_what_the_erp_takes(
    starting: Starting, shop: RunningSandbox, slow: Slow
) -> None:
    slow.go_on.set()
    orders = [await bought(shop) for _ in range(12)]
    allowed = {"erp": {"max_concurrent": 2}}
    async with starting(**allowed), starting(**allowed):
        await handled(shop, *orders, seconds=40)
    assert slow.most <= 2


async def test_while_the_erp_is_slow_vtex_gets_what_it_is_to_have(
    starting: Starting, shop: RunningSandbox, erp: Erp, slow: Slow
) -> None:
    for _ in range(8):
        await bought(shop)
    few_slots = {"concurrency": 4}
    async with starting(erp={"max_concurrent": 2, "timeout_seconds": 30}, delivery=few_slots) as bridge:
        await told(erp, 2)
        [stock] = await bridge.post("stock", STOCK)
        await bridge.reaches(stock, "delivered")
        assert len(erp.callbacks) == 2
        slow.go_on.set()


async def test_two_dispatchers_share_the_erps_budget(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    per_second, burst = 5, 2
    orders = [await bought(shop) for _ in range(15)]
    allowed = {"erp": {"budget": {"per_minute": per_second * 60, "burst": burst}}}
    async with starting(**allowed), starting(**allowed):
        await handled(shop, *orders, seconds=40)
    arrivals = sorted(each.at for each in erp.callbacks)
    for place, arrival in enumerate(arrivals):
        within_a_second = sum(arrival <= each < arrival + 1 for each in arrivals[place:])
        # One more: what was sent last arrives a little sooner than it was allowed.
        assert within_a_second <= burst + per_second + 1
