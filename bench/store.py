"""The sandbox for the figures of orders: with a quota on GET order, and thousands of orders at once.

`python -m bench.store PORT`; beside the sandbox's own controls: `POST /bench/orders?count=`,
`POST /bench/quota?per_minute=&burst=`, `GET /bench/reads` (for each GET order: its status and when).
"""

import re
import sys
import time

import uvicorn
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox import create_sandbox
from app.sandbox.order_flow import place_order
from app.sandbox.quota import Bucket
from app.sandbox.state import Store

_ORDER = re.compile(r"/api/oms/pvt/orders/[^/]+$")


class Bench:
    """Around the sandbox: enforces VTEX's 6,000 a minute on GET order if told to, and counts."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._bucket: Bucket | None = None
        self._reads: list[tuple[int, float]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith("/bench/"):
            await self._control(path, QueryParams(scope["query_string"]))(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET" and _ORDER.fullmatch(path):
            await self._read_order(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _read_order(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._reads.append((message["status"], time.monotonic()))
            await send(message)

        passed, headers = self._bucket.take() if self._bucket else (True, {})
        app = self._app if passed else Response(status_code=429, headers=headers)
        await app(scope, receive, counted)

    def _control(self, path: str, query: QueryParams) -> Response:
        if path == "/bench/reads":
            return JSONResponse(self._reads)
        if path == "/bench/quota":
            self._bucket = Bucket(int(query["per_minute"]), int(query["burst"]))
        elif path == "/bench/orders":
            for _ in range(int(query["count"])):
                place_order(self._store, [("SKU-1", 1)], "ready-for-handling", "1_1")
        return JSONResponse({})


if __name__ == "__main__":
    sandbox = create_sandbox()
    app = Bench(sandbox, sandbox.state.store)
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off"
    )
