"""uvicorn's HTTP protocol with an answer's head and body in one write.

uvicorn writes the two one by one and uvloop sends each at once: that is two system calls here, two segments
on the wire and two wake-ups at the client, a third of all that a request takes (docs/decisions/0019).
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Joining(asyncio.Transport):
    """What uvicorn uses of a transport; what is written in one turn of the loop leaves together."""

    __slots__ = ("_call_soon", "_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, call_soon: Callable[..., object]) -> None:
        super().__init__()
        self._transport, self._call_soon = transport, call_soon
        self._parts: list[bytes] = []

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if not self._parts:
            self._call_soon(self._flush)
        self._parts.append(bytes(data))

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))


class JoinedWrites(HttpToolsProtocol):
    """For uvicorn's `http`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(_Joining(cast(asyncio.Transport, transport), self.loop.call_soon))
