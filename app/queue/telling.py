"""What an ended attempt says: one wide line, counted at the same place."""

from datetime import datetime

from app import logging, metrics
from app.queue.lanes import Outcome
from app.queue.models import PENDING, Status

log = logging.get(__name__)


def tell(outcome: Outcome, now: datetime, *, is_personal: bool) -> None:
    """What is about a person is told by the reason's class: VTEX's sentence may have their name."""
    reason = None if is_personal else outcome.reason
    claim, attempt = outcome.claim, outcome.attempt
    labels = (claim.connection, claim.kind)
    if outcome.status not in PENDING:
        metrics.EVENTS_FINISHED.labels(*labels, outcome.status).inc()
    if outcome.status is Status.UNCHANGED:
        log.debug("delivery.unchanged", key=claim.key)
        return
    if outcome.status is Status.RETRYING and attempt is None:
        log.debug("delivery.paused", key=claim.key, reason=reason)
        return
    if attempt is None:
        log.error("delivery.not_attempted", connection=claim.connection, key=claim.key, reason=reason)
        return
    metrics.ATTEMPTS_ENDED.labels(*labels, outcome.status, outcome.reason_class or "none").inc()
    metrics.ATTEMPT_SECONDS.labels(claim.kind).observe(attempt.duration_ms / 1000)
    if outcome.status is Status.DELIVERED:
        latency = (now - claim.accepted_at).total_seconds()
        metrics.DELIVERY_SECONDS.labels(*labels).observe(max(0.0, latency))
    write = log.warning if outcome.status in {Status.FAILED, Status.RETRYING} else log.info
    write(
        "delivery.attempted",
        connection=claim.connection,
        key=claim.key,
        lane=claim.lane_id,
        number=claim.number,
        outcome=outcome.status,
        reason=reason,
        reason_class=outcome.reason_class,
        failures=claim.failures,
        duration_ms=attempt.duration_ms,
        calls=[f"{call['method']} {call['path']} {call['status']}" for call in attempt.calls],
    )
