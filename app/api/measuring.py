"""Plain ASGI middleware: counts and times each request by its route."""

import time
from collections.abc import MutableMapping
from functools import cache
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from app import metrics

#: Finding a counter by its labels takes longer than counting.
_requests = cache(metrics.REQUESTS_IN.labels)
_seconds = cache(metrics.REQUEST_IN_SECONDS.labels)


class Measured:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), "none"

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            # The answer to a bug is written outside of us.
            status = "500"
            raise
        finally:
            # The template, never the path: labels stay bounded.
            route = getattr(scope.get("route"), "path", "(none)")
            _requests(route, scope["method"], status).inc()
            _seconds(route).observe(time.perf_counter() - started)
