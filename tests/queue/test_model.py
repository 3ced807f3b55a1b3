"""Any interleaving of accepting, claiming, crashing, recording and replaying does what the model says."""

import asyncio
import shutil
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from app.database import Database
from app.queue.lanes import Claim, Submission
from app.queue.models import Status
from app.queue.store import Store
from tests.queue.making import FINAL, LEASE, Clock, ended, fact, rows, state
from tests.queue.model import FACTS, PARKED_FOR, PRIORITIES, TARGETS, Model, ModelEvent, ModelLane

Result = TypeVar("Result")
BEGUN = Clock().now
KINDS = st.sampled_from(sorted(TARGETS))
KEYS = st.sampled_from(["A", "B"])
FIELDS = st.dictionaries(st.sampled_from("xyz"), st.none() | st.integers(0, 3), min_size=1)
STAMPS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.integers(0, 5).map(lambda version: {"version": version}),
    st.integers(-60, 60).map(lambda ahead: {"occurred_at": (BEGUN + timedelta(seconds=ahead)).isoformat()}),
)
PAYLOADS = st.tuples(FIELDS, STAMPS).map(lambda both: both[0] | both[1])
PROCESSES = st.integers(0, 1)
CHOICE = st.integers(0, 1000)


class QueueMachine(RuleBasedStateMachine):
    """Two processes on one database; a claim that a process forgot is a crash."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.stores = [Store(Database(self.url), clock=self.clock) for _ in range(2)]
        self.model = Model()
        self.held: list[Claim] = []
        self.late: list[Claim] = []

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(coroutine)

    def lane_of(self, claim: Claim) -> ModelLane:
        return self.model.lane(claim.kind, claim.key)

    @rule(process=PROCESSES, changes=st.lists(st.tuples(KINDS, KEYS, PAYLOADS), min_size=1, max_size=4))
    def accept(self, process: int, changes: list[tuple[str, str, dict[str, Any]]]) -> None:
        events = []
        for kind, key, payload in changes:
            lane = self.model.lane(kind, key)
            make = fact if kind in FACTS else state
            event = make(key, payload, kind=kind, target=lane.target)
            events.append(event if kind in FACTS else _with_priority(event, PRIORITIES[kind]))
            lane.accept(ModelEvent(event.id, payload), self.clock.now)
        self.run(self.stores[process].accept(Submission("acme", tuple(events))))

    @rule(process=PROCESSES)
    def claim(self, process: int) -> None:
        expected = self.model.claimable(self.clock.now)
        claims = self.run(self.stores[process].claim(50, lease=LEASE))
        assert {self.lane_of(claim).target for claim in claims} == set(expected)
        assert len(claims) == len(expected)
        for claim in claims:
            lane, first = self.lane_of(claim), expected[self.lane_of(claim).target][0]
            assert (PRIORITIES[lane.kind], lane.due) == (PRIORITIES[first.kind], first.due)
            self.late += [each for each in self.held if each.lane_id == claim.lane_id]
            self.held = [each for each in self.held if each.lane_id != claim.lane_id] + [claim]
            lane.claim(claim, self.clock.now)
        flying = [lane.target for lane in self.model.lanes.values() if lane.lease]
        assert len(flying) == len(set(flying))

    def take(self, choice: int) -> Claim:
        return self.held.pop(choice % len(self.held))

    @precondition(lambda self: self.held)
    @rule(choice=CHOICE)
    def crash(self, choice: int) -> None:
        self.take(choice)

    @precondition(lambda self: self.held)
    @rule(
        process=PROCESSES,
        choice=CHOICE,
        status=st.sampled_from([Status.DELIVERED, Status.DELIVERED, Status.UNCHANGED, Status.FAILED]),
    )
    def finish(self, process: int, choice: int, status: Status) -> None:
        claim = self.take(choice)
        fingerprint = f"print of {claim.payload}"
        outcome = ended(claim, status, fingerprint=fingerprint)
        assert self.run(self.stores[process].record(outcome))
        lane = self.lane_of(claim)
        lane.finish(claim, status, fingerprint, self.clock.now)
        if status is Status.DELIVERED:
            self.model.wake(lane, self.clock.now)

    @precondition(lambda self: self.held)
    @rule(process=PROCESSES, choice=CHOICE, awaited=st.none() | st.tuples(KINDS, KEYS))
    def park(self, process: int, choice: int, awaited: tuple[str, str] | None) -> None:
        claim = self.take(choice)
        due = self.clock.now + PARKED_FOR
        status = Status.WAITING if awaited else Status.RETRYING
        outcome = ended(claim, status, due_at=due, waiting_on=awaited)
        assert self.run(self.stores[process].record(outcome))
        on = self.model.lane(*awaited) if awaited else None
        self.lane_of(claim).park(self.clock.now, due, on, claim.claimed_at)

    @precondition(lambda self: self.late)
    @rule(process=PROCESSES, status=st.sampled_from([Status.DELIVERED, Status.FAILED, Status.RETRYING]))
    def finish_late(self, process: int, status: Status) -> None:
        assert not self.run(self.stores[process].record(ended(self.late.pop(), status)))

    @precondition(lambda self: any(lane.events for lane in self.model.lanes.values()))
    @rule(process=PROCESSES, choice=CHOICE)
    def replay(self, process: int, choice: int) -> None:
        events = [(lane, place) for lane in self.model.lanes.values() for place in range(len(lane.events))]
        lane, place = events[choice % len(events)]
        assert self.run(self.stores[process].replay("acme", lane.events[place].id))
        lane.replay(place, self.clock.now)

    @rule(process=PROCESSES, kind=KINDS, key=KEYS)
    def resend(self, process: int, kind: str, key: str) -> None:
        self.run(self.stores[process].resend("acme", kind, [key]))
        if (kind, key) in self.model.lanes:
            self.model.lane(kind, key).resend = True

    @rule(duration=st.sampled_from([timedelta(seconds=1), timedelta(seconds=20), LEASE]))
    def pass_time(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    def drain(self) -> None:
        """Deliver until nothing is due any more, however long that takes."""
        while any(lane.due for lane in self.model.lanes.values()):
            self.claim(0)
            if not self.held:
                self.clock.advance(LEASE)
            while self.held:
                self.finish(0, 0, Status.DELIVERED)

    def teardown(self) -> None:
        try:
            self.drain()
            self.run(self.check())
        finally:
            for store in self.stores:
                self.run(_clear(store))
            self.runner.close()

    async def check(self) -> None:
        stored: dict[tuple[str, str], list[str]] = {}
        query = "SELECT kind, key, number, status FROM event ORDER BY number"
        for kind, key, number, status in await rows(self.stores[0], query):
            assert status in FINAL
            stored.setdefault((kind, key), []).append(status)
            assert number == len(stored[kind, key])
        lanes = {name: lane for name, lane in self.model.lanes.items() if lane.events}
        assert stored == {name: [event.status for event in lane.events] for name, lane in lanes.items()}
        for lane in lanes.values():
            if lane.is_state:
                numbers = [number for number, _ in lane.sent]
                assert numbers == sorted(numbers)


def _with_priority(event: Any, priority: int) -> Any:
    return replace(event, priority=priority)


async def _clear(store: Store) -> None:
    async with store.database.write() as connection:
        for table in ("attempt", "event", "lane"):
            await connection.execute(text(f"DELETE FROM {table}"))
    await store.database.close()


def _hold(url: str, *, examples: int) -> None:
    run_state_machine_as_test(
        type("QueueMachineOfUrl", (QueueMachine,), {"url": url}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            # One database serves all examples; each leaves it empty.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )


def test_the_queue_on_sqlite_is_as_the_model(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "bridge.db")
    _hold(f"sqlite+aiosqlite:///{tmp_path / 'bridge.db'}", examples=25)


def test_the_queue_on_postgres_is_as_the_model(migrated_postgres_url: str) -> None:
    _hold(migrated_postgres_url, examples=10)
