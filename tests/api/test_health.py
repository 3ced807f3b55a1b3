"""/healthz, /readyz and /metrics: open to the cluster, and without a word about what passes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app import metrics
from app.api.application import create_app
from app.database import Database
from app.keys import Keys
from app.queue.lanes import Outcome
from app.queue.models import Status
from app.queue.store import Store
from tests.api.intake import INVOICE, PRICE, STOCK, Intake

DECLARED = sorted(
    metric._name  # noqa: SLF001  the client has no other way to ask
    for metric in vars(metrics).values()
    if hasattr(metric, "_name")
)


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://bridge")


@asynccontextmanager
async def open_unmigrated(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    database = Database(database_url)
    app = create_app(Store(database), Keys(database), connections=(), max_body_bytes=1024)
    async with client_of(app) as client:
        yield client
    await database.close()


async def scraped(intake: Intake) -> list[Any]:
    answer = await intake.client.get("/metrics", headers={"Authorization": ""})
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.text))


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_a_database_without_our_schema_is_not_ready(database_url: str) -> None:
    async with open_unmigrated(database_url) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert answer.json()["why"] == "the schema is not at this version's revision: bridge migrate"
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/metrics")).status_code == 200


async def test_a_database_of_another_revision_is_not_ready(intake: Intake) -> None:
    async with intake.store.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    assert (await intake.client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_probes_need_no_key(intake: Intake, path: str) -> None:
    assert (await intake.client.get(path, headers={"Authorization": ""})).status_code == 200


async def test_a_role_without_the_api_serves_its_health_alone(intake_on_sqlite: Intake) -> None:
    intake = intake_on_sqlite
    app = create_app(intake.store, intake.keys, connections=("acme",), max_body_bytes=1024, serve_api=False)
    async with client_of(app) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200
        for path in ("/docs", "/openapi.json", "/v1/events"):
            assert (await client.get(path)).status_code == 404


async def test_every_declared_metric_appears(intake: Intake) -> None:
    names = {family.name for family in await scraped(intake)}
    assert len(DECLARED) > 10
    assert set(DECLARED) <= names


async def test_a_request_is_counted_under_its_routes_template(intake_on_sqlite: Intake) -> None:
    intake = intake_on_sqlite
    counted = "bridge_incoming_requests_total"
    [event_id] = await intake.ids("invoice", INVOICE)
    wanted = [
        ({"route": "/v1/changes/invoice", "method": "POST", "status": "202"}, "/v1/changes/invoice", "POST"),
        (
            {"route": "/v1/events/{event_id}", "method": "GET", "status": "200"},
            f"/v1/events/{event_id}",
            "GET",
        ),
        (
            {"route": "/v1/entities/{kind}/{key:path}", "method": "GET", "status": "200"},
            "/v1/entities/invoice/1172452900788-01/24382",
            "GET",
        ),
        ({"route": "/v1/changes/{kind}", "method": "POST", "status": "404"}, "/v1/changes/secret-7", "POST"),
        ({"route": "(none)", "method": "GET", "status": "404"}, "/secret-7", "GET"),
    ]
    for labels, path, method in wanted:
        before = value(counted, **labels)
        await intake.client.request(method, path, json=INVOICE if method == "POST" else None)
        assert value(counted, **labels) == before + 1, path
    exposed = (await intake.client.get("/metrics")).text
    assert event_id not in exposed
    assert "secret-7" not in exposed
    assert "24382" not in exposed


async def test_a_bug_is_counted_as_500(intake_on_postgres: Intake) -> None:
    labels = {"route": "/v1/changes/price", "method": "POST", "status": "500"}
    before = value("bridge_incoming_requests_total", **labels)
    async with intake_on_postgres.store.database.write() as connection:
        await connection.execute(text("ALTER TABLE event RENAME COLUMN payload TO content"))
    await intake_on_postgres.post("price", PRICE)
    assert value("bridge_incoming_requests_total", **labels) == before + 1


async def test_accepted_changes_are_counted_once(intake_on_sqlite: Intake) -> None:
    labels = {"connection": "acme", "kind": "stock"}
    before = value("bridge_events_accepted_total", **labels)
    for _ in range(2):
        await intake_on_sqlite.ids("stock", [STOCK, {**STOCK, "sku": "2"}], Idempotency_Key="k")
    assert value("bridge_events_accepted_total", **labels) == before + 2


async def test_the_backlog_is_shown_and_ends_when_it_is_done(intake: Intake) -> None:
    await intake.ids("price", [PRICE, {**PRICE, "sku": "2"}, PRICE])
    labels = {"connection": "acme", "kind": "price", "status": "accepted"}
    await scraped(intake)
    assert value("bridge_backlog_lanes", **labels) == 2
    assert 0 <= value("bridge_backlog_oldest_seconds", **labels) < 60
    for claim in await intake.store.claim(50, lease=timedelta(minutes=1)):
        await intake.store.record(Outcome(claim, Status.DELIVERED))
    await scraped(intake)
    assert REGISTRY.get_sample_value("bridge_backlog_lanes", labels) is None
