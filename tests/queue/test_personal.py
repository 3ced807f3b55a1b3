"""Personal data at rest: sealed by keys that rotate, pruned to ids and amounts, and never lost with a key."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.config import SecretRef
from app.database import Database
from app.queue.attempts import Attempts, Pace
from app.queue.lanes import AttemptRecord, Backoff, Claim, Outcome
from app.queue.models import Status
from app.queue.personal import ContentRemoved, Personal
from app.queue.pruner import Pruner, Retention
from app.queue.store import Store
from app.sealing import Seals
from tests.queue.making import Clock, accept, claim_one, ended, fact, lane, rows, state

SAID = {"order": "1-01", "name": "Maria Canaria"}
KEPT = {"order": "1-01"}
DAYS = timedelta(days=90)
RETENTION = Retention(
    timedelta(days=30), timedelta(days=365), timedelta(hours=1), rest=timedelta(0), personal=DAYS
)
PACE = Pace(
    concurrency=1,
    lease=timedelta(seconds=30),
    backoff=Backoff(timedelta(seconds=1), timedelta(seconds=60)),
    give_up=timedelta(days=7),
    waiting_check=timedelta(minutes=5),
    poll=timedelta(seconds=1),
)


class Keys:
    """A file of keys, as it is written anew while the bridge runs."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.made = [Fernet.generate_key().decode() for _ in range(2)]
        self.are(0)

    def are(self, *numbers: int) -> None:
        written = self.file.with_suffix(".new")
        written.write_text("\n".join(self.made[each] for each in numbers))
        written.replace(self.file)

    def personal(self) -> Personal:
        kept = {"invoice": lambda payload: {"order": payload["order"]}}
        return Personal(Seals((SecretRef(f"file:{self.file}"),)), kept)


@dataclass
class Deliverer:
    got: list[Any]

    def fingerprint(self, claim: Claim) -> None:
        assert "_sealed" not in claim.payload

    async def deliver(self, claim: Claim) -> None:
        self.got.append(claim.payload)


Opening = Callable[[], Store]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


@pytest.fixture
async def opening(migrated_database_url: str, clock: Clock, keys: Keys) -> AsyncIterator[Opening]:
    """Each stands for a process that was started with the keys of now."""
    stores = []

    def opened() -> Store:
        stores.append(Store(Database(migrated_database_url), clock=clock, personal=keys.personal()))
        return stores[-1]

    yield opened
    for store in stores:
        await store.drain()
        await store.database.close()


@pytest.fixture
def sealing(opening: Opening) -> Store:
    return opening()


async def attempt(store: Store, claim: Claim) -> tuple[Outcome, list[Any]]:
    deliverer = Deliverer([])
    return await Attempts(store, {"invoice": deliverer}, PACE, list).make(claim), deliverer.got


def answered(claim: Claim, answer: str, status: Status = Status.DELIVERED) -> Outcome:
    calls = [{"method": "PUT", "path": "/x", "status": 500, "answer": answer}]
    return replace(ended(claim, status), attempt=AttemptRecord(claim.claimed_at, 5, calls))


async def stored(store: Store) -> str:
    return str(await rows(store, "SELECT CAST(payload AS TEXT) FROM event")) + str(
        await rows(store, "SELECT CAST(calls AS TEXT) FROM attempt")
    )


async def test_what_no_key_opens_waits_for_the_key_and_is_delivered_with_it(
    opening: Opening, keys: Keys, clock: Clock
) -> None:
    await accept(opening(), fact("F", SAID))
    keys.are(1)
    store = opening()
    outcome, got = await attempt(store, await claim_one(store))
    assert (outcome.status, outcome.reason_class, got) == (Status.RETRYING, "unauthorized", [])
    assert "put that key back" in str(outcome.reason)
    await store.record(outcome)
    clock.advance(timedelta(minutes=2))
    keys.are(1, 0)
    outcome, got = await attempt(store, await claim_one(store))
    assert (outcome.status, got) == (Status.DELIVERED, [SAID])


