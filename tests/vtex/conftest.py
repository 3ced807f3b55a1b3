"""VTEX as told by the test, and our store's client in front of it."""

from collections.abc import AsyncIterator

import pytest

from app.http.door import Door
from app.vtex.catalog import Catalog
from app.vtex.store import VtexStore, open_store
from tests.running import listening
from tests.vtex.saying import Saying, settings


@pytest.fixture
async def vtex() -> AsyncIterator[Saying]:
    saying = Saying()
    async with listening(saying) as url:
        saying.url = url
        yield saying


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = Door()
    yield opened
    await opened.close()


@pytest.fixture
def store(vtex: Saying, door: Door) -> VtexStore:
    return open_store(door, "acme", settings(vtex.url))


@pytest.fixture
def soap(vtex: Saying, door: Door) -> Catalog:
    return open_store(door, "acme", settings(vtex.url, catalog="webservice")).catalog
