"""Accepting: whole submissions, gapless numbers, the fold, and one transaction for many callers."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncpg import UntranslatableCharacterError  # type: ignore[import-untyped]

from app.database import VIOLATIONS
from app.errors import DatabaseUnavailable
from app.queue.lanes import Submission
from app.queue.store import IdempotencyConflict, Store
from tests.postgres import Postgres
from tests.queue.making import Clock, accept, claim_one, deliver, fact, lane, rows, state


async def test_a_submission_with_an_event_id_twice_stores_nothing(store: Store) -> None:
    event = state("A")
    with pytest.raises(VIOLATIONS):
        await accept(store, state("B"), event, event)
    assert await rows(store, "SELECT key FROM event") == []
    assert await rows(store, "SELECT key FROM lane") == []


async def test_the_neighbours_of_a_faulty_submission_are_stored(store: Store) -> None:
    known = state("known")
    await accept(store, known)
    results = await asyncio.gather(
        *(accept(store, known if place == 7 else state(f"K{place}")) for place in range(20)),
        return_exceptions=True,
    )
    assert [place for place, each in enumerate(results) if isinstance(each, Exception)] == [7]
    assert isinstance(results[7], VIOLATIONS)
    assert await rows(store, "SELECT count(*) FROM event") == [(20,)]


async def test_a_number_of_a_faulty_submission_is_given_to_the_next(store: Store) -> None:
    event = state("A")
    with pytest.raises(VIOLATIONS):
        await accept(store, event, event)
    await accept(store, state("A"))
    assert await rows(store, "SELECT number FROM event") == [(1,)]


async def test_a_payload_that_the_database_refuses_is_no_outage(
    postgres_stores: tuple[Store, Store],
) -> None:
    store, _ = postgres_stores
    with pytest.raises(UntranslatableCharacterError):
        await accept(store, state("A", {"name": "NUL \x00"}))


async def test_an_outage_fails_every_caller_of_its_batch_and_stores_nothing(
    postgres_stores: tuple[Store, Store], postgres: Postgres
) -> None:
    store, _ = postgres_stores
    await accept(store, state("before"))
    await asyncio.to_thread(postgres.stop)
    results = await asyncio.gather(
        *(accept(store, state(f"K{place}")) for place in range(20)), return_exceptions=True
    )
    assert [type(each) for each in results] == [DatabaseUnavailable] * 20
    await asyncio.to_thread(postgres.start)
    await accept(store, state("after"))
    assert await rows(store, "SELECT key FROM event ORDER BY key") == [("after",), ("before",)]


async def test_a_cancelled_caller_does_not_disturb_the_others(store: Store) -> None:
    callers = [asyncio.create_task(accept(store, state(f"K{place}"))) for place in range(20)]
    await asyncio.sleep(0)
    callers[3].cancel()
    callers[11].cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    cancelled = [place for place, each in enumerate(results) if isinstance(each, BaseException)]
    assert cancelled == [3, 11]
    assert {(f"K{place}",) for place in range(20) if place not in {3, 11}} <= set(
        await rows(store, "SELECT key FROM event")
    )


async def test_all_callers_may_go_away_and_the_next_is_served(store: Store) -> None:
    callers = [asyncio.create_task(accept(store, state(f"K{place}"))) for place in range(5)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.wait_for(accept(store, state("next")), 5)
    assert ("next",) in await rows(store, "SELECT key FROM event")


async def test_a_key_used_for_another_body_is_a_conflict_and_fails_nobody_else(store: Store) -> None:
    def keyed(sha256: str) -> Submission:
        return Submission("acme", (state("A"),), "price", "key-1", sha256, timedelta(days=7))

    first, repeated, other, free = await asyncio.gather(
        store.accept(keyed("one")),
        store.accept(keyed("one")),
        store.accept(keyed("two")),
        accept(store, state("B")),
        return_exceptions=True,
    )
    assert isinstance(other, IdempotencyConflict)
    assert not isinstance(first, BaseException)
    assert not isinstance(repeated, BaseException)
    assert repeated.event_ids == first.event_ids
    assert (first.repeated, repeated.repeated) == (False, True)
    assert isinstance(free, list)
    assert await rows(store, "SELECT key FROM event ORDER BY key") == [("A",), ("B",)]


async def test_an_expired_key_is_free_again(store: Store, clock: Clock) -> None:
    first = Submission("acme", (state("A"),), "price", "key-1", "one", timedelta(days=7))
    await store.accept(first)
    clock.advance(timedelta(days=7, seconds=1))
    again = await store.accept(replace(first, events=(state("A"),), body_sha256="two"))
    assert not again.repeated


async def test_two_processes_number_a_lane_without_a_gap(postgres_stores: tuple[Store, Store]) -> None:
    await asyncio.gather(*(accept(postgres_stores[place % 2], state("hot")) for place in range(50)))
    numbers = await rows(postgres_stores[0], "SELECT number FROM event ORDER BY number")
    assert numbers == [(number,) for number in range(1, 51)]


async def test_two_processes_number_many_lanes_without_gaps_or_deadlocks(
    postgres_stores: tuple[Store, Store],
) -> None:
    def lanes_of(place: int) -> list[Any]:
        # Each submission crosses the others' lanes in its own order, capitals and signs included.
        keys = ["a", "B", "c-1", "C_1", "ç", "9"]
        return [state(key) for key in keys[place % 6 :] + keys[: place % 6]]

    await asyncio.gather(*(accept(postgres_stores[place % 2], *lanes_of(place)) for place in range(50)))
    numbers: dict[str, list[int]] = defaultdict(list)
    for key, number in await rows(postgres_stores[0], "SELECT key, number FROM event ORDER BY number"):
        numbers[key].append(number)
    assert len(numbers) == 6
    assert all(each == list(range(1, 51)) for each in numbers.values())


async def test_the_fold_of_two_processes_has_every_field(postgres_stores: tuple[Store, Store]) -> None:
    await asyncio.gather(
        *(accept(postgres_stores[place % 2], state("A", {f"f{place}": place})) for place in range(50))
    )
    desired = (await lane(postgres_stores[0], "A")).desired
    assert desired == {f"f{place}": place for place in range(50)}


async def test_a_full_batch_of_2000_new_lanes_is_stored(store: Store) -> None:
    await accept(store, *(state(f"K{number:04}", {"value": number}) for number in range(2000)))
    assert await rows(store, "SELECT count(*), max(number) FROM event") == [(2000, 1)]


async def test_many_callers_with_keys_are_each_answered_with_their_own_events(store: Store) -> None:
    submissions = [
        Submission("acme", (state(f"K{number}"),), "price", f"key-{number}", "sha") for number in range(1500)
    ]
    answers = await asyncio.gather(*(store.accept(each) for each in submissions))
    assert [answer.event_ids for answer in answers] == [(each.events[0].id,) for each in submissions]


async def test_events_of_one_submission_keep_their_order_in_their_lane(store: Store) -> None:
    ids = await accept(store, *(state("A", {"value": number}) for number in range(30)))
    stored = await rows(store, "SELECT payload, number FROM event ORDER BY number")
    assert [number for _, number in stored] == list(range(1, 31))
    assert (await claim_one(store)).event_id == ids[-1]


async def test_another_connection_has_a_lane_of_its_own(store: Store) -> None:
    await accept(store, state("A"), connection="acme")
    await accept(store, state("A"), connection="other")
    found = await rows(store, "SELECT connection, last_number FROM lane ORDER BY connection")
    assert found == [("acme", 1), ("other", 1)]


async def test_a_change_folds_into_the_desired_state_of_before(store: Store) -> None:
    await accept(store, state("A", {"name": "Vaso", "ean": "1", "tags": [1, 2]}))
    await deliver(store)
    await accept(store, state("A", {"ean": None, "tags": [3]}))
    assert (await claim_one(store)).payload == {"name": "Vaso", "ean": None, "tags": [3]}


async def test_a_fact_is_not_folded(store: Store) -> None:
    await accept(store, fact("A", {"first": 1}), fact("A", {"second": 2}))
    assert (await claim_one(store)).payload == {"first": 1}
    assert (await lane(store, "A", "invoice")).desired is None


async def test_a_change_during_the_attempt_does_not_end_the_lease(store: Store) -> None:
    await accept(store, state("A"))
    held = await claim_one(store)
    await accept(store, state("A"))
    assert await store.claim(10, lease=timedelta(seconds=1)) == []
    assert (await lane(store, "A")).lease == held.lease
