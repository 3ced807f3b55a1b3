"""Judging: what each kind of error means for the event, by its class and by time."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BridgeError, LeaseLost, Refused, Retry, Throttled, Unauthorized, Waiting
from app.queue.dispatcher import Pace
from app.queue.lanes import Backoff, Claim
from app.queue.store import Store
from tests.queue.making import LEASE, Clock, accept, fact, lane, rows, state, statuses
from tests.queue.test_dispatcher import PACE, Sending, all_ended, dispatching
from tests.running import until


def raising(error: Exception) -> Sending:
    async def attempt(_claim: Claim) -> None:
        raise error

    return Sending(attempt)


async def _try_once(store: Store, sending: Sending, *, kind: str = "price", pace: Pace = PACE) -> None:
    """Until the attempt is on record."""
    [(before,)] = await rows(store, "SELECT count(*) FROM attempt")

    async def recorded() -> bool:
        return await rows(store, "SELECT count(*) FROM attempt") == [(before + 1,)]

    async with dispatching(store, pace, **{kind: sending}):
        await until(recorded, "the attempt is recorded")


async def test_a_refusal_fails_with_its_reason(store: Store) -> None:
    [event_id] = await accept(store, state("A"))
    await _try_once(store, raising(Refused("the EAN is taken")))
    event = await store.read.event("acme", event_id)
    assert event is not None
    assert (event.status, event.reason, event.reason_class) == ("failed", "the EAN is taken", "refused")


async def test_a_transient_failure_is_retried_after_the_backoff(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(Retry("VTEX answered 500")))
    found = await lane(store, "A")
    assert (found.status, found.reason_class, found.failures) == ("retrying", "transient", 1)
    assert timedelta(seconds=5) <= found.due_at - clock.now <= timedelta(seconds=10)


async def test_a_throttled_attempt_is_not_repeated_before_its_floor(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(Throttled("429", after=timedelta(hours=3))))
    found = await lane(store, "A")
    assert (found.status, found.reason_class) == ("retrying", "throttled")
    assert found.due_at == clock.now + timedelta(hours=3)


async def test_refused_keys_are_tried_again_after_their_pause(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(Unauthorized("401", after=timedelta(minutes=30))))
    found = await lane(store, "A")
    assert (found.status, found.reason_class) == ("retrying", "unauthorized")
    assert found.due_at == clock.now + timedelta(minutes=30)


async def test_a_dependency_is_awaited(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(Waiting("sku A is not there yet", on=("sku", "A"))))
    found = await lane(store, "A")
    assert (found.status, found.waiting_kind, found.waiting_key) == ("waiting", "sku", "A")
    assert found.due_at == clock.now + PACE.waiting_check


@pytest.mark.parametrize("bug", [KeyError("x"), BridgeError("x"), RecursionError()])
async def test_our_own_bug_is_a_recorded_state(store: Store, bug: Exception) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(bug))
    found = await lane(store, "A")
    assert (found.status, found.reason_class) == ("retrying", "bug")
    assert type(bug).__name__ in found.reason


async def test_an_outcome_that_cannot_be_stored_is_a_recorded_state(store: Store) -> None:
    await accept(store, state("A"))
    await _try_once(store, Sending(fingerprint="half a pair: \ud800"))
    found = await lane(store, "A")
    assert (found.status, found.reason_class, found.lease) == ("retrying", "bug", None)


async def test_a_bug_does_not_end_the_dispatcher(store: Store) -> None:
    ids = await accept(store, state("B", kind="stock"))
    await accept(store, state("A"))
    async with dispatching(store, price=raising(KeyError("x")), stock=Sending()):
        await until(lambda: _ended(store, "stock"), "the other kind's event ended")
    assert await statuses(store, ids) == ["delivered"]


async def _ended(store: Store, kind: str) -> bool:
    query = f"SELECT 1 FROM event WHERE kind = '{kind}' AND finished_at IS NULL"
    return await rows(store, query) == []


async def test_an_attempt_longer_than_its_limit_is_cut_short(store: Store) -> None:
    async def hang(_claim: Claim) -> None:
        await asyncio.sleep(60)

    await accept(store, state("A"))
    await _try_once(store, Sending(hang), pace=replace(PACE, attempt=timedelta(seconds=0.2)))
    found = await lane(store, "A")
    assert (found.status, found.reason_class) == ("retrying", "transient")
    assert "longer than 0.2 s" in found.reason


async def test_a_lost_lease_writes_nothing(store: Store) -> None:
    await accept(store, state("A"))
    sending = raising(LeaseLost("another has it"))
    async with dispatching(store, price=sending):
        await until(lambda: bool(sending.sent), "it was tried")
    assert await rows(store, "SELECT 1 FROM attempt") == []
    assert (await lane(store, "A")).lease == sending.sent[0].lease


@pytest.mark.parametrize(
    "error",
    [Retry("500"), Throttled("429"), Waiting("sku A", on=("sku", "A"))],
    ids=lambda e: type(e).__name__,
)
async def test_a_trouble_that_lasts_too_long_is_given_up(
    store: Store, clock: Clock, error: Exception
) -> None:
    ids = await accept(store, state("A"))
    await _try_once(store, raising(error))
    clock.advance(PACE.give_up)
    await _try_once(store, raising(error))
    # Not a moment before.
    assert not await all_ended(store)
    clock.advance(timedelta(days=1))
    await _try_once(store, raising(error))
    assert await statuses(store, ids) == ["failed"]
    [(reason,)] = await rows(store, "SELECT reason FROM event")
    assert "given up" in reason


@pytest.mark.parametrize("error", [Retry("500"), Waiting("sku A", on=("sku", "A"))])
async def test_an_order_is_never_given_up(store: Store, clock: Clock, error: Exception) -> None:
    ids = await accept(store, fact("O", kind="order"))
    for _ in range(3):
        await _try_once(store, raising(error), kind="order")
        clock.advance(PACE.give_up * 2)
    assert (await statuses(store, ids))[0] in {"retrying", "waiting"}


async def test_refused_keys_are_never_given_up(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    for _ in range(3):
        await _try_once(store, raising(Unauthorized("401")))
        clock.advance(PACE.give_up * 2)
    assert await statuses(store, ids) == ["retrying"]


async def test_a_pause_for_the_keys_burns_no_deadline(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    for error in (Retry("500"), Unauthorized("401"), Retry("500")):
        await _try_once(store, raising(error))
        clock.advance(PACE.give_up * 2)
    assert await statuses(store, ids) == ["retrying"]


async def test_who_gave_up_waiting_is_revived_when_it_arrives(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    for _ in range(2):
        await _try_once(store, raising(Waiting("sku A", on=("sku", "A"))))
        clock.advance(PACE.give_up * 2)
    assert await statuses(store, ids) == ["failed"]
    await accept(store, state("A", kind="sku"))
    async with dispatching(store, price=Sending(), sku=Sending()):
        await until(lambda: all_ended(store), "both ended")
        await until(lambda: _delivered(store), "the revived one is delivered")
    assert await statuses(store, ids) == ["delivered"]


async def _delivered(store: Store) -> bool:
    return await rows(store, "SELECT 1 FROM event WHERE status <> 'delivered'") == []


async def test_a_change_after_a_failure_is_due(store: Store) -> None:
    await accept(store, state("A"))
    await _try_once(store, raising(Refused("no")))
    await accept(store, state("A"))
    assert len(await store.claim(10, lease=LEASE)) == 1


@given(
    base=st.floats(0.001, 3600),
    cap=st.floats(0.001, 86400),
    floor=st.none() | st.floats(0, 86400),
    failures=st.integers(0, 10_000),
    seed=st.integers(),
)
def test_a_backoff_keeps_its_bounds(
    base: float, cap: float, floor: float | None, failures: int, seed: int
) -> None:
    backoff = Backoff(timedelta(seconds=base), timedelta(seconds=cap), random.Random(seed))
    least = timedelta(seconds=floor or 0)
    delay = backoff.delay(failures, None if floor is None else least)
    exponential = min(timedelta(seconds=cap), timedelta(seconds=base) * 2 ** min(failures, 30))
    rounding = timedelta(microseconds=1)
    assert max(least, exponential * 0.5) - rounding <= delay <= max(least, exponential) + rounding
