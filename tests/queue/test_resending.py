"""Resending: what was acknowledged holds no longer, whatever is in flight in that moment."""

import pytest

from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import accept, claim_one, deliver, ended, lane, state, statuses


async def _acknowledged(store: Store, *keys: str) -> None:
    for key in keys:
        await accept(store, state(key, kind="stock"))
        await deliver(store, "print")


async def test_the_next_change_has_nothing_to_be_equal_to(store: Store) -> None:
    await _acknowledged(store, "S1@1_1")
    await store.resend("acme", "stock", ["S1@"])
    await accept(store, state("S1@1_1", kind="stock"))
    assert (await claim_one(store)).acknowledged is None


async def test_nothing_is_due_by_it(store: Store) -> None:
    await _acknowledged(store, "S1@1_1")
    await store.resend("acme", "stock", ["S1@"])
    assert (await lane(store, "S1@1_1", "stock")).due_at is None


async def test_it_reaches_the_keys_that_begin_so_and_no_others(store: Store) -> None:
    keys = ["S1@1_1", "S1@zz", "S2@1_1", "S1", "S10@1_1", "s1@1_1", "S1A", "ç@1"]
    await _acknowledged(store, *keys)
    await accept(store, state("S1@1_1", kind="price"), connection="acme")
    await accept(store, state("S1@1_1", kind="stock"), connection="other")
    await store.resend("acme", "stock", ["S1@", "ç@", "none@"])
    marked = [key for key in keys if (await lane(store, key, "stock")).resend]
    assert marked == ["S1@1_1", "S1@zz", "ç@1"]
    other = await store.read.lane("other", "stock", "S1@1_1")
    assert other is not None
    assert [other.resend, (await lane(store, "S1@1_1")).resend] == [False, False]


async def test_no_prefix_reaches_nothing(store: Store) -> None:
    await _acknowledged(store, "S1@1_1")
    await store.resend("acme", "stock", [])
    assert not (await lane(store, "S1@1_1", "stock")).resend


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.UNCHANGED])
async def test_an_attempt_in_flight_does_not_bring_the_fingerprint_back(store: Store, status: Status) -> None:
    await accept(store, state("S1@1_1", kind="stock"))
    claim = await claim_one(store)
    await store.resend("acme", "stock", ["S1@"])
    await store.record(ended(claim, status, fingerprint="print"))
    await accept(store, state("S1@1_1", kind="stock"))
    assert (await claim_one(store)).acknowledged is None


async def test_what_is_in_flight_still_answers_for_all_that_it_carries(store: Store) -> None:
    ids = await accept(store, *(state("S1@1_1", {"n": n}, kind="stock") for n in range(3)))
    claim = await claim_one(store)
    await store.resend("acme", "stock", ["S1@"])
    await store.record(ended(claim))
    assert await statuses(store, ids) == ["superseded", "superseded", "delivered"]
