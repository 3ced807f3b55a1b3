"""The server that the roles run: what leaves and arrives on a socket."""

import asyncio
import json
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from app.api.joined import JoinedWrites
from tests.api.intake import NOTHING, STOCK, Intake
from tests.running import listening, until

BODY = json.dumps(STOCK).encode()


class Received(asyncio.Protocol):
    """What arrives, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = False

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the protocol's own
        self.ended = True


@asynccontextmanager
async def connected(intake: Intake) -> AsyncIterator[tuple[asyncio.Transport, Received]]:
    async with listening(intake.app, http=JoinedWrites, ws="none") as url:
        port = int(url.rpartition(":")[2])
        transport, received = await asyncio.get_running_loop().create_connection(Received, "127.0.0.1", port)
        try:
            yield transport, received
        finally:
            transport.close()


def request(intake: Intake, *more: str, length: int = len(BODY)) -> bytes:
    head = [
        "POST /v1/changes/stock HTTP/1.1",
        "Host: bridge",
        f"Authorization: {intake.client.headers['authorization']}",
        f"Content-Length: {length}",
        *more,
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def segments(transport: asyncio.Transport) -> int:
    """How many with data in them came in: `tcpi_data_segs_in` of Linux's `struct tcp_info`."""
    info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 156)
    count: int = struct.unpack_from("=I", info, 152)[0]
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a connection's segments")
async def test_an_answer_is_one_segment(intake_on_sqlite: Intake) -> None:
    async with connected(intake_on_sqlite) as (transport, received):
        for count in range(1, 4):
            received.pieces.clear()
            transport.write(request(intake_on_sqlite) + BODY)
            await until(lambda: b"".join(received.pieces).endswith(b"}]}"), "the answer")
            assert segments(transport) == count


async def test_an_answer_comes_whole_before_the_connection_is_closed(intake_on_sqlite: Intake) -> None:
    async with connected(intake_on_sqlite) as (transport, received):
        transport.write(request(intake_on_sqlite, "Connection: close") + BODY)
        await until(lambda: received.ended, "the connection is closed")
    assert b"".join(received.pieces).endswith(b'"status":"accepted"}]}')


async def test_a_body_is_sent_once_the_server_says_continue(intake_on_sqlite: Intake) -> None:
    async with connected(intake_on_sqlite) as (transport, received):
        transport.write(request(intake_on_sqlite, "Expect: 100-continue"))
        await until(lambda: received.pieces == [b"HTTP/1.1 100 Continue\r\n\r\n"], "100")
        transport.write(BODY)
        await until(lambda: b"".join(received.pieces).endswith(b"}]}"), "the answer")


async def test_pipelined_requests_are_answered_in_their_order(intake_on_sqlite: Intake) -> None:
    async with connected(intake_on_sqlite) as (transport, received):
        transport.write((request(intake_on_sqlite) + BODY) * 2 + request(intake_on_sqlite, length=0))
        await until(lambda: b"the body is empty" in b"".join(received.pieces), "three answers")
    answers = b"".join(received.pieces).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"202", b"202", b"400"]


async def test_a_body_that_comes_in_pieces_is_accepted(intake_on_sqlite: Intake) -> None:
    async with connected(intake_on_sqlite) as (transport, received):
        for piece in (request(intake_on_sqlite), BODY[:20], BODY[20:]):
            transport.write(piece)
            await asyncio.sleep(0.05)
        await until(lambda: b"".join(received.pieces).endswith(b"}]}"), "the answer")
    assert received.pieces[0].startswith(b"HTTP/1.1 202")


async def test_who_leaves_in_the_middle_of_a_body_stores_nothing_and_is_no_bug(
    intake_on_sqlite: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"route": "/v1/changes/stock", "method": "POST", "status": "none"}

    def count() -> float:
        return REGISTRY.get_sample_value("bridge_incoming_requests_total", labels) or 0

    before = count()
    async with connected(intake_on_sqlite) as (transport, _):
        transport.write(request(intake_on_sqlite) + BODY[:20])
        await asyncio.sleep(0.1)
        transport.close()
        await until(lambda: count() == before + 1, "it is noticed")
    assert await intake_on_sqlite.stored() == NOTHING
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
