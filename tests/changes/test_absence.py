"""What VTEX lacks is not asked for again at each check, and what it has is found at once."""

from app.changes.absence import Absences
from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, calls, deliver, make_due
from tests.running import RunningBridge, RunningSandbox, until

LOOKUP = "/api/catalog/pvt/stockkeepingunit"
WAREHOUSES = ["1_1", "sp"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def waiting_changes(bridge: RunningBridge) -> list[str]:
    """A price and two stocks of a SKU that VTEX lacks."""
    ids = await bridge.post("price", {"sku": "S1", "base": "10"})
    for warehouse in WAREHOUSES:
        ids += await bridge.post("stock", {"sku": "S1", "warehouse": warehouse, "quantity": 1})
    for event_id in ids:
        await bridge.reaches(event_id, "waiting")
    return ids


async def test_all_that_waits_for_a_sku_asks_for_it_once(starting: Starting, sandbox: RunningSandbox) -> None:
    # One at a time: what asks in the same moment cannot know of each other's answers.
    async with starting(delivery={"absence_seconds": 60, "concurrency": 1}) as bridge:
        ids = await waiting_changes(bridge)
        attempts = [len((await bridge.event(event_id))["attempts"]) for event_id in ids]
        await make_due(bridge)

        async def checked_again() -> bool:
            now = [len((await bridge.event(event_id))["attempts"]) for event_id in ids]
            return all(after > before for before, after in zip(attempts, now, strict=True))

        await until(checked_again, "all looked again")
    assert len(await calls(sandbox, "GET", LOOKUP)) == 1


async def test_a_sku_that_is_delivered_is_known_at_once(starting: Starting) -> None:
    async with starting(delivery={"absence_seconds": 3600}) as bridge:
        ids = await waiting_changes(bridge)
        await deliver(bridge, "product", PRODUCT)
        await deliver(bridge, "sku", SKU)
        for event_id in ids:
            await bridge.reaches(event_id, "delivered")


async def test_a_create_looks_with_its_own_eyes(starting: Starting, sandbox: RunningSandbox) -> None:
    """A product that a SKU just missed is looked for again before it is created."""
    async with starting(delivery={"absence_seconds": 3600}) as bridge:
        [sku] = await bridge.post("sku", SKU)
        await bridge.reaches(sku, "waiting")
        before = len(await calls(sandbox, "GET", "productgetbyrefid"))
        await deliver(bridge, "product", PRODUCT)
        assert len(await calls(sandbox, "GET", "productgetbyrefid")) == before + 1


def test_an_absence_is_believed_for_a_while() -> None:
    clock = Clock()
    absences = Absences(life_seconds=60, clock=clock)
    absences.note("sku", "S1")
    clock.now = 44
    assert absences.know("sku", "S1")
    assert not absences.know("product", "S1")
    clock.now = 76
    assert not absences.know("sku", "S1")


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    absences = Absences(most=2)
    for code in ("A", "B", "C"):
        absences.note("sku", code)
    assert [absences.know("sku", code) for code in ("A", "B", "C")] == [False, True, True]
