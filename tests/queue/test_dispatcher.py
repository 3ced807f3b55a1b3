"""The dispatcher: what each way of ending means, how it stops, and what it survives."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from app.database import Database
from app.queue.dispatcher import Deliverer, Dispatcher, Pace
from app.queue.lanes import Backoff, Claim
from app.queue.store import Store
from tests.postgres import Postgres
from tests.queue.making import accept, fact, rows, state, statuses
from tests.running import until

PACE = Pace(
    concurrency=4,
    lease=timedelta(seconds=4),
    backoff=Backoff(timedelta(seconds=10), timedelta(seconds=100)),
    give_up=timedelta(days=7),
    waiting_check=timedelta(minutes=5),
    poll=timedelta(milliseconds=50),
)


class Sending:
    """A deliverer of which a test says how an attempt goes; it keeps what was sent."""

    def __init__(
        self, attempt: Callable[[Claim], Awaitable[None]] | None = None, fingerprint: str | None = None
    ) -> None:
        self._attempt = attempt
        self._fingerprint = fingerprint
        self.sent: list[Claim] = []
        self.in_flight = 0
        self.most_in_flight = 0

    def fingerprint(self, claim: Claim) -> str | None:  # noqa: ARG002  the protocol's argument
        return self._fingerprint

    async def deliver(self, claim: Claim) -> None:
        self.sent.append(claim)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._attempt:
                await self._attempt(claim)
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def dispatching(store: Store, pace: Pace = PACE, **deliverers: Deliverer) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(store, deliverers, pace)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        await asyncio.wait_for(running, 30)


async def all_ended(store: Store) -> bool:
    return await rows(store, "SELECT 1 FROM event WHERE finished_at IS NULL") == []


async def test_an_unknown_kind_is_a_failure_that_says_so(store: Store) -> None:
    ids = await accept(store, state("A", kind="hologram"))
    async with dispatching(store):
        await until(lambda: all_ended(store), "the event ended")
    assert await statuses(store, ids) == ["failed"]
    [(reason,)] = await rows(store, "SELECT reason FROM event")
    assert "hologram" in reason


async def test_an_equal_fingerprint_makes_no_call(store: Store) -> None:
    price = Sending(fingerprint="print")
    async with dispatching(store, price=price):
        ids = await accept(store, state("A"))
        await until(lambda: all_ended(store), "the first ended")
        ids += await accept(store, state("A"))
        await until(lambda: all_ended(store), "the second ended")
    assert await statuses(store, ids) == ["delivered", "unchanged"]
    assert len(price.sent) == 1


async def test_a_fact_is_sent_although_it_equals_the_last(store: Store) -> None:
    invoice = Sending()
    await accept(store, fact("A", {"n": 1}), fact("A", {"n": 1}))
    async with dispatching(store, invoice=invoice):
        await until(lambda: all_ended(store), "both ended")
    assert [claim.number for claim in invoice.sent] == [1, 2]


async def test_an_accepted_event_is_sent_without_waiting_for_the_poll(store: Store) -> None:
    price = Sending()
    async with dispatching(store, replace(PACE, poll=timedelta(hours=1)), price=price):
        await asyncio.sleep(0.2)
        await accept(store, state("A"))
        await until(lambda: all_ended(store), "the event ended", seconds=5)


async def test_on_sqlite_what_the_command_writes_is_found_by_the_poll(migrated_sqlite_url: str) -> None:
    ours, theirs = Database(migrated_sqlite_url), Database(migrated_sqlite_url)
    store, other = Store(ours), Store(theirs)
    async with dispatching(store, replace(PACE, poll=timedelta(seconds=0.5)), price=Sending()):
        await asyncio.sleep(0.2)
        await accept(other, state("A"))
        await until(lambda: all_ended(other), "the event ended", seconds=5)
    await ours.close()
    await theirs.close()


async def test_a_lane_behind_a_busy_target_follows_without_waiting_for_the_poll(store: Store) -> None:
    price, image = Sending(), Sending()
    await accept(store, state("A", target="sku:A"), state("A", kind="image", target="sku:A"))
    async with dispatching(store, replace(PACE, poll=timedelta(hours=1)), price=price, image=image):
        await until(lambda: all_ended(store), "both ended", seconds=5)


async def test_no_more_than_the_concurrency_is_in_flight(store: Store) -> None:
    async def slow(_claim: Claim) -> None:
        await asyncio.sleep(0.02)

    invoice = Sending(slow)
    await accept(store, *(fact(f"K{number}") for number in range(40)))
    async with dispatching(store, invoice=invoice):
        await until(lambda: all_ended(store), "all ended")
    assert invoice.most_in_flight == PACE.concurrency


async def test_a_stopped_dispatcher_ends_what_is_in_flight(store: Store) -> None:
    go = asyncio.Event()

    async def wait(_claim: Claim) -> None:
        await go.wait()

    price = Sending(wait)
    ids = await accept(store, state("A"))
    async with dispatching(store, price=price) as dispatcher:
        await until(lambda: price.in_flight == 1, "it is in flight")
        dispatcher.stop()
        await asyncio.sleep(0.1)
        go.set()
    assert await statuses(store, ids) == ["delivered"]


async def test_a_stopped_dispatcher_claims_nothing_more(store: Store) -> None:
    async def wait(_claim: Claim) -> None:
        await asyncio.sleep(0.1)

    invoice = Sending(wait)
    await accept(store, *(fact(f"K{number}") for number in range(20)))
    async with dispatching(store, invoice=invoice) as dispatcher:
        await until(lambda: invoice.in_flight == PACE.concurrency, "all hands are full")
        dispatcher.stop()
    assert len(invoice.sent) == PACE.concurrency
    assert await rows(store, "SELECT 1 FROM lane WHERE lease IS NOT NULL") == []


async def test_an_idle_dispatcher_stops_at_once(store: Store) -> None:
    async with dispatching(store, replace(PACE, poll=timedelta(hours=1))):
        await asyncio.sleep(0.1)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 2


async def test_an_outage_of_the_database_is_survived(migrated_postgres_url: str, postgres: Postgres) -> None:
    store = Store(Database(migrated_postgres_url))
    price = Sending()
    async with dispatching(store, price=price):
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.start)
        ids = await accept(store, state("A"))
        await until(lambda: all_ended(store), "the event ended")
    assert await statuses(store, ids) == ["delivered"]
    await store.database.close()


async def test_an_outage_while_the_outcome_is_recorded_costs_no_second_try(
    migrated_postgres_url: str, postgres: Postgres
) -> None:
    store = Store(Database(migrated_postgres_url))

    async def outage(_claim: Claim) -> None:
        await asyncio.to_thread(postgres.stop)

    price = Sending(outage)
    ids = await accept(store, state("A"))
    async with dispatching(store, replace(PACE, lease=timedelta(minutes=1)), price=price):
        await until(lambda: postgres.pid is None, "the database is away")
        await asyncio.to_thread(postgres.start)
        await until(lambda: all_ended(store), "the event ended")
    assert await statuses(store, ids) == ["delivered"]
    assert len(price.sent) == 1
    await store.database.close()


async def test_an_outage_within_an_attempt_gives_the_lane_back_and_counts_no_crash(
    migrated_postgres_url: str, postgres: Postgres
) -> None:
    store = Store(Database(migrated_postgres_url))

    async def outage(claim: Claim) -> None:
        if len(price.sent) == 1:
            await asyncio.to_thread(postgres.stop)
            await store.checkpoint(claim, "told")

    price = Sending(outage)
    ids = await accept(store, state("A"))
    async with dispatching(store, replace(PACE, lease=timedelta(minutes=1)), price=price):
        await until(lambda: postgres.pid is None, "the database is away")
        await asyncio.to_thread(postgres.start)
        await until(lambda: all_ended(store), "the event ended")
    assert await statuses(store, ids) == ["delivered"]
    assert [claim.crashes for claim in price.sent] == [0, 0]
    await store.database.close()


async def test_a_trickle_of_one_connection_does_not_hold_up_the_backlog_of_another(store: Store) -> None:
    price = Sending(lambda claim: asyncio.sleep(0.1 if claim.connection == "busy" else 0))
    await accept(store, *(state(f"K{number}") for number in range(15)), connection="busy")
    async with dispatching(store, replace(PACE, concurrency=1, poll=timedelta(seconds=5)), price=price):
        for number in range(40):
            await accept(store, state(f"T{number}"))
            await asyncio.sleep(0.05)
    assert sum(claim.connection == "busy" for claim in price.sent) >= 10
