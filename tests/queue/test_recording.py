"""Recording: how a claim ended is written while its lease is ours, and not after."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.database import Database, migrate
from app.errors import LeaseLost
from app.queue.lanes import AttemptRecord
from app.queue.models import Status
from app.queue.store import Store
from tests.postgres import Postgres
from tests.queue.making import (
    LEASE,
    Clock,
    accept,
    claim_one,
    deliver,
    ended,
    fact,
    lane,
    retrying,
    rows,
    state,
    statuses,
    waiting,
    waits_for_lock,
)
from tests.running import until


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.FAILED, Status.RETRYING])
async def test_a_late_outcome_is_refused_and_changes_nothing(
    store: Store, clock: Clock, status: Status
) -> None:
    await accept(store, state("A"))
    late = await claim_one(store)
    clock.advance(LEASE)
    await claim_one(store)
    everything = "SELECT * FROM lane, event"
    before = await rows(store, everything)
    assert not await store.record(ended(late, status, fingerprint="late"))
    assert await rows(store, everything) == before
    assert await rows(store, "SELECT * FROM attempt") == []


async def test_a_late_outcome_is_refused_after_the_lane_is_done(store: Store, clock: Clock) -> None:
    ids = await accept(store, state("A"))
    late = await claim_one(store)
    clock.advance(LEASE)
    await deliver(store)
    assert not await store.record(ended(late, Status.FAILED, reason="late"))
    assert await statuses(store, ids) == ["delivered"]


async def test_a_late_outcome_does_not_disturb_its_batch(store: Store, clock: Clock) -> None:
    await accept(store, state("late"))
    late = await claim_one(store)
    clock.advance(LEASE)
    await claim_one(store)
    [good] = await accept(store, state("good"))
    claim = await claim_one(store)
    outcomes = [ended(late), ended(claim)]
    assert await asyncio.gather(*(store.record(outcome) for outcome in outcomes)) == [False, True]
    assert await statuses(store, [good]) == ["delivered"]


async def test_an_outcome_after_the_lease_is_written_while_nobody_else_took_it(
    store: Store, clock: Clock
) -> None:
    ids = await accept(store, state("A"))
    claim = await claim_one(store)
    clock.advance(LEASE * 2)
    assert await store.record(ended(claim))
    assert await statuses(store, ids) == ["delivered"]


async def test_a_checkpoint_after_the_lease_was_lost_is_refused(store: Store, clock: Clock) -> None:
    await accept(store, fact("A"))
    late = await claim_one(store)
    clock.advance(LEASE)
    again = await claim_one(store)
    with pytest.raises(LeaseLost):
        await store.checkpoint(late, "told")
    assert await rows(store, "SELECT stage FROM event") == [(None,)]
    await store.checkpoint(again, "told")


async def test_a_checkpoint_is_seen_by_the_next_claim(store: Store, clock: Clock) -> None:
    await accept(store, fact("A"))
    await store.checkpoint(await claim_one(store), "told")
    clock.advance(LEASE)
    assert (await claim_one(store)).stage == "told"


async def test_of_a_delivered_state_only_the_newest_is_delivered(store: Store) -> None:
    ids = await accept(store, state("A"), state("A"), state("A"))
    await deliver(store)
    assert await statuses(store, ids) == ["superseded", "superseded", "delivered"]


async def test_of_a_failed_state_only_the_newest_has_failed(store: Store) -> None:
    ids = await accept(store, state("A"), state("A"))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no EAN", reason_class="refused"))
    assert await statuses(store, ids) == ["superseded", "failed"]
    reasons = await rows(store, "SELECT reason, reason_class FROM event ORDER BY number")
    assert reasons == [(None, None), ("no EAN", "refused")]


async def test_a_change_during_the_attempt_stays_pending_and_is_due_at_once(store: Store) -> None:
    ids = await accept(store, state("A"))
    claim = await claim_one(store)
    ids += await accept(store, state("A", {"late": 1}))
    await store.record(ended(claim))
    assert await statuses(store, ids) == ["delivered", "accepted"]
    assert (await claim_one(store)).event_id == ids[1]


async def test_a_failed_fact_lets_the_later_ones_go_on(store: Store) -> None:
    ids = await accept(store, fact("A"), fact("A"))
    await store.record(ended(await claim_one(store), Status.FAILED, reason="no order"))
    assert await statuses(store, ids) == ["failed", "accepted"]
    assert (await claim_one(store)).event_id == ids[1]


async def test_a_retrying_fact_holds_up_the_later_ones(store: Store, clock: Clock) -> None:
    ids = await accept(store, fact("A"), fact("A"))
    await store.record(retrying(await claim_one(store)))
    assert await store.claim(10, lease=LEASE) == []
    clock.advance(timedelta(minutes=1))
    assert (await claim_one(store)).event_id == ids[0]


async def test_a_parked_event_says_why_since_when_and_what_next(store: Store, clock: Clock) -> None:
    [event_id] = await accept(store, state("A"))
    claim = await claim_one(store)
    clock.advance(timedelta(seconds=5))
    await store.record(retrying(claim))
    event = await store.read.event("acme", event_id)
    assert event is not None
    assert (event.status, event.reason, event.reason_class) == (
        "retrying",
        "VTEX answered 500",
        "transient",
    )
    assert (event.since, event.next_attempt_at) == (clock.now, claim.claimed_at + timedelta(minutes=1))


async def test_since_and_failures_go_on_over_repeated_retries(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    begun = clock.now
    for failures in range(1, 4):
        await store.record(retrying(await claim_one(store)))
        assert (await lane(store, "A")).failures == failures
        clock.advance(timedelta(minutes=1))
    claim = await claim_one(store)
    assert (claim.status, claim.since, claim.failures) == ("retrying", begun, 3)


async def test_since_begins_anew_with_another_status(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    clock.advance(timedelta(minutes=1))
    await store.record(waiting(await claim_one(store), ("sku", "A")))
    assert (await lane(store, "A")).since == clock.now


async def test_since_begins_anew_where_a_pause_for_the_keys_ends(store: Store, clock: Clock) -> None:
    """Or the days of the pause would count as days of failing."""
    await accept(store, state("A"))
    paused = retrying(await claim_one(store))
    await store.record(replace(paused, reason_class="unauthorized"))
    clock.advance(timedelta(days=30))
    await store.record(retrying(await claim_one(store)))
    assert (await lane(store, "A")).since == clock.now


async def test_failures_begin_anew_after_a_delivery(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    clock.advance(timedelta(minutes=1))
    await deliver(store)
    await accept(store, state("A"))
    claim = await claim_one(store)
    assert (claim.failures, claim.status) == (0, "accepted")


async def test_attempts_are_kept_with_their_requests(store: Store, clock: Clock) -> None:
    [event_id] = await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    clock.advance(timedelta(minutes=1))
    await deliver(store)
    attempts = await store.read.attempts(event_id)
    assert [attempt.outcome for attempt in attempts] == ["retrying", "delivered"]
    assert [attempt.calls[0]["path"] for attempt in attempts] == ["/x", "/x"]


@pytest.mark.parametrize("answer", ["a\x00b", "a\ud800b"], ids=["nul", "half-a-surrogate-pair"])
async def test_an_answer_that_no_database_stores_does_not_lose_the_outcome(store: Store, answer: str) -> None:
    [event_id] = await accept(store, state("A"))
    claim = await claim_one(store)
    record = AttemptRecord(claim.claimed_at, 5, [{"answer": {"body": [answer]}}])
    assert await store.record(ended(claim, Status.FAILED, reason=answer, attempt=record))
    event = await store.read.event("acme", event_id)
    assert event is not None
    assert event.reason == "a\ufffdb"
    [attempt] = await store.read.attempts(event_id)
    assert attempt.calls == [{"answer": {"body": ["a\ufffdb"]}}]


async def test_200_outcomes_are_recorded_together(store: Store) -> None:
    await accept(store, *(state(f"K{number}") for number in range(200)))
    claims = await store.claim(200, lease=LEASE)
    assert all(await asyncio.gather(*(store.record(ended(claim)) for claim in claims)))
    assert await rows(store, "SELECT DISTINCT status FROM event") == [("delivered",)]


async def test_lanes_are_locked_in_the_order_of_accepting_whatever_the_databases_language(
    postgres_stores: tuple[Store, Store], postgres: Postgres
) -> None:
    if not await rows(postgres_stores[0], "SELECT 1 FROM pg_collation WHERE collname = 'en-x-icu'"):
        # Without ICU the server has no other order to be misled by: the columns themselves have to say ours.
        collated = "SELECT attname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation"
        where = "WHERE attrelid = 'lane'::regclass AND collname = 'C' ORDER BY attnum"
        assert await rows(postgres_stores[0], f"{collated} {where}") == [("connection",), ("kind",), ("key",)]
        return
    url = await postgres.create_database(empty=True, locale="en")
    await migrate(url)
    store, other = (Store(Database(url), clock=postgres_stores[0].clock) for _ in range(2))
    assert await rows(store, "SELECT 'a' < 'B'") == [(True,)]
    await accept(store, state("a"), state("B"))
    claims = await store.claim(10, lease=LEASE)
    async with other.database.write() as connection:
        await connection.execute(text("SELECT id FROM lane WHERE key = 'a' FOR UPDATE"))
        recording = asyncio.gather(*(store.record(ended(claim)) for claim in claims))
        await until(lambda: waits_for_lock(other), "the recording waits for lane a")
        free = await connection.execute(text("SELECT id FROM lane WHERE key = 'B' FOR UPDATE SKIP LOCKED"))
        assert free.first() is None
    assert await recording == [True, True]
    await store.database.close()
    await other.database.close()
    await postgres.drop_database(url)