async def test_what_was_altered_says_so(sealing: Store) -> None:
    [event_id] = await accept(sealing, fact("F", SAID))
    found = await sealing.read.event("acme", event_id)
    assert found is not None
    altered = found.payload | {"_sealed": found.payload["_sealed"][:-8] + "AAAAAAA="}
    assert "was altered" in sealing.personal.shown(altered)["_sealed"]
    assert sealing.personal.shown(altered)["order"] == "1-01"


async def test_the_keys_are_read_anew_and_one_that_is_away_for_a_moment_is_remembered(
    sealing: Store, keys: Keys
) -> None:
    await accept(sealing, fact("F", SAID))
    first = sealing.personal.seals.key_ids
    keys.are(1, 0)
    assert sealing.personal.seals.key_ids[1:] == first
    await accept(sealing, fact("G", SAID))
    keys.file.unlink()
    await accept(sealing, fact("H", SAID))
    assert await sealing.contents.key_ids("acme") == {*first, sealing.personal.seals.key_ids[0]}


async def test_a_state_kind_is_stored_as_it_is(sealing: Store) -> None:
    await accept(sealing, state("A", {"value": 7}))
    assert (await lane(sealing, "A")).desired == {"value": 7}
    assert await rows(sealing, "SELECT count(*) FROM event WHERE CAST(payload AS TEXT) LIKE '%_sealed%'") == [
        (0,)
    ]


async def test_what_an_answer_repeats_is_sealed_too(sealing: Store) -> None:
    [event_id] = await accept(sealing, fact("F", SAID))
    claim = await claim_one(sealing)
    await sealing.record(answered(claim, "no Maria Canaria\x00"))
    assert "Canaria" not in await stored(sealing)
    [made] = await sealing.read.attempts(event_id)
    assert sealing.personal.calls_shown(made.calls)[0]["answer"] == "no Maria Canaria\ufffd"


async def test_after_its_days_only_ids_and_amounts_are_left(sealing: Store, clock: Clock) -> None:
    [event_id] = await accept(sealing, fact("F", SAID))
    refused = answered(await claim_one(sealing), "no Maria Canaria", Status.FAILED)
    await sealing.record(replace(refused, reason="VTEX refused it: Maria Canaria", reason_class="refused"))
    clock.advance(DAYS)
    await Pruner(sealing, RETENTION).prune()
    assert "_sealed" in await stored(sealing)
    clock.advance(timedelta(seconds=1))
    await Pruner(sealing, RETENTION).prune()
    found = await sealing.read.event("acme", event_id)
    assert found is not None
    assert found.payload == KEPT | {"_removed": {"why": "pruned", "at": "2026-04-01T00:00:01+00:00"}}
    [made] = await sealing.read.attempts(event_id)
    assert made.calls == [{"method": "PUT", "path": "/x", "status": 500}]
    assert (found.reason, made.reason) == ("the reason was pruned with the content", None)
    with pytest.raises(ContentRemoved, match="its content was pruned at 2026-04-01"):
        await sealing.replay("acme", event_id)


async def test_what_has_not_ended_keeps_its_content(sealing: Store, clock: Clock) -> None:
    await accept(sealing, fact("F", SAID))
    await sealing.record(answered(await claim_one(sealing), "later", Status.RETRYING))
    clock.advance(DAYS * 4)
    await Pruner(sealing, RETENTION).prune()
    _, got = await attempt(sealing, await claim_one(sealing))
    assert got == [SAID]


