"""Hints are coalesced and never lost, whoever reads them and whenever they come."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from app.database import Database
from app.orders.hints import Hint, Hints

READY = "ready-for-handling"


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_database_url)
    yield opened
    await opened.close()


@pytest.fixture
def hints(database: Database) -> Hints:
    return Hints(database, "acme")


async def test_many_hints_of_an_order_are_one(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)] * 3)
    await hints.put([Hint("1-01", READY)])
    [taken] = await hints.take(10)
    assert (taken.order_id, taken.state) == ("1-01", READY)


async def test_hints_that_name_several_statuses_name_none(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY), Hint("1-01", "canceled")])
    await hints.put([Hint("2-01", READY)])
    await hints.put([Hint("2-01", "canceled")])
    assert {hint.state for hint in await hints.take(10)} == {None}


async def test_a_hint_that_was_taken_is_not_taken_again(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    await hints.take(10)
    assert await hints.take(10) == []


async def test_a_hint_that_was_settled_is_gone(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    await hints.settle(await hints.take(10))
    await hints.put([])
    assert await hints.take(10) == []


async def test_a_hint_that_comes_during_the_reading_is_not_lost(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    taken = await hints.take(10)
    await hints.put([Hint("1-01", "canceled")])
    await hints.settle(taken)
    assert [hint.order_id for hint in await hints.take(10)] == ["1-01"]


async def test_a_hint_that_comes_during_the_reading_is_not_put_off_with_the_older(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    [taken] = await hints.take(10)
    await hints.put([Hint("1-01", READY)])
    await hints.postpone(taken, datetime.now(UTC) + timedelta(minutes=5))
    assert [hint.order_id for hint in await hints.take(10)] == ["1-01"]


async def test_a_hint_that_was_put_off_is_due_later(hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    [taken] = await hints.take(10)
    await hints.postpone(taken, datetime.now(UTC) + timedelta(seconds=0.3))
    assert await hints.take(10) == []
    await asyncio.sleep(0.4)
    assert [hint.order_id for hint in await hints.take(10)] == ["1-01"]


async def test_two_readers_never_take_the_same_hint(hints: Hints) -> None:
    await hints.put(Hint(f"{number}-01", READY) for number in range(200))
    taken: list[str] = []

    async def read() -> None:
        while found := await hints.take(7):
            taken.extend(hint.order_id for hint in found)

    await asyncio.gather(*(read() for _ in range(4)))
    assert len(taken) == len(set(taken))
    taken += [hint.order_id for hint in await hints.take(200)]
    assert sorted(taken) == sorted(f"{number}-01" for number in range(200))


async def test_connections_never_see_each_others_hints(database: Database, hints: Hints) -> None:
    await hints.put([Hint("1-01", READY)])
    other = Hints(database, "other")
    assert await other.take(10) == []
    await other.put([Hint("1-01", "canceled")])
    await other.settle(await other.take(10))
    assert len(await hints.take(10)) == 1
