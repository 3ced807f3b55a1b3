"""Budgets and pauses in the database: shared by all who use it, in its clock."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.database import Database
from app.http.bucket import Quota, Returned
from app.http.limits import Limit
from app.http.shared import Cause, Pause, Want
from app.paces import SharedPaces

QUOTA = Quota(60, 10)
PRICING = Limit("acme", "pricing writes", QUOTA)
LOGISTICS = Limit("acme", "logistics", None)


@pytest.fixture
async def paces(migrated_database_url: str) -> AsyncIterator[tuple[SharedPaces, SharedPaces]]:
    """Of two processes."""
    databases = [Database(migrated_database_url) for _ in range(2)]
    yield SharedPaces(databases[0]), SharedPaces(databases[1])
    for database in databases:
        await database.close()


async def take(paces: SharedPaces, wanted: int, limit: Limit = PRICING, **more: object) -> int:
    [leased] = await paces.lease([Want(limit, wanted, **more)])  # type: ignore[arg-type]
    assert leased is not None
    return sum(ready == 0 for ready in leased.ready_in)


async def test_a_new_bucket_is_full_once_for_all(paces: tuple[SharedPaces, SharedPaces]) -> None:
    taken = await asyncio.gather(*(take(each, 3) for each in paces * 4))
    assert sum(taken) == int(QUOTA.capacity)


async def test_each_connection_and_each_limit_has_a_bucket_of_its_own(
    paces: tuple[SharedPaces, SharedPaces],
) -> None:
    assert await take(paces[0], 3) == 3
    full = int(QUOTA.capacity)
    assert await take(paces[0], 100, Limit("beta", "pricing writes", QUOTA)) == full
    assert await take(paces[0], 100, Limit("acme", "pricing deletes", QUOTA)) == full


async def test_several_limits_are_leased_in_one_go(paces: tuple[SharedPaces, SharedPaces]) -> None:
    endpoint = Limit("acme", "catalog: read sku", Quota(6000))
    leases = await paces[0].lease([Want(PRICING, 2), Want(endpoint, 3)])
    assert [len(each.ready_in) for each in leases if each] == [2, 3]


async def test_the_bucket_fills_by_the_databases_clock(paces: tuple[SharedPaces, SharedPaces]) -> None:
    await take(paces[0], 100)
    async with paces[0]._database.write() as connection:  # noqa: SLF001  an hour passes
        await connection.execute(text("UPDATE budget SET counted_at = counted_at - 3600"))
    assert await take(paces[1], 100) == int(QUOTA.capacity)


async def test_what_was_not_spent_goes_back_once(paces: tuple[SharedPaces, SharedPaces]) -> None:
    [leased] = await paces[0].lease([Want(PRICING, 4)])
    assert leased is not None
    left = int(QUOTA.capacity) - 4
    assert await take(paces[1], left) == left
    assert await take(paces[0], 4, returned=Returned(4, leased.at)) == 4
    assert await take(paces[0], 4) == 0


async def test_a_429_empties_the_bucket_for_all(paces: tuple[SharedPaces, SharedPaces]) -> None:
    await take(paces[0], 1)
    await paces[0].pause(Pause("acme", "pricing", Cause.THROTTLED, "asked", 0.0), 30, [PRICING])
    assert await take(paces[1], 5) == 0
    [pause] = (await paces[1].standing()).pauses
    assert (pause.connection, pause.scope, pause.cause) == ("acme", "pricing", Cause.THROTTLED)


async def test_a_shorter_pause_does_not_end_a_longer_one(paces: tuple[SharedPaces, SharedPaces]) -> None:
    pause = Pause("acme", "pricing", Cause.THROTTLED, "asked", 0.0)
    longer = await paces[0].pause(pause, 60)
    assert (await paces[1].pause(pause, 1)).until == longer.until


async def test_only_one_may_probe_and_only_when_the_pause_is_over(
    paces: tuple[SharedPaces, SharedPaces],
) -> None:
    pause = Pause("acme", "pricing", Cause.FAILING, "answered 500", 0.0)
    await paces[0].pause(pause, 0.3)
    assert not await paces[0].probe("acme", "pricing", 10)
    await asyncio.sleep(0.35)
    tried = await asyncio.gather(*(each.probe("acme", "pricing", 0.5) for each in paces * 3))
    assert sum(tried) == 1
    # A probe whose process died holds nobody up for ever.
    await asyncio.sleep(0.6)
    assert await paces[1].probe("acme", "pricing", 10)


async def test_an_ended_pause_is_gone(paces: tuple[SharedPaces, SharedPaces]) -> None:
    await paces[0].pause(Pause("acme", "pricing", Cause.FAILING, "answered 500", 0.0), 60)
    await paces[1].resume("acme", "pricing")
    assert (await paces[0].standing()).pauses == ()


async def test_nothing_limits_an_adaptive_limit_until_somebody_complains(
    paces: tuple[SharedPaces, SharedPaces],
) -> None:
    assert await paces[0].lease([Want(LOGISTICS, 5)]) == [None]
    await paces[0].limit([LOGISTICS], 8.0)
    assert (await paces[1].standing()).limited == {("acme", "logistics")}
    assert await take(paces[1], 100, LOGISTICS) <= 8


async def _rate(paces: SharedPaces) -> float:
    async with paces._database.read() as connection:  # noqa: SLF001
        return float((await connection.execute(text("SELECT rate FROM budget"))).scalar_one())


async def _time_passes(paces: SharedPaces, seconds: float) -> None:
    async with paces._database.write() as connection:  # noqa: SLF001
        statement = "UPDATE budget SET counted_at = counted_at - :s, cut_at = cut_at - :s"
        await connection.execute(text(statement), {"s": seconds})


async def test_complaints_halve_the_rate_but_one_burst_of_them_only_once(
    paces: tuple[SharedPaces, SharedPaces],
) -> None:
    for each in paces * 3:
        await each.limit([LOGISTICS], 8.0)
    assert await _rate(paces[0]) == 8
    await _time_passes(paces[0], 6)
    for each in paces * 3:
        await each.limit([LOGISTICS], 8.0)
    assert await _rate(paces[0]) == 4


async def test_the_rate_grows_while_it_is_used_up_and_the_limit_is_dropped_in_the_end(
    paces: tuple[SharedPaces, SharedPaces],
) -> None:
    await paces[0].limit([LOGISTICS], 8.0)
    await take(paces[0], 100, LOGISTICS)
    before = await _rate(paces[0])
    await _time_passes(paces[0], 1)
    await take(paces[0], 100, LOGISTICS)
    assert before < await _rate(paces[0]) <= before + 1
    await _time_passes(paces[0], 700)
    assert await paces[0].lease([Want(LOGISTICS, 5)]) == [None]
    assert (await paces[1].standing()).limited == frozenset()
