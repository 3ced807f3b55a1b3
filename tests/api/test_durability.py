"""202 means stored: the answer follows the commit, and what cannot be stored is answered 503."""

import asyncio
import time
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.database import Transaction
from tests.api.intake import MOST_BYTES, NOTHING, PRICE, STOCK, Intake, problem
from tests.postgres import Postgres
from tests.running import until

_TRIGGER = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""
ONE = {"event": 1, "lane": 1, "idempotency_key": 1}


async def at_commit(intake: Intake, action: str) -> None:
    await execute(intake, _TRIGGER.format(action))


async def execute(intake: Intake, statements: str) -> None:
    async with intake.store.database.write() as connection:
        raw = await connection.get_raw_connection()
        # asyncpg's own: several statements at once.
        driver: Any = raw.driver_connection
        await driver.execute(statements)


async def test_the_answer_follows_the_commit(intake_on_postgres: Intake) -> None:
    await at_commit(intake_on_postgres, "PERFORM pg_sleep(0.7);")
    began = time.monotonic()
    posting = asyncio.create_task(intake_on_postgres.post("price", PRICE, Idempotency_Key="k"))
    await asyncio.sleep(0.4)
    assert await intake_on_postgres.stored() == NOTHING
    assert not posting.done()
    answer = await posting
    assert answer.status_code == 202
    assert time.monotonic() - began >= 0.7
    assert await intake_on_postgres.stored() == ONE


async def test_a_commit_that_fails_is_answered_503_and_can_be_repeated(intake_on_postgres: Intake) -> None:
    await at_commit(intake_on_postgres, "RAISE EXCEPTION 'no space left' USING ERRCODE = '53100';")
    answer = await intake_on_postgres.post("price", PRICE, Idempotency_Key="k")
    detail = "nothing was stored; send it again after the time in Retry-After"
    assert problem(answer, "unavailable")["detail"] == detail
    assert int(answer.headers["retry-after"]) > 0
    assert await intake_on_postgres.stored() == NOTHING

    await execute(intake_on_postgres, "DROP TRIGGER at_commit ON event")
    again = await intake_on_postgres.post("price", PRICE, Idempotency_Key="k")
    assert again.status_code == 202
    assert await intake_on_postgres.stored() == ONE


async def test_an_outage_tells_nothing_of_the_database(intake_on_postgres: Intake) -> None:
    await at_commit(intake_on_postgres, "RAISE EXCEPTION 'at /var/lib/pg' USING ERRCODE = '53100';")
    assert "/var/lib/pg" not in (await intake_on_postgres.post("price", PRICE)).text


def _no_more_pages(transaction: Transaction) -> None:
    """A limit of this connection, which is the one that accepts."""
    [[pages]] = transaction.fetch("PRAGMA page_count", ())
    transaction.fetch(f"PRAGMA max_page_count = {pages}", ())


async def test_a_full_disk_on_sqlite_is_answered_503_and_can_be_repeated(intake_on_sqlite: Intake) -> None:
    intake = intake_on_sqlite
    await intake.store.database.run(_no_more_pages)
    before = await intake.stored()
    changes = [{"code": f"P{number}", "description": "x" * 1000} for number in range(MOST_BYTES // 1200)]

    answer = await intake.post("product", changes, Idempotency_Key="k")
    problem(answer, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert await intake.stored() == before == NOTHING

    await intake.store.database.run(
        lambda transaction: transaction.fetch("PRAGMA max_page_count = 1000000", ())
    )
    assert (await intake.post("product", changes, Idempotency_Key="k")).status_code == 202
    assert (await intake.stored())["event"] == len(changes)


async def test_a_database_that_went_away_and_came_back_needs_no_restart(
    intake_on_postgres: Intake, postgres: Postgres
) -> None:
    intake = intake_on_postgres
    await asyncio.to_thread(postgres.stop)
    answer = await intake.post("price", PRICE)
    problem(answer, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    problem(await intake.client.get("/v1/events"), "unavailable")

    await asyncio.to_thread(postgres.start)

    async def accepted() -> bool:
        return (await intake.post("price", PRICE)).status_code == 202

    await until(accepted, "the intake works again", seconds=30)
    assert (await intake.stored())["event"] == 1


async def test_only_readiness_ends_with_the_database(intake_on_postgres: Intake, postgres: Postgres) -> None:
    client = intake_on_postgres.client
    assert (await client.get("/readyz")).json() == {"status": "ready"}

    await asyncio.to_thread(postgres.stop)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["why"].startswith("the database does not answer")
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/metrics")).status_code == 200

    await asyncio.to_thread(postgres.start)
    await until(lambda: _ready(client), "ready again", seconds=30)


async def _ready(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def test_a_bug_is_answered_as_a_problem_and_stores_nothing(intake_on_postgres: Intake) -> None:
    await execute(intake_on_postgres, "ALTER TABLE event RENAME COLUMN payload TO content")
    answer = await intake_on_postgres.post("price", PRICE, Idempotency_Key="k")
    detail = "this is our mistake, it is in the logs; sending it again is safe"
    assert problem(answer, "internal")["detail"] == detail
    assert await intake_on_postgres.stored() == NOTHING


#: Refuses one key and no other, in each database's own way.
REFUSING = {
    "sqlite": """CREATE TRIGGER refusing BEFORE INSERT ON event WHEN NEW.key = 'BAD'
        BEGIN SELECT RAISE(ABORT, 'refused'); END""",
    "postgres": "ALTER TABLE event ADD CONSTRAINT refusing CHECK (key <> 'BAD')",
}


@pytest.mark.parametrize("how", [{}, {"Idempotency_Key": "one"}])
async def test_one_request_that_the_database_refuses_fails_no_neighbour(
    intake: Intake, how: dict[str, str]
) -> None:
    kind = "sqlite" if intake.store.database.on_sqlite else "postgres"
    async with intake.store.database.write() as connection:
        await connection.execute(text(REFUSING[kind]))
    codes = [f"P{number}" for number in range(50)]
    codes[20] = "BAD"
    answers = await asyncio.gather(
        *(
            intake.post("product", {"code": code, "name": "Vaso"}, **{k: v + code for k, v in how.items()})
            for code in codes
        )
    )
    failed = {code for code, answer in zip(codes, answers, strict=True) if answer.status_code != 202}
    assert failed == {"BAD"}
    problem(answers[20], "internal")
    assert await intake.stored() == {"event": 49, "lane": 49, "idempotency_key": 49 if how else 0}


async def test_neighbours_are_numbered_without_a_gap_when_one_is_refused(intake: Intake) -> None:
    kind = "sqlite" if intake.store.database.on_sqlite else "postgres"
    async with intake.store.database.write() as connection:
        await connection.execute(text(REFUSING[kind].replace("'BAD'", "'00123456@BAD'")))
    posts = []
    for quantity in range(30):
        warehouse = "BAD" if quantity == 15 else "1_1"
        posts.append(intake.post("stock", {**STOCK, "warehouse": warehouse, "quantity": quantity}))
    await asyncio.gather(*posts)
    events = (await intake.client.get("/v1/events")).json()["events"]
    assert [event["number"] for event in events] == list(range(29, 0, -1))
    newest = (await intake.client.get(f"/v1/events/{events[0]['id']}")).json()
    entity = (await intake.client.get("/v1/entities/stock/00123456@1_1")).json()
    assert entity["desired"] == newest["payload"]
