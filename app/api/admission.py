"""Plain ASGI middleware: so many requests at a time, and no large body but where it is bounded.

What is beyond is told to come again before it has cost anything: memory stays bounded, whoever sends.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from app import metrics
from app.api.problems import Problem

#: Asked by the cluster, also of a process that has its hands full.
_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
_MOST_BYTES = 64 * 1024


class Admission:
    def __init__(self, app: ASGIApp, *, most: int, bodies_below: tuple[str, ...]) -> None:
        self._app, self._most = app, most
        #: Where bodies are counted by who reads them.
        self._bodies_below = bodies_below
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._requests >= self._most:
            busy = turned_away(f"{self._requests} requests are being answered")
            await busy.response()(scope, receive, send)
            return
        self._requests += 1
        try:
            own = scope["path"].startswith(self._bodies_below)
            await self._app(scope, receive if own else _small(receive), send)
        finally:
            self._requests -= 1


def _small(receive: Receive) -> Receive:
    came = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > _MOST_BYTES:
            raise Problem("too-large", f"the body has more than {_MOST_BYTES} bytes; this needs none")
        return message

    return receiving


@dataclass
class Bodies:
    """Of those that come in pieces, and whose requests are not answered yet."""

    most_bytes: int
    bytes: int = 0

    def add(self, came: int) -> None:
        self.bytes += came
        if self.bytes > self.most_bytes:
            raise turned_away("the bodies of other requests fill the memory that there is for them")


def turned_away(why: str) -> Problem:
    metrics.REQUESTS_TURNED_AWAY.inc()
    return Problem("busy", f"nothing was stored: {why}; send it again", headers={"Retry-After": "1"})
