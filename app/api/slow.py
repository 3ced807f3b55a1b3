"""Bounds on how a request comes, which nothing above HTTP sees before it is whole: its head's size, its time.

A client that sends byte by byte would hold its connection, and our memory, for ever.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.api.joined import JoinedWrites

_HEAD = b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"


class Bounded(JoinedWrites):
    """For uvicorn's `http`. What comes in one piece, as nearly all does, costs two assignments."""

    most_head_bytes = 64 * 1024
    head_seconds = 10.0
    #: For all of it, since its head: a large one comes in a second on any line that an ERP has.
    body_seconds = 30.0

    _has_head = False
    _is_whole = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_whole:
            return
        if self._deadline is None:
            self._wait(self.body_seconds if self._has_head else self.head_seconds)
        if not self._has_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.most_head_bytes:
                self._refuse(
                    b"431 Request Header Fields Too Large",
                    b"the head of the request has more than %d bytes" % self.most_head_bytes,
                )

    def on_message_begin(self) -> None:
        self._has_head, self._is_whole, self._head_bytes = False, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._has_head = True
        self._wait(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        """From now on for so long, or no more."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._too_slow, seconds)

    def _too_slow(self, seconds: float) -> None:
        self._deadline = None
        part = b"body" if self._has_head else b"head"
        said = b"nothing was stored: the %s of the request did not come within %g seconds" % (part, seconds)
        self._refuse(b"408 Request Timeout", said)

    def _refuse(self, status: bytes, said: bytes) -> None:
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_HEAD % (status, len(said)) + said)
        self.transport.close()
