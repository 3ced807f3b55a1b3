"""An ERP that answers as it is told, and keeps every callback as it came."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec
from standardwebhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.sandbox.faults import reset_connection
from tests.running import CALLBACK_SECRET

RESET = 0


@dataclass(frozen=True)
class Callback:
    raw: bytes
    headers: dict[str, str]
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self) -> dict[str, Any]:
        body: dict[str, Any] = Webhook(CALLBACK_SECRET).verify(self.raw, self.headers)
        return body


@dataclass
class Erp:
    url: str = ""
    callbacks: list[Callback] = field(default_factory=list)
    #: (status, headers) of the next answers; 200 when there is none left, RESET breaks the connection.
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    #: Answer with the order itself, as a careless error page does.
    echoes: bool = False
    #: The body of every answer, where it matters.
    says: bytes | None = None
    before_answering: Callable[[Callback], Awaitable[None]] | None = None

    def answers_with(self, *statuses: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.extend((status, named) for status in statuses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        callback = Callback(await request.body(), dict(request.headers), monotonic())
        self.callbacks.append(callback)
        if self.before_answering:
            await self.before_answering(callback)
        status, headers = self.answers.popleft() if self.answers else (200, {})
        if status == RESET:
            await reset_connection(send)
            return
        said = self.says if self.says is not None else msgspec.json.encode({"said": status})
        if self.echoes:
            said = callback.raw
        await Response(said, status_code=status, headers=headers)(scope, receive, send)
