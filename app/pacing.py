"""What the settings mean for the engine: its pace, its patience, and which API each kind waits for."""

from datetime import timedelta

from app.changes import KINDS
from app.changes.outcomes import KIND as OUTCOME
from app.config import ConnectionSettings, DeliverySettings, RetentionSettings, Settings
from app.http.gate import Breaking
from app.http.reasons import ERP
from app.orders.handling import KIND as HANDLING
from app.orders.telling import KIND as ORDER
from app.queue.dispatcher import Pace
from app.queue.lanes import Backoff
from app.queue.pruner import Retention

#: From the signal to the end: attempts and requests in flight have this long, then what is left is cut.
GRACE_SECONDS = 7.0


def main_apis(connection: ConnectionSettings) -> dict[str, str]:
    apis = {kind.name: kind.api for kind in KINDS.values()}
    if connection.vtex.catalog == "webservice":
        apis = {kind: "webservice" if api == "catalog" else api for kind, api in apis.items()}
    return apis | {ORDER: ERP, HANDLING: "orders", OUTCOME: ERP}


def breaking(settings: DeliverySettings) -> Breaking:
    return Breaking(settings.breaker_failures, settings.breaker_base_seconds, settings.breaker_cap_seconds)


def pace(settings: Settings) -> Pace:
    delivery = settings.delivery
    return Pace(
        concurrency=delivery.concurrency,
        lease=timedelta(seconds=delivery.lease_seconds),
        backoff=Backoff(
            timedelta(seconds=delivery.retry_base_seconds), timedelta(seconds=delivery.retry_cap_seconds)
        ),
        give_up=timedelta(hours=delivery.give_up_hours),
        waiting_check=timedelta(seconds=delivery.waiting_check_seconds),
        # On SQLite the command writes beside us, and nobody notifies.
        poll=timedelta(seconds=delivery.poll_seconds or (1 if settings.on_sqlite else 5)),
        attempt=timedelta(seconds=delivery.attempt_seconds),
        poison_after=delivery.poison_after,
        most_in_flight={
            (name, kind): connection.erp.max_concurrent
            for name, connection in settings.connections.items()
            for kind in (ORDER, OUTCOME)
            if connection.erp and connection.erp.max_concurrent
        },
        grace=timedelta(seconds=GRACE_SECONDS),
    )


def retention(settings: RetentionSettings) -> Retention:
    return Retention(
        states=timedelta(days=settings.state_days),
        facts=timedelta(days=settings.fact_days),
        every=timedelta(seconds=settings.pass_seconds),
        personal=timedelta(days=settings.personal_days),
    )
