"""The load generator, a process of its own: keep-alive connections on a bare protocol, cheap on purpose.

`python -m bench.load '{"port": …}'` sends stock changes and prints what came back as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

from bench.measure import quantile


@dataclass(frozen=True)
class Load:
    port: int
    key: str = ""
    path: str = "/v1/changes/stock"
    connections: int = 32
    #: Different SKUs; the n-th change is for SKU n // `repeat` % `keys`, with n as its quantity.
    keys: int = 20_000
    repeat: int = 1
    #: The number of the first change: the same quantity again would be no change.
    first: int = 0
    #: Ends after so many seconds or so many changes, whichever is first.
    seconds: float = 60
    count: int = 10_000_000
    #: Changes a second, whatever the answers take; None sends as fast as the answers come.
    rate: float | None = None
    #: When the n-th change began to be sent (CLOCK_MONOTONIC), as a list.
    tell_times: bool = False


class _Connection(asyncio.Protocol):
    """One request at a time; `next_request` says what comes next, or None when it is over."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._run.idle(self)

    def send(self, request: bytes) -> None:
        assert self._transport is not None
        self._began = time.monotonic()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        self._run.answered(status, time.monotonic() - self._began)
        self._run.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost(exc)


class _Run:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = _requests(load)
        #: Taken in turn: one that rests for seconds is closed by the server.
        self._waiting: deque[_Connection] = deque()
        self._missed = 0
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []
        self.began = time.monotonic()
        self.over = asyncio.Event()
        self._in_flight = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self._load.connections):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._load.port)
        if self._load.rate:
            await self._tick(self._load.rate)
        await self.over.wait()

    async def _tick(self, rate: float) -> None:
        """An open loop: a late answer delays no later request, or the latency would flatter."""
        ticks = 0
        while not self._ended():
            await asyncio.sleep(max(0.0, self.began + ticks / rate - time.monotonic()))
            ticks += 1
            if self._waiting:
                self._next(self._waiting.popleft())
            else:
                self._missed += 1
        if not self._in_flight:
            self.over.set()

    def idle(self, connection: _Connection) -> None:
        if self._load.rate:
            self._waiting.append(connection)
        else:
            self._next(connection)

    def _next(self, connection: _Connection) -> None:
        if self._ended() or (request := next(self._requests, None)) is None:
            if not self._in_flight:
                self.over.set()
            return
        self._in_flight += 1
        if self._load.tell_times:
            self.times.append(time.monotonic())
        connection.send(request)

    def answered(self, status: int, seconds: float) -> None:
        self._in_flight -= 1
        self.latencies.append(seconds)
        self.statuses[str(status)] += 1
        if self._load.rate and self._ended() and not self._in_flight:
            self.over.set()

    def lost(self, error: Exception | None) -> None:
        if not self.over.is_set():
            self.statuses[f"lost: {error}"] += 1
            self.over.set()

    def _ended(self) -> bool:
        sent = len(self.latencies) + self._in_flight
        return sent >= self._load.count or time.monotonic() - self.began >= self._load.seconds

    def result(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.began
        return {
            "changes": len(self.latencies),
            "per_second": len(self.latencies) / seconds,
            "p50_ms": quantile(self.latencies, 0.5) * 1000,
            "p99_ms": quantile(self.latencies, 0.99) * 1000,
            "statuses": dict(self.statuses),
            "missed": self._missed,
            "times": self.times,
        }


def _requests(load: Load) -> Iterator[bytes]:
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {load.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    for number in range(load.first, load.first + load.count):
        sku = number // load.repeat % load.keys
        body = b'{"sku":"SKU-%07d","warehouse":"1_1","quantity":%d,"unlimited":false}' % (sku, number)
        yield b"%b%d\r\n\r\n%b" % (head, len(body), body)


async def _main(load: Load) -> dict[str, Any]:
    run = _Run(load)
    await run.run()
    return run.result()


async def generate(load: Load, folder: Path) -> dict[str, Any]:
    """Run it in a process of its own; changes, per_second, p50_ms, p99_ms, statuses, missed, times."""
    log_file = folder / "load.log"
    with log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.load", json.dumps(asdict(load)), stdout=-1, stderr=log
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), load.seconds + 60)
        finally:
            if process.returncode is None:
                process.kill()
    if process.returncode:
        raise RuntimeError(f"the load ended with {process.returncode}: {log_file.read_text()[-2000:]}")
    result: dict[str, Any] = json.loads(output)
    return result


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_main(Load(**json.loads(sys.argv[1]))))))
