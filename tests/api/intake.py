"""The HTTP application over a real store, without a server between."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import text

from app.api.application import create_app
from app.api.problems import MEDIA_TYPE, TYPES
from app.database import Database
from app.keys import Keys
from app.queue.store import Store
from app.queue.store import utc_now as real_clock

PRICE = {"sku": "00123456", "base": "110.00"}
STOCK = {"sku": "00123456", "warehouse": "1_1", "quantity": 25}
INVOICE = {
    "order": "1172452900788-01",
    "number": "24382",
    "issued_at": "2026-11-23T10:00:00-03:00",
    "value": "110.00",
    "items": [{"sku": "00123456", "quantity": 1, "price": "110.00"}],
}
CHANGES: dict[str, dict[str, Any]] = {
    "product": {"code": "1234567890", "name": "Vaso"},
    "sku": {"code": "00123456", "product": "1234567890"},
    "price": PRICE,
    "stock": STOCK,
    "invoice": INVOICE,
}
MOST_BYTES = 200_000
_TABLES = ("event", "lane", "idempotency_key")


@dataclass
class Intake:
    app: FastAPI
    store: Store
    keys: Keys
    client: httpx2.AsyncClient
    #: Of a second connection, and of one that the configuration no longer has.
    other_key: str
    stray_key: str

    async def post(self, kind: str, body: Any, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/v1/changes/{kind}", json=body, headers=named)

    async def post_raw(self, kind: str, body: bytes, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/v1/changes/{kind}", content=body, headers=named)

    async def ids(self, kind: str, body: Any, **headers: str) -> list[str]:
        answer = await self.post(kind, body, **headers)
        assert answer.status_code == 202, answer.text
        return [event["id"] for event in answer.json()["events"]]

    async def stored(self) -> dict[str, int]:
        async with self.store.database.read() as transaction:
            return {
                table: await transaction.scalar(text(f"SELECT count(*) FROM {table}")) or 0
                for table in _TABLES
            }


NOTHING = dict.fromkeys(_TABLES, 0)


@asynccontextmanager
async def open_intake(
    database_url: str, *, clock: Callable[[], datetime] = real_clock, **settings: Any
) -> AsyncIterator[Intake]:
    database = Database(database_url)
    store, keys = Store(database, clock=clock), Keys(database)
    app = create_app(store, keys, connections=("acme", "other"), max_body_bytes=MOST_BYTES, **settings)
    own, other, stray = [await keys.create(name) for name in ("acme", "other", "stray")]
    # As over a socket: a bug is answered, not raised into the client.
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://bridge", headers=bearer(own)
        ) as client:
            yield Intake(app, store, keys, client, other, stray)
    finally:
        await store.drain()
        await database.close()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def problem(answer: httpx2.Response, slug: str) -> dict[str, Any]:
    """The problem document, after its members were found to be as RFC 9457 and our OpenAPI have them."""
    document: dict[str, Any] = answer.json()
    status, title = TYPES[slug]
    assert document.get("type") == f"/problems/{slug}", document
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert (answer.status_code, document["status"], document["title"]) == (status, status, title)
    assert document["detail"]
    assert set(document) <= {"type", "title", "status", "detail", "errors"}
    for mistake in document.get("errors", []):
        assert set(mistake) == {"pointer", "detail"}
        assert mistake["pointer"] == "" or mistake["pointer"].startswith("/")
        assert mistake["detail"]
    return document


def mistakes(answer: httpx2.Response) -> dict[str, str]:
    """Pointer → detail of a refused change."""
    return {each["pointer"]: each["detail"] for each in problem(answer, "invalid-change")["errors"]}
