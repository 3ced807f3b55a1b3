"""The queue as a plain Python model: what a lane wants, when it is due, and who holds it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.queue.lanes import Claim, Document
from app.queue.models import Status
from tests.queue.freshness import Freshness
from tests.queue.making import LEASE

#: Lanes of a key that share a target: image and kit one SKU, invoice and cancellation one order.
TARGETS = {"price": "price", "image": "sku", "kit": "sku", "invoice": "order", "cancellation": "order"}
FACTS = {"invoice", "cancellation"}
PRIORITIES = {"price": 2, "image": 3, "kit": 3, "invoice": 0, "cancellation": 0}
PARKED_FOR = timedelta(minutes=1)

LaneName = tuple[str, str]


@dataclass
class ModelEvent:
    id: UUID
    payload: Document
    status: str | None = None


@dataclass
class ModelLane:
    kind: str
    key: str
    events: list[ModelEvent] = field(default_factory=list)
    wanted: Freshness = field(default_factory=Freshness)
    due: datetime | None = None
    lease: UUID | None = None
    acknowledged: str | None = None
    acknowledged_at: datetime | None = None
    resend: bool = False
    reopened: bool = False
    awaits: LaneName | None = None
    #: What the other side has: each delivered payload, with its event's place.
    sent: list[tuple[int, Document]] = field(default_factory=list)

    @property
    def target(self) -> str:
        return f"{TARGETS[self.kind]}:{self.key}"

    @property
    def is_state(self) -> bool:
        return self.kind not in FACTS

    @property
    def pending(self) -> list[int]:
        return [place for place, event in enumerate(self.events) if event.status is None]

    def accept(self, event: ModelEvent, now: datetime) -> None:
        self.events.append(event)
        if self.is_state and not self.wanted.lay(event.payload, now):
            event.status = Status.SUPERSEDED.value
        else:
            self.due = self.due or now

    def claim(self, claim: Claim, now: datetime) -> None:
        """What is claimed is what the promises say: a state's latest, or a fact's oldest."""
        place = self.pending[-1] if self.is_state else self.pending[0]
        event = self.events[place]
        assert claim.event_id == event.id
        assert claim.payload == (self.wanted.desired if self.is_state else event.payload)
        assert claim.number == (len(self.events) if self.is_state else place + 1)
        assert claim.acknowledged == (None if self.resend else self.acknowledged)
        self.lease, self.due = claim.lease, now + LEASE
        self.acknowledged, self.resend, self.reopened = None, False, False

    def finish(self, claim: Claim, status: Status, fingerprint: str, now: datetime) -> None:
        for place in self.pending:
            if self.events[place].id == claim.event_id:
                self.events[place].status = status.value
            elif self.is_state and place < claim.number and not self.reopened:
                self.events[place].status = Status.SUPERSEDED.value
        if status is Status.DELIVERED:
            self.sent.append((claim.number, claim.payload))
            self.acknowledged_at = now
        if status is not Status.FAILED:
            self.acknowledged = fingerprint
        self.lease, self.awaits = None, None
        self.due = now if self.pending else None

    def park(self, now: datetime, due: datetime, awaited: "ModelLane | None", claimed_at: datetime) -> None:
        self.lease, self.due = None, due
        self.awaits = (awaited.kind, awaited.key) if awaited else None
        if awaited and awaited.acknowledged_at and awaited.acknowledged_at >= claimed_at:
            self.due = now

    def replay(self, place: int, now: datetime) -> None:
        self.events[place].status = None
        part = [each for each in self.events if each.status != Status.SUPERSEDED.value]
        if self.is_state and part[-1].status == Status.FAILED.value:
            part[-1].status = None
        self.resend = self.reopened = True
        if self.lease is None:
            self.due = now


@dataclass
class Model:
    lanes: dict[LaneName, ModelLane] = field(default_factory=dict)

    def lane(self, kind: str, key: str) -> ModelLane:
        return self.lanes.setdefault((kind, key), ModelLane(kind, key))

    def claimable(self, now: datetime) -> dict[str, list[ModelLane]]:
        """By target, the due lanes of which one may fly, most urgent first."""
        found: dict[str, list[ModelLane]] = {}
        for lane in self.lanes.values():
            others = [each for each in self.lanes.values() if each.target == lane.target and each is not lane]
            if lane.due and lane.due <= now and not any(each.lease for each in others):
                found.setdefault(lane.target, []).append(lane)
        for lanes in found.values():
            lanes.sort(key=lambda lane: (PRIORITIES[lane.kind], lane.due))
        return found

    def wake(self, delivered: ModelLane, now: datetime) -> None:
        for lane in self.lanes.values():
            if lane.awaits == (delivered.kind, delivered.key) and lane.lease is None:
                lane.due = now
