"""A raw HTTP/1.1 server that behaves as badly as each path says, and knows its connections."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext


@dataclass
class Request:
    method: str
    path: str
    #: Tells one connection from another.
    port: int
    headers: dict[str, str]


@dataclass
class Wire:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    open_ports: set[int] = field(default_factory=set)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("peername")[1]
        self.open_ports.add(port)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (x.partition(": ") for x in lines[1:] if x)
                }
                method, path, _ = lines[0].split()
                request = Request(method, path, port, headers)
                await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests.append(request)
                await self._answer(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open_ports.discard(port)
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        match request.path.partition("?")[0]:
            case "/slow":
                await asyncio.sleep(0.5)
                writer.write(_answer(200, "slow"))
            case "/never":
                await asyncio.sleep(60)
            case "/drip":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(100):
                    writer.write(b".")
                    await writer.drain()
                    await asyncio.sleep(0.1)
            case "/bye":
                writer.write(_answer(200, "bye"))
                await writer.drain()
                writer.close()
            case "/reset":
                writer.transport.abort()
            case "/cut":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                await writer.drain()
                writer.transport.abort()
            case _:
                writer.write(self._said(request))

    def _said(self, request: Request) -> bytes:
        path, _, query = request.path.partition("?")
        match path:
            case "/moved":
                return _answer(302, "", f"Location: {self.url}/ok\r\n")
            case "/cookie":
                return _answer(200, "", "Set-Cookie: session=of-another-account; Path=/\r\n")
            case "/gzip" | "/bomb" | "/great-bomb":
                return _answer(200, _packed(path), "Content-Encoding: gzip\r\n")
            case "/refuse":
                return _answer(400, request.headers.get("x-secret", "no"))
            case says if says.startswith("/says/"):
                # As in /says/429?retry-after=1.
                header = query.replace("=", ": ").replace("&", "\r\n")
                return _answer(int(says.removeprefix("/says/")), "", f"{header}\r\n" if header else "")
            case _:
                return _answer(200, "ok")


def _answer(status: int, body: str | bytes, headers: str = "") -> bytes:
    content = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status} Said\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _packed(path: str) -> bytes:
    """The great bomb: half a gigabyte in two megabytes."""
    if path != "/great-bomb":
        return gzip.compress(b"unpacked" if path == "/gzip" else bytes(20 * 2**20))
    packer = zlib.compressobj(1, wbits=31)
    chunk = bytes(2**20)
    return b"".join(packer.compress(chunk) for _ in range(512)) + packer.flush()


@asynccontextmanager
async def wire_server(certificate: SSLContext | None = None) -> AsyncIterator[Wire]:
    wire = Wire()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(wire.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=certificate)
    wire.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for task in [*tasks]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
