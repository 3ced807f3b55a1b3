"""What the comparison asks of the database, on each of them."""

from datetime import UTC, datetime

from sqlalchemy import Table, select

from app.bindings import Bindings
from app.database import Database
from app.drift.report import DriftReport, Finding, Report
from app.queue.store import EventFilter, Store
from tests.queue.making import accept, state


async def test_lanes_are_paged_by_key_with_their_newest_event(migrated_database_url: str) -> None:
    database = Database(migrated_database_url)
    store = Store(database)
    for key in ("B", "A", "C", "B"):
        await accept(store, state(key))
    [lane] = await store.read.lanes_after("acme", state("A").kind, "A", 1)
    events = {event.id: event.number for event in await store.read.events("acme", EventFilter())}
    assert (lane.key, events[lane.newest]) == ("B", 2)
    assert await store.read.lanes("acme", [state("A").kind]) == 3
    assert await store.read.keys_among("acme", state("A").kind, ["A", "X"]) == {"A"}
    await database.close()


async def test_bindings_are_written_and_found_by_both_sides(migrated_database_url: str) -> None:
    database = Database(migrated_database_url)
    bindings = Bindings(database, "acme")
    await bindings.bind_all("sku", {"A": 1, "B": 2})
    await bindings.bind_all("sku", {"B": 3, "C": 1})
    assert await bindings.known("sku", ["B"], []) == ({"B": 3}, {3: ["B"]})
    codes, owners = await bindings.known("sku", [], [1])
    assert (codes, sorted(owners[1])) == ({"A": 1, "C": 1}, ["A", "C"])
    await database.close()


async def test_a_report_is_stored(migrated_database_url: str) -> None:
    database = Database(migrated_database_url)
    report = Report("acme")
    report.add(Finding("sku", "A", "missing"))
    now = datetime.now(UTC)
    await report.store(database, now, now)
    async with database.read() as transaction:
        table: Table = DriftReport.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
        [stored] = (await transaction.execute(select(table))).all()
    await database.close()
    assert stored.connection == "acme"
    assert stored.report["findings"] == [{"kind": "sku", "key": "A", "what": "missing"}]
