"""Replaying: a fact as it was, a state kind as its lane wants it today; never an older value."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import (
    LEASE,
    Clock,
    accept,
    claim_one,
    deliver,
    ended,
    fact,
    retrying,
    state,
    statuses,
    waiting,
)


async def _delivered_in_turn(store: Store, *values: int) -> list[UUID]:
    ids = []
    for value in values:
        ids += await accept(store, state("A", {"value": value}))
        await deliver(store, f"print {value}")
    return ids


async def test_an_unknown_event_is_not_replayed(store: Store) -> None:
    assert not await store.replay("acme", uuid4())


async def test_an_event_of_another_connection_is_not_replayed(store: Store) -> None:
    [event_id] = await _delivered_in_turn(store, 1)
    assert not await store.replay("other", event_id)
    assert await store.claim(10, lease=LEASE) == []


async def test_a_replayed_state_sends_what_is_wanted_today(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1, 2, 3)
    assert await store.replay("acme", ids[0])
    claim = await claim_one(store)
    assert claim.payload == {"value": 3}
    assert claim.acknowledged is None


async def test_a_replayed_superseded_state_sends_what_is_wanted_today(store: Store) -> None:
    ids = await accept(store, state("A", {"value": 1}), state("A", {"value": 2}))
    await deliver(store)
    await store.replay("acme", ids[0])
    assert (await claim_one(store)).payload == {"value": 2}


async def test_a_replayed_state_that_ended_well_is_delivered(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1, 2)
    await store.replay("acme", ids[0])
    await deliver(store)
    assert await statuses(store, ids) == ["delivered", "delivered"]
    assert await store.claim(10, lease=LEASE) == []


async def test_a_replayed_state_that_fails_says_so(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1, 2)
    await store.replay("acme", ids[0])
    await store.record(ended(await claim_one(store), Status.FAILED, reason="VTEX refused it"))
    assert await statuses(store, ids) == ["failed", "delivered"]


async def test_a_failed_state_is_replayed(store: Store) -> None:
    ids = await accept(store, state("A"))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no"))
    await store.replay("acme", ids[0])
    await deliver(store)
    assert await statuses(store, ids) == ["delivered"]


async def test_a_replay_of_an_older_state_carries_its_failed_newest_along(store: Store) -> None:
    [old] = await _delivered_in_turn(store, 1)
    [new] = await accept(store, state("A", {"value": 2}))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no"))
    await store.replay("acme", old)
    claim = await deliver(store)
    assert (claim.event_id, claim.payload) == (new, {"value": 2})
    assert await statuses(store, [old, new]) == ["superseded", "delivered"]


async def test_a_state_replayed_twice_is_sent_once(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1, 2, 3)
    await store.replay("acme", ids[0])
    await store.replay("acme", ids[1])
    await deliver(store)
    assert await store.claim(10, lease=LEASE) == []


async def test_a_replay_is_sent_although_the_fingerprint_is_equal(store: Store, clock: Clock) -> None:
    ids = await _delivered_in_turn(store, 1)
    await store.replay("acme", ids[0])
    assert (await claim_one(store)).acknowledged is None
    clock.advance(LEASE)
    # Even if the first try crashed.
    assert (await claim_one(store)).acknowledged is None


async def test_after_a_replay_equal_fingerprints_count_again(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1)
    await store.replay("acme", ids[0])
    await deliver(store, "print 1")
    await accept(store, state("A"))
    assert (await claim_one(store)).acknowledged == "print 1"


async def test_a_replay_during_an_attempt_does_not_end_its_lease(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1)
    await accept(store, state("A", {"value": 2}))
    await claim_one(store)
    await store.replay("acme", ids[0])
    assert await store.claim(10, lease=LEASE) == []


async def test_a_state_replayed_during_an_attempt_is_sent_once_more(store: Store) -> None:
    ids = await _delivered_in_turn(store, 1)
    ids += await accept(store, state("A", {"value": 2}))
    claim = await claim_one(store)
    await store.replay("acme", ids[0])
    await store.record(ended(claim, fingerprint="print 2"))
    again = await deliver(store)
    assert (again.payload, again.acknowledged) == ({"value": 2}, None)
    assert await statuses(store, ids) == ["delivered", "delivered"]


async def test_a_waiting_lane_is_tried_at_once(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    await store.record(waiting(await claim_one(store), ("sku", "A")))
    clock.advance(timedelta(seconds=1))
    await store.replay("acme", ids[0])
    claim = await claim_one(store)
    assert (claim.status, claim.since, claim.failures) == ("accepted", clock.now, 0)


async def test_a_retrying_lane_is_tried_at_once(store: Store) -> None:
    ids = await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    await store.replay("acme", ids[0])
    await deliver(store)
    assert await statuses(store, ids) == ["delivered"]


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.FAILED])
async def test_a_fact_is_sent_again_as_it_was(store: Store, status: Status) -> None:
    ids = await accept(store, fact("A", {"n": 1}), fact("A", {"n": 2}))
    for _ in ids:
        await store.record(ended(await claim_one(store), status))
    await store.replay("acme", ids[0])
    claim = await deliver(store)
    assert (claim.event_id, claim.payload) == (ids[0], {"n": 1})
    assert await statuses(store, ids) == ["delivered", status.value]


async def test_a_fact_replayed_during_a_later_ones_attempt_follows_it(store: Store) -> None:
    ids = await accept(store, fact("A"), fact("A"))
    await deliver(store)
    later = await claim_one(store)
    await store.replay("acme", ids[0])
    await store.record(ended(later))
    assert (await claim_one(store)).event_id == ids[0]


async def test_a_delivered_fact_is_sent_again_from_its_first_step(store: Store) -> None:
    ids = await accept(store, fact("A"))
    claim = await claim_one(store)
    await store.checkpoint(claim, "told")
    await store.record(ended(claim))
    await store.replay("acme", ids[0])
    assert (await claim_one(store)).stage is None


async def test_a_failed_fact_goes_on_from_its_last_step(store: Store) -> None:
    ids = await accept(store, fact("A"))
    claim = await claim_one(store)
    await store.checkpoint(claim, "told")
    await store.record(ended(claim, Status.FAILED, reason="no"))
    await store.replay("acme", ids[0])
    assert (await claim_one(store)).stage == "told"
