"""The audit log: each deed with who did it, in the deed's own transaction; and nothing is ever taken back."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import audit
from app.audit import Action, Deed
from app.database import Database
from app.errors import DatabaseUnavailable
from app.keys import Keys
from app.orders.hints import Hints
from app.queue.lanes import NewEvent, Submission
from app.queue.store import Store
from tests.api.intake import PRICE, Intake, open_intake, problem
from tests.queue.making import LEASE, accept, ended, fact

ORDER = {"order": {"id": "1-01", "status": "invoiced", "items": []}}


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def orders(migrated_database_url: str) -> AsyncIterator[Intake]:
    """A connection that reads orders, with one that was told."""
    async with open_intake(migrated_database_url, reads_orders=("acme",)) as intake:
        yield intake


async def told(database: Database) -> list[tuple[Any, ...]]:
    """All but keys' creation, which every test begins with."""
    rows = await audit.lines(database)
    return [
        (row.who, row.connection, row.action, row.what, row.outcome)
        for row in rows
        if row.action != Action.KEY_CREATE
    ]


async def who(intake: Intake) -> str:
    caller = await intake.keys.caller(intake.client.headers["authorization"].partition(" ")[2])
    assert caller is not None
    return caller.who


async def refused(url: str, statement: str) -> None:
    database = Database(url)
    try:
        await Keys(database).create("acme")
        before = await audit.lines(database)
        with pytest.raises((DBAPIError, DatabaseUnavailable), match="the audit log is append-only"):
            async with database.write() as transaction:
                await transaction.execute(text(statement))
        assert await audit.lines(database) == before
    finally:
        await database.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"],
)
async def test_the_database_refuses_to_change_a_line(migrated_database_url: str, statement: str) -> None:
    await refused(migrated_database_url, statement)


async def test_postgresql_refuses_to_empty_the_log(migrated_postgres_url: str) -> None:
    await refused(migrated_postgres_url, "TRUNCATE audit")


async def test_sqlite_refuses_to_put_another_line_in_ones_place(migrated_sqlite_url: str) -> None:
    columns = "id, at, who, action, what, outcome"
    await refused(
        migrated_sqlite_url, f"INSERT OR REPLACE INTO audit ({columns}) VALUES (1, '2026', '', '', '', '')"
    )


async def test_a_replay_tells_whose_key_it_was(orders: Intake) -> None:
    [event_id] = await orders.ids("price", PRICE)
    problem(await orders.client.post(f"/v1/events/{uuid4()}/replay"), "not-found")
    assert (await orders.client.post(f"/v1/events/{event_id}/replay")).status_code == 202
    assert await told(orders.store.database) == [
        (await who(orders), "acme", "replay", f"event {event_id}", "done")
    ]


async def test_an_order_that_is_imported_or_sent_again_tells_whose_key_it_was(orders: Intake) -> None:
    event = NewEvent(uuid4(), "order", "1-01", "order:1-01", 0, ORDER, None)
    await orders.store.accept(Submission("acme", (event,)))
    for path in ("/v1/orders/2-01/import", "/v1/orders/1-01/resend"):
        assert (await orders.client.post(path)).status_code == 202
    mine = await who(orders)
    assert await told(orders.store.database) == [
        (mine, "acme", "import", "order 2-01", "done"),
        (mine, "acme", "resend", f"event {event.id}", "done"),
    ]


async def test_what_no_person_asked_for_fills_no_log(orders: Intake) -> None:
    await orders.ids("price", PRICE)
    await Hints(orders.store.database, "acme").put([])
    assert await told(orders.store.database) == []


async def test_a_revoked_key_is_told_once(database: Database) -> None:
    keys = Keys(database)
    key = await keys.create("acme", name="prices", who="operator ana")
    for _ in range(2):
        await keys.revoke(key, who="operator ana")
    [line] = await told(database)
    assert line == ("operator ana", "acme", "key-revoke", f"{key[:10]} (prices)", "done")


async def test_what_is_rolled_back_leaves_no_line(database: Database) -> None:
    store = Store(database)
    [event_id] = await accept(store, fact("1-01/7"))
    async with database.write() as transaction:
        await transaction.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    [claim] = await store.claim(1, lease=LEASE)
    await store.record(ended(claim))
    with pytest.raises((DBAPIError, DatabaseUnavailable)):
        await store.replay("acme", event_id, Deed("operator ana", Action.REPLAY))
    row = await store.read.event("acme", event_id)
    assert row is not None
    # Nor is there a deed without its line.
    assert row.status == "delivered"
    async with database.write() as transaction:
        await transaction.execute(text("ALTER TABLE elsewhere RENAME TO audit"))
    assert await told(database) == []
