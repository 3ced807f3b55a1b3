"""A whole installation: several APIs, dispatchers and pollers as real processes, killed at random."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.processes import RoleProcess


@asynccontextmanager
async def installation(
    settings: dict[str, Any], folder: Path, roles: Sequence[str]
) -> AsyncIterator[list[RoleProcess]]:
    """All started at once, as an orchestrator does."""
    processes = []
    for number, role in enumerate(roles):
        own = folder / f"{role}-{number}"
        own.mkdir()
        processes.append(RoleProcess(role, settings, own))
    async with AsyncExitStack() as stack:
        started = await asyncio.gather(*(each.start() for each in processes), return_exceptions=True)
        for each in processes:
            if each.pid is not None:
                stack.push_async_callback(each.kill)
        for error in started:
            if error is not None:
                raise error
        yield processes


async def kill_often(
    processes: list[RoleProcess],
    chance: random.Random,
    seconds: float,
    pause: tuple[float, float] = (0.1, 1.5),
) -> int:
    """kill -9 and start again at random, two at a time at the most; how often it was done."""
    shuffled = chance.sample(processes, len(processes))
    halves = (shuffled[::2], shuffled[1::2])
    return sum(await asyncio.gather(*(_kill_some(half, chance, seconds, pause) for half in halves)))


async def _kill_some(
    victims: list[RoleProcess], chance: random.Random, seconds: float, pause: tuple[float, float]
) -> int:
    kills, end = 0, asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(chance.uniform(*pause))
        victim = chance.choice(victims)
        await victim.kill()
        await victim.start()
        kills += 1
    return kills
