"""The one door to the outside: connections of bounded life, timeouts, a redacted record of each request.

The only module that knows the HTTP client's errors.
"""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2

from app import logging, metrics
from app.errors import DeliveryError, Retry
from app.http.answer import Answer, redacted
from app.http.connections import Connections
from app.http.gate import Gate
from app.http.limits import Call
from app.http.reaching import NO_SUCH_NAME
from app.http.ways import USUAL, Way

log = logging.get(__name__)

_LIFE_SECONDS = 60.0
#: A connection that takes longer than this part of the timeout is given up while nothing was sent.
_CONNECT_SHARE = 0.9
_KEPT_ANSWER_CHARACTERS = 2000
_SERVER_ERROR = 400

#: What is read is often written next, and a callback has one address: parsing it is a tenth of a request.
_address = lru_cache(maxsize=1024)(httpx2.URL)

_trace: ContextVar[list[dict[str, Any]] | None] = ContextVar("trace", default=None)


def begin_trace() -> list[dict[str, Any]]:
    """From here on, requests of this task are recorded in the returned list."""
    calls: list[dict[str, Any]] = []
    _trace.set(calls)
    return calls


@dataclass(frozen=True, slots=True)
class Outgoing:
    connection: str
    api: str
    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    timeout_seconds: float
    #: Values that must never be kept or logged, should the other side echo them.
    secrets: tuple[str, ...] = ()
    #: Raises what the answer means, where it does not mean done; pauses are learnt from it.
    judge: Callable[[Answer], None] | None = None
    way: Way = USUAL


class Sender(Protocol):
    """The way to the other side: the door, or what stands in for it where no request may leave."""

    async def send(self, request: Outgoing) -> Answer:
        """The answer that `judge` lets pass."""


class Door:
    """Without a gate nothing is budgeted and nothing paused."""

    def __init__(
        self,
        gate: Gate | None = None,
        *,
        connections: int = 64,
        life_seconds: float = _LIFE_SECONDS,
    ) -> None:
        self._gate = gate
        self._connections = Connections(connections, life_seconds)

    async def send(self, request: Outgoing) -> Answer:
        """The answer that `judge` lets pass; Retry where there was none, Paused where nothing was sent."""
        if self._gate is None:
            return _judged(request, await self._exchange(request))
        call = Call(request.connection, request.api, request.operation, request.method)
        passage = await self._gate.enter(call, request.timeout_seconds)
        answer = None
        try:
            answer = await self._exchange(request)
            _judged(request, answer)
        except _NoRoom:
            raise
        except DeliveryError as error:
            await self._gate.leave(passage, answer, error)
            raise
        await self._gate.leave(passage, answer, None)
        return answer

    async def _exchange(self, request: Outgoing) -> Answer:
        started, status, answer = time.perf_counter(), "none", None
        try:
            response = await self._connections.exchange(_written(request), request.way)
            answer = Answer(response.status_code, response.headers, response.read(), secrets=request.secrets)
            status = str(answer.status_code)
        except httpx2.PoolTimeout as error:
            status = "unsent"
            raise _NoRoom("all our connections were busy; it was not sent") from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            status = "unreachable"
            why = str(error) if isinstance(error, httpx2.ConnectError) else _name(error)
            if why == NO_SUCH_NAME and request.way.address_setting:
                why += f": check {request.way.address_setting}"
            raise Retry(f"{_host(request.url)} cannot be reached ({why})") from error
        except httpx2.TimeoutException as error:
            status = "timeout"
            reason = f"{_host(request.url)} did not answer within {request.timeout_seconds:g} s"
            raise Retry(reason, unknown_outcome=True) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            status = "broken"
            raise Retry(
                f"the connection to {_host(request.url)} broke ({_name(error)})", unknown_outcome=True
            ) from error
        finally:
            self._note(request, status, time.perf_counter() - started, answer)
        return answer

    async def close(self) -> None:
        if self._gate is not None:
            await self._gate.close()
        await self._connections.close()

    def _note(self, request: Outgoing, status: str, seconds: float, answer: Answer | None) -> None:
        metrics.REQUESTS_OUT.labels(request.connection, request.api, request.operation, status).inc()
        metrics.REQUEST_OUT_SECONDS.labels(request.api, request.operation).observe(seconds)
        parts = urlsplit(request.url)
        call: dict[str, Any] = {
            "api": request.api,
            "operation": request.operation,
            "method": request.method,
            "host": parts.netloc.rpartition("@")[2],
            "path": parts.path,
            "status": status,
            "duration_ms": round(seconds * 1000),
        }
        # The log gets no answer at all: the other side may echo an order, with its personal data.
        log.debug("request.sent", connection=request.connection, **call)
        # Answers that succeed may be whole orders with personal data; errors are what a person looks for.
        if answer is not None and answer.status_code >= _SERVER_ERROR:
            call["answer"] = redacted(answer.text, request.secrets)[:_KEPT_ANSWER_CHARACTERS]
        calls = _trace.get()
        if calls is not None:
            calls.append(call)


class _NoRoom(Retry):
    """Ours, and no sign of the other side's health."""


def _judged(request: Outgoing, answer: Answer) -> Answer:
    if request.judge is not None:
        request.judge(answer)
    return answer


def _written(request: Outgoing) -> httpx2.Request:
    written = httpx2.Request(
        request.method,
        _address(request.url),
        headers=request.headers,
        # As `content`, it would be looked through for headers that the transport writes anyway.
        stream=httpx2.ByteStream(request.content or b""),
        extensions={"timeout": _timeouts(request.timeout_seconds)},
    )
    if written.url.userinfo:
        login = httpx2.BasicAuth(written.url.username, written.url.password)
        return next(login.auth_flow(written))
    return written


@lru_cache
def _timeouts(seconds: float) -> Mapping[str, float]:
    """The whole exchange has `seconds`: an answer that drips would hold the lane beyond its lease."""
    return {"pool": seconds, "connect": seconds * _CONNECT_SHARE, "read": seconds}


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _name(error: Exception) -> str:
    return type(error).__name__
