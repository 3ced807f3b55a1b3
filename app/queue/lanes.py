"""What is pure about lanes: events to accept, claims, outcomes, backoff."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.errors import Paused, Throttled, Unauthorized
from app.queue.folding import Fold
from app.queue.models import Status

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A change on its way into the queue; `fold` makes it a state kind, without one it is a fact."""

    id: UUID
    kind: str
    key: str
    target: str
    priority: int
    payload: Document
    fold: Fold | None


@dataclass(frozen=True, slots=True)
class Submission:
    """Events that are accepted whole or not at all."""

    connection: str
    events: tuple[NewEvent, ...]
    route: str = ""
    idempotency_key: str | None = None
    body_sha256: str = ""
    #: How long the key holds; None: for ever.
    idempotency_life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A lane in our hands until the lease ends."""

    lane_id: int
    lease: UUID
    claimed_at: datetime
    connection: str
    kind: str
    key: str
    is_state: bool
    #: State kinds: the lane's desired state; facts: the event's payload.
    payload: Document
    event_id: UUID
    number: int
    accepted_at: datetime
    stage: str | None
    #: None when it has to be sent whatever was acknowledged before.
    acknowledged: str | None
    failures: int
    #: The status before the claim, and since when.
    status: str | None
    since: datetime
    reason_class: str | None = None
    #: 0 orders and invoices, 1 stock, 2 prices, 3 catalogue.
    priority: int = 0
    #: Leases of this lane that ended by themselves in a row, up to this claim.
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    started_at: datetime
    duration_ms: int
    calls: list[Document]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a claim ended. `due_at` is given for waiting and retrying, and for them alone."""

    claim: Claim
    status: Status
    reason: str | None = None
    reason_class: str | None = None
    due_at: datetime | None = None
    waiting_on: tuple[str, str] | None = None
    fingerprint: str | None = None
    attempt: AttemptRecord | None = None


#: The other side would not have it now, which says nothing of the event: no attempt is burnt.
_NO_ATTEMPT = frozenset(each.reason_class for each in (Paused, Throttled, Unauthorized))


def failures_after(outcome: Outcome) -> int:
    """Attempts in a row that ended without an acknowledgement, this one included."""
    burnt = outcome.status is Status.RETRYING and outcome.reason_class not in _NO_ATTEMPT
    return outcome.claim.failures + burnt


def since(outcome: Outcome, now: datetime) -> datetime:
    """Since when the trouble lasts; pauses are no part of it, so the deadline moves by their length.

    Never into the future: of the last pause a part may count.
    """
    claim = outcome.claim
    if not goes_on(claim, outcome.status, outcome.reason_class):
        return now
    paused = outcome.reason_class == Paused.reason_class and outcome.due_at is not None
    return min(now, claim.since + (outcome.due_at - now)) if paused and outcome.due_at else claim.since


def goes_on(claim: Claim, status: Status, reason_class: str | None) -> bool:
    """Whether an attempt ended in the trouble that its lane was in before; a pause is its own."""
    paused = Unauthorized.reason_class
    return claim.status == status and (claim.reason_class == paused) == (reason_class == paused)


@dataclass(frozen=True, slots=True)
class Backoff:
    """max(floor, min(cap, base · 2ⁿ) · U(0.5, 1)): exponential, with jitter, never before the floor."""

    base: timedelta
    cap: timedelta
    chance: random.Random = field(default_factory=random.Random)

    def delay(self, failures: int, floor: timedelta | None = None) -> timedelta:
        exponential: timedelta = min(self.cap, self.base * 2.0 ** min(failures, 30))
        return max(floor or timedelta(0), exponential * self.chance.uniform(0.5, 1))

    def spread(self, pause: timedelta) -> timedelta:
        """Never before the pause's end, and not all at once."""
        return pause * self.chance.uniform(1, 1.1)
