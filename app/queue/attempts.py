"""One attempt: the kind's deliverer tries, and what came of it is judged."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from app import logging
from app.errors import (
    DatabaseUnavailable,
    DeliveryError,
    LeaseLost,
    Paused,
    Refused,
    Retry,
    Unauthorized,
    Waiting,
)
from app.queue.lanes import AttemptRecord, Backoff, Claim, Document, Outcome, goes_on
from app.queue.models import Status
from app.queue.store import Store

log = logging.get(__name__)
POISON = "poison"


class Deliverer(Protocol):
    """One kind's way to the other side."""

    def fingerprint(self, claim: Claim) -> str | None:
        """What would be sent, in short; None for facts, which are always sent. May raise Refused."""

    async def deliver(self, claim: Claim) -> str | None:
        """Return when the other side acknowledged it; raise a DeliveryError otherwise.

        What it returns is what is left to be done by others, in a sentence.
        """


@dataclass(frozen=True)
class Pace:
    #: Attempts in flight at the same time, for each connection.
    concurrency: int
    #: A worker that dies leaves its lane to others after this; it is renewed while an attempt runs.
    lease: timedelta
    backoff: Backoff
    #: Transient failures and waits end by time.
    give_up: timedelta
    waiting_check: timedelta
    #: The longest sleep: the net under all hints.
    poll: timedelta
    #: An attempt is cut off after this.
    attempt: timedelta = timedelta(seconds=300)
    #: An event whose workers died so often in a row fails.
    poison_after: int = 5
    #: What is in flight at the stop has this long to end.
    grace: timedelta = timedelta(seconds=6)
    #: By connection and kind: how many may be in flight at the same time, over all replicas.
    most_in_flight: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: Kinds that never expire: they alert instead.
    never_expire: frozenset[str] = frozenset({"order", "start-handling"})


class Attempts:
    def __init__(
        self,
        store: Store,
        deliverers: Mapping[str, Deliverer],
        pace: Pace,
        begin_trace: Callable[[], list[Document]],
    ) -> None:
        self._store = store
        self._deliverers = deliverers
        self._pace = pace
        #: Begins the record of one attempt's requests; the HTTP door writes into it.
        self._begin_trace = begin_trace

    async def make(self, claim: Claim) -> Outcome:
        """DatabaseUnavailable and LeaseLost are no outcomes: they go on to the caller."""
        deliverer = self._deliverers.get(claim.kind)
        if deliverer is None:
            reason = f"this version knows no kind {claim.kind!r}; upgrade, then replay"
            return Outcome(claim, Status.FAILED, reason, Refused.reason_class)
        if claim.crashes >= self._pace.poison_after:
            reason = (
                f"its worker died or lost the database {claim.crashes} times in a row while it was being"
                " delivered; look into the dispatcher's logs and memory, mend the cause, then replay it"
            )
            return Outcome(claim, Status.FAILED, reason, POISON)
        started, clock, calls = self._store.clock(), time.perf_counter(), self._begin_trace()
        fingerprint, error, note = None, None, None
        try:
            claim = self._store.personal.opened(claim)
            fingerprint = deliverer.fingerprint(claim)
            if fingerprint is not None and fingerprint == claim.acknowledged:
                return Outcome(claim, Status.UNCHANGED, fingerprint=fingerprint)
            note = await self._deliver(deliverer, claim)
        except (DatabaseUnavailable, LeaseLost):
            raise
        except DeliveryError as delivery_error:
            error = delivery_error
        except Exception as bug:  # our own bug must become a recorded state, never a dead worker
            log.exception("delivery.bug")
            error = _bug(bug)
        record = AttemptRecord(started, round((time.perf_counter() - clock) * 1000), calls)
        if error is None:
            return Outcome(claim, Status.DELIVERED, note, fingerprint=fingerprint, attempt=record)
        return self._judge(claim, error, record)

    def of_bug(self, claim: Claim, bug: Exception) -> Outcome:
        return self._judge(claim, _bug(bug), AttemptRecord(self._store.clock(), 0, []))

    async def _deliver(self, deliverer: Deliverer, claim: Claim) -> str | None:
        limit = self._pace.attempt.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await deliverer.deliver(claim)
        except TimeoutError as error:
            raise Retry(f"the attempt took longer than {limit:g} s", unknown_outcome=True) from error

    def _judge(self, claim: Claim, error: DeliveryError, attempt: AttemptRecord) -> Outcome:
        """What an error means for the lane: waiting, retrying, or failed."""
        now = self._store.clock()
        if isinstance(error, Refused):
            return Outcome(claim, Status.FAILED, error.reason, error.reason_class, attempt=attempt)
        if claim.kind not in self._pace.never_expire and self._expired(claim, error):
            reason = f"given up after {self._pace.give_up}: {error.reason}; replay it when the cause is gone"
            on = error.on if isinstance(error, Waiting) else None
            return Outcome(claim, Status.FAILED, reason, error.reason_class, waiting_on=on, attempt=attempt)
        if isinstance(error, Waiting):
            due = now + self._pace.waiting_check
            return Outcome(
                claim, Status.WAITING, error.reason, error.reason_class, due, error.on, attempt=attempt
            )
        if isinstance(error, Paused):
            # Nothing was sent, unless earlier in the attempt.
            made = attempt if attempt.calls else None
            due = now + self._pace.backoff.spread(error.after)
            return Outcome(claim, Status.RETRYING, error.reason, error.reason_class, due, attempt=made)
        floor = error.after if isinstance(error, Retry | Unauthorized) else None
        due = now + self._pace.backoff.delay(claim.failures, floor)
        return Outcome(claim, Status.RETRYING, error.reason, error.reason_class, due, attempt=attempt)

    def _expired(self, claim: Claim, error: DeliveryError) -> bool:
        status = Status.WAITING if isinstance(error, Waiting) else Status.RETRYING
        # Paused time burns no deadline: keys that were refused wait for a person, not for the clock.
        return (
            goes_on(claim, status, error.reason_class)
            and not isinstance(error, Unauthorized | Paused)
            and self._store.clock() - claim.since > self._pace.give_up
        )


def _bug(error: Exception) -> Retry:
    retry = Retry(f"internal error ({type(error).__name__}); it is tried again, see the logs for this event")
    retry.reason_class = "bug"
    return retry
