"""One seed for a whole run: printed, and taken again from CHAOS_SEED."""

import os
import random
from collections.abc import AsyncIterator, Iterator

import pytest

from app.sandbox.faults import Faults
from tests.conftest import in_own_loop
from tests.postgres import Postgres
from tests.running import RunningSandbox, running_sandbox


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    # Shown with a failure; the timing of processes differs even so.
    print(f"CHAOS_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
async def store(chance: random.Random) -> AsyncIterator[RunningSandbox]:
    """A store that breaks by the same seed; other tests check the requests themselves."""
    async with running_sandbox() as running:
        running.app.state.faults = Faults(chance.randrange(10**6))
        yield running


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that may be stopped and killed, whatever TEST_DATABASE_URL says."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("TEST_DATABASE_URL", raising=False)
        server = Postgres()
    try:
        server.start()
        yield server
    finally:
        in_own_loop(server.close())
