"""A pause of the other side: the lane waits for its end, and neither attempts nor the deadline are burnt."""

from datetime import timedelta
from typing import Any

import pytest

from app.errors import DeliveryError, Paused, Retry, Throttled, Unauthorized
from app.queue.store import Store
from tests.queue.making import Clock, accept, lane, rows, state, statuses
from tests.queue.test_dispatcher import PACE, dispatching
from tests.queue.test_judging import raising
from tests.running import until

HOUR = timedelta(hours=1)
PAUSED = Paused("VTEX pricing is paused until 14:02:07 UTC: it answered 503 5 times in a row", after=HOUR)


async def ends_in(store: Store, error: DeliveryError) -> Any:
    """The lane after one attempt."""
    before = (await lane(store, "A")).due_at
    async with dispatching(store, PACE, price=raising(error)):

        async def recorded() -> bool:
            now = await lane(store, "A")
            return now.lease is None and now.due_at != before

        await until(recorded, "the outcome is recorded")
    return await lane(store, "A")


async def test_a_pause_is_shown_and_is_no_attempt(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    found = await ends_in(store, PAUSED)
    assert (found.status, found.reason_class, found.reason) == ("retrying", "paused", PAUSED.reason)
    assert HOUR <= found.due_at - clock.now <= HOUR * 1.1
    assert found.failures == 0
    assert await rows(store, "SELECT 1 FROM attempt") == []


@pytest.mark.parametrize(
    "error", [PAUSED, Throttled("429", after=HOUR), Unauthorized("401")], ids=lambda e: type(e).__name__
)
async def test_what_says_nothing_of_the_event_burns_no_attempt(
    store: Store, clock: Clock, error: DeliveryError
) -> None:
    await accept(store, state("A"))
    await ends_in(store, Retry("500"))
    for _ in range(3):
        clock.advance(2 * HOUR)
        found = await ends_in(store, error)
        assert found.failures == 1


async def test_a_pause_burns_no_deadline(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    day = timedelta(days=1)
    for _ in range(12):
        await ends_in(store, Retry("500"))
        clock.advance(HOUR)
        await ends_in(store, Paused("a long pause", after=day))
        clock.advance(day * 1.1)
    assert await statuses(store, ids) == ["retrying"]


async def test_the_deadline_runs_between_pauses(store: Store, clock: Clock) -> None:
    """One event that always fails opens the breaker again and again: it is given up all the same."""
    ids = await accept(store, state("A"))
    await ends_in(store, Retry("500"))
    for _ in range(3):
        clock.advance(PACE.give_up / 2)
        await ends_in(store, Paused("a short pause", after=timedelta(minutes=1)))
    clock.advance(HOUR)
    await ends_in(store, Retry("500"))
    assert await statuses(store, ids) == ["failed"]


async def test_a_paused_lane_is_never_given_up_by_the_pause_itself(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    await ends_in(store, Retry("500"))
    for _ in range(3):
        clock.advance(2 * PACE.give_up)
        await ends_in(store, PAUSED)
    assert await statuses(store, ids) == ["retrying"]
