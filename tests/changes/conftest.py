"""The bridge on one database, against the sandbox; products and SKUs through both codecs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.changes.steps import deliver, sku_in_store
from tests.running import RunningBridge, RunningSandbox, running_bridge

Starting = Callable[..., AbstractAsyncContextManager[RunningBridge]]


@pytest.fixture(params=["rest", "webservice"])
def catalog(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def starting(migrated_sqlite_url: str, sandbox: RunningSandbox) -> Starting:
    """A bridge with settings of the test's own, without order sources."""

    def start(**changes: Any) -> AbstractAsyncContextManager[RunningBridge]:
        return running_bridge(migrated_sqlite_url, sandbox.url, **{"orders": {"sources": []}, **changes})

    return start


@pytest.fixture
async def bridge(starting: Starting) -> AsyncIterator[RunningBridge]:
    """Instead of the one on each database: here the database does not matter."""
    async with starting() as running:
        yield running


@pytest.fixture
async def either(starting: Starting, catalog: str) -> AsyncIterator[RunningBridge]:
    async with starting(vtex={"catalog": catalog}) as running:
        yield running


@pytest.fixture
async def shop(bridge: RunningBridge) -> RunningBridge:
    """With a SKU that sells for 110.00."""
    await sku_in_store(bridge)
    await deliver(bridge, "price", {"sku": "S1", "base": "110.00"})
    return bridge
