"""Claiming: due lanes by priority, one in flight per write target, leases that end by themselves."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.database import Database
from app.queue.fairness import Slots
from app.queue.lanes import Claim
from app.queue.store import Store
from app.queue.store.claiming import claim_at_once
from app.queue.store.streams import Stream
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
    waiting,
    waits_for_lock,
)
from tests.running import until


async def test_a_lane_in_flight_is_not_claimed(store: Store) -> None:
    await accept(store, state("A"))
    await claim_one(store)
    assert await store.claim(10, lease=LEASE) == []


async def test_a_second_lane_of_a_target_is_not_claimed_with_the_first(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A"), state("A", kind="kit", target="sku:A"))
    assert len(await store.claim(10, lease=LEASE)) == 1


async def test_a_second_lane_of_a_target_in_flight_is_not_claimed(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A"))
    await claim_one(store)
    await accept(store, state("A", kind="kit", target="sku:A"))
    assert await store.claim(10, lease=LEASE) == []


async def test_a_target_of_another_connection_is_another_target(store: Store) -> None:
    await accept(store, state("A"), connection="acme")
    await accept(store, state("A"), connection="other")
    assert len(await store.claim(10, lease=LEASE)) == 2


async def test_a_delivered_lane_frees_its_target(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A"), state("A", kind="kit", target="sku:A"))
    first = await deliver(store)
    assert (await claim_one(store)).kind != first.kind


async def test_a_retrying_lane_holds_no_target(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A"), state("A", kind="kit", target="sku:A"))
    first = await claim_one(store)
    await store.record(retrying(first))
    assert (await claim_one(store)).kind != first.kind


async def test_a_waiting_lane_holds_no_target(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A"), state("A", kind="kit", target="sku:A"))
    first = await claim_one(store)
    await store.record(waiting(first, ("sku", "A")))
    assert (await claim_one(store)).kind != first.kind


async def test_a_lane_is_not_claimed_before_it_is_due(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    clock.advance(timedelta(seconds=59, microseconds=999_999))
    assert await store.claim(10, lease=LEASE) == []


async def test_a_lane_is_claimed_at_the_very_moment_it_is_due(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    clock.advance(timedelta(seconds=60))
    assert len(await store.claim(10, lease=LEASE)) == 1


async def test_moments_with_and_without_microseconds_are_compared_rightly(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    claim = await claim_one(store)
    await store.record(ended(claim, retrying(claim).status, due_at=clock.now + timedelta(microseconds=1)))
    assert await store.claim(10, lease=LEASE) == []
    clock.advance(timedelta(seconds=1))
    assert len(await store.claim(10, lease=LEASE)) == 1


async def test_a_lease_holds_until_its_end(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await claim_one(store)
    clock.advance(LEASE - timedelta(microseconds=1))
    assert await store.claim(10, lease=LEASE) == []


async def test_a_lease_ends_by_itself_and_the_lane_is_claimed_anew(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    crashed = await claim_one(store)
    clock.advance(LEASE)
    again = await claim_one(store)
    assert (again.event_id, again.payload) == (crashed.event_id, crashed.payload)
    assert again.lease != crashed.lease


async def test_an_ended_lease_holds_its_target_until_its_own_lane_is_done(store: Store, clock: Clock) -> None:
    await accept(store, state("A", kind="image", target="sku:A"))
    await claim_one(store)
    await accept(store, state("A", kind="kit", target="sku:A", priority=0))
    clock.advance(LEASE)
    # What the crashed worker began is read back first; its request may still be under way.
    assert (await claim_one(store)).kind == "image"


async def test_a_lane_with_nothing_pending_is_never_due(store: Store, clock: Clock) -> None:
    await accept(store, state("A"), state("B"), fact("C"))
    for claim in await store.claim(10, lease=LEASE):
        await store.record(ended(claim))
    clock.advance(timedelta(days=30))
    assert await store.claim(10, lease=LEASE) == []
    assert await rows(store, "SELECT key FROM lane WHERE due_at IS NOT NULL OR lease IS NOT NULL") == []


async def test_an_empty_due_lane_ends_without_holding_its_target(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await deliver(store)
    async with store.database.write() as connection:
        await connection.execute(text("UPDATE lane SET due_at = :now"), {"now": clock_text(store, clock)})
    assert await store.claim(10, lease=LEASE) == []
    clock.advance(LEASE)
    await accept(store, state("B", kind="image", target="price:A"))
    assert (await claim_one(store)).key == "B"


def clock_text(store: Store, clock: Clock) -> object:
    return clock.now.strftime("%Y-%m-%d %H:%M:%S.%f") if store.database.on_sqlite else clock.now


async def test_the_most_urgent_lanes_are_claimed(store: Store) -> None:
    for priority in (3, 1, 2, 0):
        await accept(store, state(f"P{priority}", priority=priority))
    claims = await store.claim(3, lease=LEASE)
    assert [claim.key for claim in claims] == ["P0", "P1", "P2"]


async def test_among_equals_the_longest_due_goes_first(store: Store, clock: Clock) -> None:
    for key in ("B", "C", "A"):
        await accept(store, state(key))
        clock.advance(timedelta(seconds=1))
    assert [claim.key for claim in await store.claim(10, lease=LEASE)] == ["B", "C", "A"]


async def test_of_a_target_the_most_urgent_lane_is_claimed(store: Store) -> None:
    await accept(store, state("A", kind="image", target="sku:A", priority=3))
    await accept(store, state("A", kind="stock", target="sku:A", priority=1))
    assert (await claim_one(store)).kind == "stock"


async def test_facts_are_claimed_oldest_first_and_one_at_a_time(store: Store) -> None:
    ids = await accept(store, *(fact("A", {"n": number}) for number in range(3)))
    claimed = []
    for _ in ids:
        claim = await claim_one(store)
        assert await store.claim(10, lease=LEASE) == []
        claimed.append((claim.event_id, claim.number, claim.payload["n"]))
        await store.record(ended(claim))
    assert claimed == [(event_id, place + 1, place) for place, event_id in enumerate(ids)]


async def test_a_state_is_claimed_as_its_desired_state_for_its_newest_event(store: Store) -> None:
    ids = await accept(store, state("A", {"x": 1}), state("A", {"y": 2}), state("A", {"x": 3}))
    claim = await claim_one(store)
    assert (claim.event_id, claim.number, claim.payload) == (ids[-1], 3, {"x": 3, "y": 2})


async def test_two_claimers_never_get_the_same_lane(postgres_stores: tuple[Store, Store]) -> None:
    await accept(postgres_stores[0], *(state(f"K{number}") for number in range(200)))
    claims = await _claim_all(postgres_stores, most=7)
    assert len(claims) == len({claim.lane_id for claim in claims}) == 200


async def test_two_claimers_never_fly_to_one_target_together(postgres_stores: tuple[Store, Store]) -> None:
    kinds = ("image", "kit", "sku", "specification")
    events = [state(f"K{n}", kind=kind, target=f"sku:K{n}") for n in range(30) for kind in kinds]
    await accept(postgres_stores[0], *events)
    delivered = 0
    while claims := await _claim_all(postgres_stores, most=20, tries=3):
        assert len({claim.key for claim in claims}) == len(claims)
        await asyncio.gather(*(postgres_stores[0].record(ended(claim)) for claim in claims))
        delivered += len(claims)
    assert delivered == 120


async def test_claimers_that_deadlock_over_targets_are_no_outage(
    postgres_stores: tuple[Store, Store],
) -> None:
    store, other = postgres_stores
    for kind in ("image", "kit"):
        await accept(store, state("A", kind=kind, target="sku:A"), state("B", kind=kind, target="sku:B"))
    take = "UPDATE lane SET lease = gen_random_uuid() WHERE kind = 'kit' AND key = '{}'"
    async with other.database.write() as connection:
        await connection.execute(text("SELECT id FROM lane WHERE kind = 'kit' FOR UPDATE"))
        await connection.execute(text(take.format("B")))
        claiming = asyncio.create_task(store.claim(10, lease=LEASE))
        await until(lambda: waits_for_lock(other), "the claim waits for target B")
        # Now the other one waits for target A, which the claim has taken.
        await connection.execute(text(take.format("A")))
    assert await claiming == []
    assert store.wakeup.is_set()


async def test_a_claimer_does_not_wait_for_another_transaction(postgres_stores: tuple[Store, Store]) -> None:
    store, other = postgres_stores
    await accept(store, state("A"), state("B"))
    async with other.database.write() as connection:
        await connection.execute(text("SELECT id FROM lane WHERE key = 'A' FOR UPDATE"))
        claims = await asyncio.wait_for(store.claim(10, lease=LEASE), 5)
    assert [claim.key for claim in claims] == ["B"]


async def test_a_lane_skipped_while_it_was_locked_is_claimed_next(
    postgres_stores: tuple[Store, Store],
) -> None:
    store, other = postgres_stores
    await accept(store, state("A"))
    async with other.database.write() as connection:
        await connection.execute(text("SELECT id FROM lane FOR UPDATE"))
        assert await store.claim(10, lease=LEASE) == []
    assert (await claim_one(store)).key == "A"


async def test_a_claim_keeps_the_fingerprint_away_until_it_is_acknowledged(store: Store) -> None:
    await accept(store, state("A"))
    await deliver(store, "print")
    await accept(store, state("A"))
    assert (await claim_one(store)).acknowledged == "print"
    assert (await lane(store, "A")).acknowledged is None


async def _claim_all(stores: tuple[Store, Store], *, most: int, tries: int = 40) -> list[Claim]:
    claims: list[Claim] = []
    for _ in range(tries):
        both = await asyncio.gather(*(store.claim(most, lease=LEASE) for store in stores))
        claims += [claim for each in both for claim in each]
    return claims


async def test_a_busy_target_hides_nothing_behind_it(store: Store, clock: Clock) -> None:
    await accept(store, *(state(f"I{number}", kind="image", target="sku:A") for number in range(30)))
    clock.advance(timedelta(seconds=1))
    await accept(store, *(state(f"B{number}", kind="image") for number in range(5)))
    slots = Slots(10)
    assert len((await store.take(slots, lease=LEASE)).claims) == 1
    assert {claim.key for claim in (await store.take(slots, lease=LEASE)).claims} == {
        f"B{number}" for number in range(5)
    }


async def test_what_is_excluded_is_not_taken_and_costs_the_others_nothing(store: Store) -> None:
    await accept(store, *(fact(f"I{number}", kind="order") for number in range(20)), fact("C"))
    await accept(store, fact("O", kind="order"), connection="other")
    taken = await store.take(Slots(4), lease=LEASE, excluding={("acme", "order")})
    assert {(claim.connection, claim.key) for claim in taken.claims} == {("acme", "C"), ("other", "O")}
    assert (await store.take(Slots(4), lease=LEASE, excluding={("acme", "order")})).contended is False


async def test_one_connections_full_load_takes_nothing_from_another(store: Store, clock: Clock) -> None:
    await accept(store, *(state(f"P{number}") for number in range(50)))
    clock.advance(timedelta(seconds=1))
    await accept(store, state("A"), connection="other")
    claims = (await store.take(Slots(4), lease=LEASE)).claims
    assert [claim.key for claim in claims if claim.connection == "other"] == ["A"]


async def test_the_next_moment_is_told_with_what_is_taken(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await store.record(retrying(await claim_one(store)))
    taken = await store.take(Slots(4), lease=LEASE)
    assert (taken.claims, taken.next_due) == ([], clock.now + timedelta(minutes=1))


async def test_four_claimers_of_shared_targets_end_all_without_a_livelock(
    migrated_postgres_url: str, clock: Clock
) -> None:
    stores = [Store(Database(migrated_postgres_url), clock=clock) for _ in range(4)]
    kinds = ("image", "kit", "sku", "specification")
    events = [state(f"K{n}", kind=kind, target=f"sku:K{n}") for n in range(50) for kind in kinds]
    await accept(stores[0], *events)
    flying: set[str] = set()
    rounds = [0, 0]

    async def work(store: Store) -> None:
        while await rows(store, "SELECT 1 FROM event WHERE finished_at IS NULL LIMIT 1"):
            claims = await store.claim(8, lease=LEASE)
            rounds[bool(claims)] += 1
            targets = {claim.key for claim in claims}
            assert len(targets) == len(claims)
            assert not targets & flying
            flying.update(targets)
            await asyncio.sleep(0.001)
            # Before the commit that frees them.
            flying.difference_update(targets)
            await asyncio.gather(*(store.record(ended(claim)) for claim in claims))

    await asyncio.wait_for(asyncio.gather(*(work(store) for store in stores)), 60)
    # 200 lanes in batches of at most 8: most looks find something.
    assert rounds[True] >= 25
    assert rounds[False] < 4 * rounds[True]
    for store in stores:
        await store.database.close()


async def test_a_lane_whose_newest_event_is_not_seen_is_not_claimed_at_once(
    postgres_stores: tuple[Store, Store],
) -> None:
    """A statement sees the newest version of a lane that it locks, and events as they were when it began."""
    store, _ = postgres_stores
    await accept(store, state("A"))
    await accept(store, state("A"), state("B"))
    async with store.database.write() as connection:
        await connection.execute(text("DELETE FROM event WHERE key = 'A' AND number = 2"))
    assert await _claimed_at_once(store) == []


@pytest.mark.parametrize("what", ["reopened_at = now()", "lease = gen_random_uuid()"])
async def test_a_lane_that_needs_a_closer_look_is_not_claimed_at_once(
    postgres_stores: tuple[Store, Store], what: str
) -> None:
    store, _ = postgres_stores
    await accept(store, state("A"))
    async with store.database.write() as connection:
        await connection.execute(text(f"UPDATE lane SET {what}"))
    assert await _claimed_at_once(store) == []
    assert len(await store.claim(10, lease=LEASE)) == 1


async def _claimed_at_once(store: Store) -> list[Claim]:
    now = store.clock()
    stream = Stream("acme", 2, "price", now)
    return await store.database.look(lambda transaction: claim_at_once(transaction, stream, 10, now, LEASE))
