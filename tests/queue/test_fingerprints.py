"""Fingerprints: kept by an acknowledgement, gone with every attempt that ended without one."""

from datetime import timedelta

import pytest

from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import LEASE, Clock, accept, claim_one, deliver, ended, lane, state, statuses


async def test_a_delivery_keeps_the_fingerprint_and_what_was_acknowledged(store: Store) -> None:
    await accept(store, state("A", {"value": 7}))
    await deliver(store, "print")
    found = await lane(store, "A")
    assert (found.acknowledged, found.acknowledged_state) == ("print", {"value": 7})


async def test_unchanged_keeps_the_fingerprint(store: Store) -> None:
    await accept(store, state("A"))
    await deliver(store, "print")
    ids = await accept(store, state("A"))
    claim = await claim_one(store)
    await store.record(ended(claim, Status.UNCHANGED, fingerprint="print", attempt=None))
    assert await statuses(store, ids) == ["unchanged"]
    assert (await lane(store, "A")).acknowledged == "print"


@pytest.mark.parametrize("status", [Status.FAILED, Status.RETRYING, Status.WAITING])
async def test_an_end_without_acknowledgement_clears_the_fingerprint(
    store: Store, clock: Clock, status: Status
) -> None:
    await accept(store, state("A"))
    await deliver(store, "print")
    await accept(store, state("A"))
    on = ("sku", "A") if status is Status.WAITING else None
    await store.record(ended(await claim_one(store), status, waiting_on=on))
    await accept(store, state("A"))
    clock.advance(timedelta(minutes=1))
    assert (await claim_one(store)).acknowledged is None


async def test_a_crash_clears_the_fingerprint(store: Store, clock: Clock) -> None:
    await accept(store, state("A"))
    await deliver(store, "print")
    await accept(store, state("A"))
    await claim_one(store)
    clock.advance(LEASE)
    assert (await claim_one(store)).acknowledged is None
