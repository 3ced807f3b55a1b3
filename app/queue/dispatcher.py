"""The dispatcher: claims due lanes, lets the kind's deliverer try, records how it ended."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from structlog.contextvars import bound_contextvars

from app import logging, metrics
from app.errors import (
    BridgeError,
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
from app.queue.models import PENDING, Status
from app.queue.store import Store

log = logging.get(__name__)


class Deliverer(Protocol):
    """One kind's way to the other side."""

    def fingerprint(self, claim: Claim) -> str | None:
        """What would be sent, in short; None for facts, which are always sent. May raise Refused."""

    async def deliver(self, claim: Claim) -> None:
        """Return when the other side acknowledged it; raise a DeliveryError otherwise."""


@dataclass(frozen=True)
class Pace:
    concurrency: int
    lease: timedelta
    backoff: Backoff
    #: Transient failures and waits end by time.
    give_up: timedelta
    waiting_check: timedelta
    poll: timedelta
    #: Kinds that never expire: they alert instead.
    never_expire: frozenset[str] = frozenset({"order"})


class Dispatcher:
    def __init__(
        self,
        store: Store,
        deliverers: Mapping[str, Deliverer],
        pace: Pace,
        begin_trace: Callable[[], list[Document]] = list,
    ) -> None:
        self._store = store
        self._deliverers = deliverers
        self._pace = pace
        #: Begins the record of one attempt's requests; the HTTP door writes into it.
        self._begin_trace = begin_trace
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`; survives every outage of the database."""
        while not self._stopping.is_set():
            self._store.wakeup.clear()
            try:
                claimed = await self._claim()
            except DatabaseUnavailable as error:
                log.error("database.unavailable", error=str(error))
                await self._sleep(timedelta(seconds=1))
                continue
            if not claimed:
                await self._sleep(self._pace.poll)
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    def stop(self) -> None:
        """No new claims; `run` returns when what is in flight has ended."""
        self._stopping.set()
        self._store.wakeup.set()

    async def _claim(self) -> bool:
        room = self._pace.concurrency - len(self._in_flight)
        if room <= 0:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            return True
        claims = await self._store.claim(room, lease=self._pace.lease)
        for claim in claims:
            task = asyncio.create_task(self._handle(claim))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return bool(claims)

    async def _sleep(self, duration: timedelta) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._store.wakeup.wait(), duration.total_seconds())

    async def _handle(self, claim: Claim) -> None:
        with bound_contextvars(event_id=str(claim.event_id), kind=claim.kind):
            try:
                outcome = await self._try(claim)
                try:
                    written = await self._store.record(outcome)
                except BridgeError:
                    raise
                except Exception as bug:  # unrecorded, it would be tried at each lease's end, for ever
                    log.exception("outcome.bug")
                    outcome = self._judge(claim, _bug(bug), AttemptRecord(self._store.clock(), 0, []))
                    written = await self._store.record(outcome)
            except DatabaseUnavailable as error:
                # The lease ends by itself and the lane is claimed again.
                log.error("outcome.not_recorded", error=str(error))
                return
            except LeaseLost:
                written = False
            if not written:
                metrics.LEASES_LOST.inc()
                log.warning("lease.lost", lane=claim.lane_id)
                return
            self._tell(outcome)

    async def _try(self, claim: Claim) -> Outcome:
        deliverer = self._deliverers.get(claim.kind)
        if deliverer is None:
            return Outcome(
                claim,
                Status.FAILED,
                f"this version knows no kind {claim.kind!r}; upgrade, then replay",
                "refused",
            )
        started, clock, calls = self._store.clock(), time.perf_counter(), self._begin_trace()
        fingerprint, error = None, None
        try:
            fingerprint = deliverer.fingerprint(claim)
            if fingerprint is not None and fingerprint == claim.acknowledged:
                return Outcome(claim, Status.UNCHANGED, fingerprint=fingerprint)
            async with asyncio.timeout(self._pace.lease.total_seconds() * 0.75):
                await deliverer.deliver(claim)
        except (DatabaseUnavailable, LeaseLost):
            raise
        except DeliveryError as delivery_error:
            error = delivery_error
        except TimeoutError:
            error = Retry("the attempt took longer than its lease allows", unknown_outcome=True)
        except Exception as bug:  # our own bug must become a recorded state, never a dead worker
            log.exception("delivery.bug")
            error = _bug(bug)
        record = AttemptRecord(started, round((time.perf_counter() - clock) * 1000), calls)
        if error is None:
            return Outcome(claim, Status.DELIVERED, fingerprint=fingerprint, attempt=record)
        return self._judge(claim, error, record)

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

    def _tell(self, outcome: Outcome) -> None:
        """One wide line per attempt, counted at the same place."""
        claim, attempt = outcome.claim, outcome.attempt
        labels = (claim.connection, claim.kind)
        if outcome.status not in PENDING:
            metrics.EVENTS_FINISHED.labels(*labels, outcome.status).inc()
        if attempt is None:
            log.debug("delivery.unchanged", key=claim.key)
            return
        metrics.ATTEMPTS_ENDED.labels(*labels, outcome.status, outcome.reason_class or "none").inc()
        metrics.ATTEMPT_SECONDS.labels(claim.kind).observe(attempt.duration_ms / 1000)
        if outcome.status is Status.DELIVERED:
            latency = (self._store.clock() - claim.accepted_at).total_seconds()
            metrics.DELIVERY_SECONDS.labels(*labels).observe(max(0.0, latency))
        write = log.warning if outcome.status in {Status.FAILED, Status.RETRYING} else log.info
        write(
            "delivery.attempted",
            connection=claim.connection,
            key=claim.key,
            lane=claim.lane_id,
            number=claim.number,
            outcome=outcome.status,
            reason=outcome.reason,
            failures=claim.failures,
            duration_ms=attempt.duration_ms,
            calls=[f"{call['method']} {call['path']} {call['status']}" for call in attempt.calls],
        )


def _bug(error: Exception) -> Retry:
    retry = Retry(f"internal error ({type(error).__name__}); it is tried again, see the logs for this event")
    retry.reason_class = "bug"
    return retry
