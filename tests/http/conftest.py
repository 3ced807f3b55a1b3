"""A server that behaves badly, and a door to go through."""

from collections.abc import AsyncIterator

import pytest

from app.http.door import Door, Outgoing
from tests.http.wire import Wire, wire_server


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wire_server() as running:
        yield running


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = Door()
    yield opened
    await opened.close()


def to(
    url: str, *, timeout: float = 5, secrets: tuple[str, ...] = (), headers: dict[str, str] | None = None
) -> Outgoing:
    return Outgoing(
        connection="acme",
        api="catalog",
        operation="read",
        method="GET",
        url=url,
        headers=headers or {},
        content=None,
        timeout_seconds=timeout,
        secrets=secrets,
    )