async def test_what_gave_up_waiting_is_not_revived_without_its_content(sealing: Store, clock: Clock) -> None:
    [event_id] = await accept(sealing, fact("F", SAID))
    claim = await claim_one(sealing)
    given_up = ended(claim, Status.FAILED, reason="waits", reason_class="waiting", waiting_on=("order", "1"))
    await sealing.record(given_up)
    clock.advance(DAYS * 2)
    await Pruner(sealing, RETENTION).prune()
    await sealing.arrived("acme", "order", ["1"])
    assert await sealing.claim(1, lease=timedelta(minutes=1)) == []
    found = await sealing.read.event("acme", event_id)
    assert found is not None
    assert (found.status, found.reason_class) == ("failed", "removed")


async def test_what_lost_its_content_is_not_delivered(sealing: Store) -> None:
    await accept(sealing, fact("F", SAID))
    claim = await claim_one(sealing)
    removed = sealing.personal.removed("invoice", claim.payload, "pruned", claim.claimed_at)
    outcome, got = await attempt(sealing, replace(claim, payload=removed))
    assert (outcome.status, got) == (Status.FAILED, [])
    assert "its content was pruned" in str(outcome.reason)
    assert "send it again" in str(outcome.reason)


async def test_what_an_older_version_stored_in_clear_is_read_and_sealed(
    opening: Opening, migrated_database_url: str, clock: Clock
) -> None:
    older = Store(Database(migrated_database_url), clock=clock)
    await accept(older, fact("F", SAID), fact("G", SAID))
    await older.record(answered((await older.claim(1, lease=timedelta(minutes=1)))[0], "no Maria Canaria"))
    await older.database.close()
    store = opening()
    assert await store.contents.key_ids("acme") == {None}
    done = await store.contents.reseal(None, 10)
    assert (done.events, done.answers, done.cursor, done.unopened) == (2, 1, None, [])
    assert "Canaria" not in await stored(store)
    _, got = await attempt(store, await claim_one(store))
    assert got == [SAID]


async def test_a_new_key_seals_all_anew_and_the_old_one_can_go(
    sealing: Store, opening: Opening, keys: Keys
) -> None:
    await accept(sealing, *(fact(f"F{number}", SAID) for number in range(3)))
    [claim, *_] = await sealing.claim(1, lease=timedelta(minutes=1))
    await sealing.record(answered(claim, "no Maria Canaria"))
    keys.are(1, 0)
    first = await sealing.contents.reseal(None, 2)
    assert (first.events, first.cursor is None) == (2, False)
    rest = await sealing.contents.reseal(first.cursor, 2)
    assert (rest.events, first.answers + rest.answers) == (1, 1)
    keys.are(1)
    store = opening()
    assert await store.contents.key_ids("acme") == set(store.personal.seals.key_ids)
    again = await store.contents.reseal(None, 10)
    assert (again.events, again.answers, again.unopened) == (0, 0, [])
    [claim] = await store.claim(1, lease=timedelta(minutes=1))
    _, got = await attempt(store, claim)
    assert got == [SAID]


async def test_an_answer_that_no_key_opens_is_named_too(opening: Opening, keys: Keys) -> None:
    """An attempt ended in a process that did not have the new key yet."""
    late = opening()
    [event_id] = await accept(late, fact("F", SAID))
    claim = await claim_one(late)
    keys.are(1, 0)
    assert (await opening().contents.reseal(None, 10)).events == 1
    keys.are(0)
    await late.record(answered(claim, "no Maria Canaria"))
    keys.are(1)
    assert (await opening().contents.reseal(None, 10)).unopened == [event_id]
    keys.are(1, 0)
    done = await opening().contents.reseal(None, 10)
    assert (done.answers, done.unopened) == (1, [])


async def test_what_no_key_opens_is_left_as_it_is_and_named(opening: Opening, keys: Keys) -> None:
    ids = await accept(opening(), fact("F", SAID))
    keys.are(1)
    done = await opening().contents.reseal(None, 10)
    assert (done.events, done.unopened) == (0, ids)
    keys.are(0)
    store = opening()
    _, got = await attempt(store, await claim_one(store))
    assert got == [SAID]
