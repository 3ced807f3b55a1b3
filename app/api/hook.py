"""POST /v1/vtex/hook/orders: VTEX says that an order changed; 200 at once, whatever happens behind."""

import asyncio
import json
import re
from typing import Any

from fastapi import APIRouter, Request, Response

from app import logging, metrics
from app.api.failures import Failures
from app.api.problems import Problem
from app.errors import DatabaseUnavailable
from app.orders.hints import Hint
from app.orders.hook import SECRET_HEADER, HookReceivers

log = logging.get(__name__)

PREFIX = "/v1/vtex/hook"
#: VTEX gives up after five.
_STORED_WITHIN_SECONDS = 4.0
_MOST_BYTES = 64 * 1024
_ORDER_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,100}")
_STATE = re.compile(r"[a-z0-9-]{1,100}")


def router() -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["vtex"])

    # VTEX's endpoint, not the ERP's: it has no place in what integrators read.
    @routes.post("/orders", include_in_schema=False)
    async def notified(request: Request) -> Response:
        receivers: HookReceivers = request.app.state.hooks
        connection = _notified(request, receivers)
        hint = await _hint(request)
        if hint is not None:
            await _kept(receivers, connection, hint)
        return Response(status_code=200)

    return routes


def _notified(request: Request, receivers: HookReceivers) -> str:
    """The connection that the secret names; guesses are counted as with keys."""
    failures: Failures = request.app.state.authentication.failures
    secret = request.headers.get(SECRET_HEADER, "")
    if (seconds := failures.held_up(request.scope)) and not receivers.has_seen(secret):
        raise failures.hold_up(seconds)
    connection = receivers.connection_of(secret)
    if connection is None:
        detail = "no connection has this orders.hook_secret; VTEX sends it as `key`"
        raise failures.count(request.scope, "hook", Problem("unauthorized", detail))
    return connection


async def _hint(request: Request) -> Hint | None:
    """None for VTEX's ping, and for what names no order: it must not be sent again for ever."""
    body: Any = None
    content = bytearray()
    async for part in request.stream():
        if len(content) <= _MOST_BYTES:
            content += part
    if len(content) <= _MOST_BYTES:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            log.warning("hook.unreadable")
    named = body.get("OrderId") if isinstance(body, dict) else None
    if not isinstance(named, str) or not _ORDER_ID.fullmatch(named):
        return None
    state = body.get("State")
    return Hint(named, state if isinstance(state, str) and _STATE.fullmatch(state) else None)


async def _kept(receivers: HookReceivers, connection: str, hint: Hint) -> None:
    """What is lost here is found by the sweep: VTEX must have its 200 within five seconds."""
    try:
        storing = asyncio.ensure_future(receivers.take(connection, hint))
        await asyncio.wait_for(asyncio.shield(storing), _STORED_WITHIN_SECONDS)
    except (DatabaseUnavailable, TimeoutError) as error:
        log.warning("hook.not_stored", connection=connection, order=hint.order_id, error=type(error).__name__)
        return
    metrics.ORDERS_HINTED.labels(connection, "hook").inc()
