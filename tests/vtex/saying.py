"""An other side that says exactly what a test tells it to, over real HTTP."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.config import VtexSettings


@dataclass
class Said:
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass
class Saying:
    """The last answer is repeated."""

    url: str = ""
    answers: deque[Said] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def says(self, status: int, body: str | bytes = b"", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Said(status, content, named))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append(f"{request.method} {scope['raw_path'].decode()}")
        self.bodies.append(await request.body())
        said = self.answers[0] if len(self.answers) == 1 else self.answers.popleft()
        await Response(said.body, status_code=said.status, headers=said.headers)(scope, receive, send)


def settings(url: str, **changes: Any) -> VtexSettings:
    values: dict[str, Any] = {
        "account": "sandboxstore",
        "app_key": "env:TEST_APP_KEY",
        "app_token": "env:TEST_APP_TOKEN",
        "weight_unit": "kg",
        "length_unit": "cm",
        "rest_url": url,
        "pricing_url": url,
        "webservice_url": f"{url}/Service.svc",
    }
    return VtexSettings(**(values | changes))
