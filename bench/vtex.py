"""A VTEX that answers at once and remembers when it was called: the other side for dispatch and latency.

`python -m bench.vtex PORT`; `GET /bench/calls` tells what came, `POST /bench/reset` forgets it.
"""

import asyncio
import gc
import json
import sys
import time
from typing import Any, cast

import httptools
import httpx2
import uvloop


class _Calls:
    def __init__(self) -> None:
        #: One for each call: method, the quantity of its body if there is one, when it was answered.
        self.seen: list[tuple[str, int | None, float]] = []


class _Connection(asyncio.Protocol):
    def __init__(self, calls: _Calls) -> None:
        self._calls = calls
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._body = b"", b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._transport is not None
        if self._path.startswith(b"/bench/"):
            self._write(json.dumps(self._calls.seen).encode() if self._path.endswith(b"calls") else b"{}")
            if self._path.endswith(b"reset"):
                self._calls.seen = []
            return
        if self._path.endswith(b"/configuration/warehouses"):
            # Asked once in five minutes: no call of those that are measured.
            self._write(b'[{"id": "1_1", "isActive": true}]')
            return
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        quantity = json.loads(self._body).get("quantity") if self._body else None
        self._calls.seen.append((self._parser.get_method().decode(), quantity, time.monotonic()))

    def _write(self, answer: bytes) -> None:
        assert self._transport is not None
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(answer) + answer)


async def _serve(port: int) -> None:
    calls = _Calls()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(calls), "127.0.0.1", port)
    gc.freeze()
    gc.disable()  # millions of small tuples: a collection would pause what is measured
    await server.serve_forever()


class Vtex:
    """What the bench asks that process."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    async def calls(self) -> list[tuple[str, int | None, float]]:
        async with httpx2.AsyncClient(timeout=60) as client:
            return [tuple(each) for each in (await client.get(f"{self.url}/bench/calls")).json()]

    async def reset(self) -> None:
        async with httpx2.AsyncClient(timeout=60) as client:
            await client.post(f"{self.url}/bench/reset")

    async def settled(self, least: int, *, quiet_seconds: float = 3, most_seconds: float = 600) -> list[Any]:
        """The calls, once there are `least` of them or none came for a while."""
        deadline, before, since = time.monotonic() + most_seconds, -1, time.monotonic()
        while time.monotonic() < deadline:
            calls = await self.calls()
            if len(calls) != before:
                before, since = len(calls), time.monotonic()
            if len(calls) >= least or (calls and time.monotonic() - since > quiet_seconds):
                return calls
            await asyncio.sleep(0.5)
        return await self.calls()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
