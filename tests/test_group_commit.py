"""A group commit takes no more than can wait: what is beyond is told so, and what waits is committed."""

import asyncio

import pytest

from app.database import GroupCommit
from app.errors import DatabaseUnavailable


async def test_beyond_what_can_wait_it_is_told_and_all_that_waits_is_committed() -> None:
    going_on, committed = asyncio.Event(), list[int]()

    async def run(batch: list[int]) -> list[int | Exception]:
        await going_on.wait()
        committed.extend(batch)
        return [*batch]

    group: GroupCommit[int, int] = GroupCommit(run, most=2, weight=lambda _: 1, most_waiting=3)
    first = [asyncio.ensure_future(group.submit(0))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(group.submit(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable, match="it is behind: 3 wait to be stored"):
        await group.submit(4)
    going_on.set()
    assert await asyncio.gather(*first, *waiting) == [0, 1, 2, 3]
    assert committed == [0, 1, 2, 3]
    assert await group.submit(5) == 5
