"""Whoever sends slowly, much, or too much at once: memory and connections stay bounded, others are served."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from app.api.slow import Bounded
from tests.api.intake import NOTHING, STOCK, Intake, open_intake
from tests.running import listening, until


class Hasty(Bounded):
    head_seconds = 0.3
    body_seconds = 0.3


@pytest.fixture
async def intake(migrated_sqlite_url: str) -> AsyncIterator[Intake]:
    async with open_intake(migrated_sqlite_url) as opened:
        yield opened


@pytest.fixture
async def bounded(migrated_sqlite_url: str) -> AsyncIterator[Intake]:
    async with open_intake(migrated_sqlite_url, max_requests=1, max_bytes_in_flight=3000) as opened:
        yield opened


@asynccontextmanager
async def served(intake: Intake) -> AsyncIterator[int]:
    async with listening(intake.app, http=Hasty) as url:
        yield int(url.rpartition(":")[2])


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(port: int, *parts: bytes, pause: float = 0) -> bytes:
    """All that is said until the connection ends."""
    async with connected(port) as (reader, writer):
        reading = asyncio.create_task(reader.read())
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            return await reading


def request(body: bytes, path: str = "/v1/changes/stock", **headers: str) -> bytes:
    said = {"Host": "bridge", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def test_a_client_that_says_nothing_is_let_go(intake: Intake) -> None:
    async with served(intake) as port:
        assert (await answer(port)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_comes_byte_by_byte_is_let_go(intake: Intake) -> None:
    async with served(intake) as port:
        said = await answer(port, *(bytes([each]) for each in b"GET /healthz HTTP/1.1"), pause=0.03)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert said.endswith(b"nothing was stored: the head of the request did not come within 0.3 seconds")


async def test_a_body_that_does_not_come_is_let_go_and_nothing_is_stored(intake: Intake) -> None:
    body = json.dumps(STOCK).encode()
    whole = request(body, Authorization=intake.client.headers["Authorization"])
    async with served(intake) as port:
        said = await answer(port, whole[:-5])
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"the body of the request did not come within 0.3 seconds" in said
    assert await intake.stored() == NOTHING


async def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(intake: Intake) -> None:
    async with served(intake) as port:
        said = await answer(port, b"GET /healthz HTTP/1.1\r\n", *[b"x-long: " + b"x" * 30_000 + b"\r\n"] * 3)
    assert said.startswith(b"HTTP/1.1 431 ")


async def test_a_connection_that_is_kept_is_no_slow_client(intake: Intake) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: bridge\r\n\r\n"
    async with served(intake) as port, connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(ask)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(len(b'{"status":"ok"}'))
            await asyncio.sleep(0.5)


async def test_beyond_its_requests_the_process_says_so_and_health_still_answers(bounded: Intake) -> None:
    intake = bounded
    body = json.dumps(STOCK).encode()
    whole = request(body, Authorization=intake.client.headers["Authorization"], Connection="close")
    async with listening(intake.app, http=Bounded) as url:
        port = int(url.rpartition(":")[2])
        async with connected(port) as (reader, writer):
            writer.write(whole[:-5])

            async def turned_away() -> bool:
                return (await answer(port, whole)).startswith(b"HTTP/1.1 503 ")

            await until(turned_away, "the second is turned away")
            said = await answer(port, whole)
            assert b"retry-after: 1" in said.lower()
            assert b"/problems/busy" in said
            assert b"nothing was stored: 1 requests are being answered; send it again" in said
            health = await answer(port, b"GET /healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
            assert health.startswith(b"HTTP/1.1 200 ")
            writer.write(whole[-5:])
            assert (await reader.read()).startswith(b"HTTP/1.1 202 ")
        assert (await answer(port, whole)).startswith(b"HTTP/1.1 202 ")


async def test_bodies_share_the_memory_that_there_is_for_them(bounded: Intake) -> None:
    intake = bounded
    many = json.dumps([STOCK | {"sku": f"S{each}"} for each in range(200)]).encode()
    assert len(many) > 6000
    key = intake.client.headers["Authorization"]
    async with listening(intake.app, http=Bounded) as url:
        port = int(url.rpartition(":")[2])
        whole = request(many, Authorization=key, Connection="close")
        said = await answer(port, whole[:3500], whole[3500:5000], whole[5000:], pause=0.05)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"the bodies of other requests fill the memory" in said
        # What was held is free again.
        small = request(json.dumps(STOCK).encode(), Authorization=key, Connection="close")
        assert (await answer(port, small[:-5], small[-5:], pause=0.05)).startswith(b"HTTP/1.1 202 ")
