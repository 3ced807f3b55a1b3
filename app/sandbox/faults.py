"""Faults on order: refusals, late answers and broken connections, before or after the effect."""

import asyncio
import itertools
import random
import re
import socket
import struct
from dataclasses import asdict, dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox.journal import Journal
from app.sandbox.wire import Record, RefusedError, is_integer, is_number

ACTIONS = ("status", "status_after", "delay_before", "delay_after", "late", "reset_before", "reset_after")


@dataclass
class Fault:
    action: str
    #: None matches every method.
    method: str | None = None
    #: Searched in the path.
    path_regex: str = ""
    #: How often it strikes; None until it is removed.
    times: int | None = 1
    probability: float = 1.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    #: How long the delays take; `late` has its effect then, also if the client gave up meanwhile.
    seconds: float = 0
    id: int = 0

    def dump(self) -> Record:
        return asdict(self)


class Faults:
    """The rules; the first that matches strikes."""

    def __init__(self, seed: int = 1) -> None:
        self.rules: list[Fault] = []
        self._ids = itertools.count(1)
        self._random = random.Random(seed)  # nosec B311  # noqa: S311  repeatable on purpose

    def add(self, fault: Fault) -> Fault:
        fault.id = next(self._ids)
        self.rules.append(fault)
        return fault

    def remove(self, number: int | None = None) -> int:
        """Remove one rule, or all; tells how many went."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if number is not None and rule.id != number]
        return before - len(self.rules)

    def strike(self, method: str, path: str) -> Fault | None:
        for rule in self.rules:
            if rule.times == 0 or rule.method not in {None, method} or not re.search(rule.path_regex, path):
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None


def read_fault(body: Record) -> Fault:
    """A rule from the control API; a wrong one must not silently match nothing."""
    unknown = sorted(body.keys() - (Fault.__dataclass_fields__.keys() - {"id"}))
    if unknown or body.get("action") not in ACTIONS:
        raise RefusedError(400, f"Unknown: {unknown}" if unknown else f"action must be one of {ACTIONS}")
    times = body.get("times", 1)
    numbers = (body.get("probability", 1), body.get("seconds", 0), body.get("status", 500))
    if not (times is None or is_integer(times)) or not all(is_number(each) for each in numbers):
        raise RefusedError(400, "times, probability, seconds and status must be numbers")
    texts = (body.get("method", ""), body.get("body", ""), body.get("path_regex", ""))
    if not all(isinstance(each, str | None) for each in texts) or not isinstance(
        body.get("headers", {}), dict
    ):
        raise RefusedError(400, "method, body and path_regex must be strings, headers an object")
    try:
        re.compile(body.get("path_regex", ""))
    except (re.error, TypeError) as error:
        raise RefusedError(400, "path_regex is no regular expression") from error
    floats: Record = {name: float(body[name]) for name in ("probability", "seconds") if name in body}
    return Fault(**(body | floats))


def _is_control(path: str) -> bool:
    """The account may be called `sandbox…` too, and its prices are under its name."""
    return path == "/sandbox" or path.startswith("/sandbox/")


class FaultInjection:
    """The outermost layer. It must stay outside of Starlette's own layers: those wrap `send`, and a broken
    connection needs uvicorn's own `send`, through which alone the transport is reached."""

    def __init__(self, app: ASGIApp, faults: Faults, journal: Journal) -> None:
        self.app = app
        self.faults = faults
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http" and not _is_control(scope["path"]):
            fault = self.faults.strike(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
            return
        status = fault.status if fault.action.startswith("status") else None
        self.journal.add("fault", scope["method"], scope["path"], status, fault=fault.action, rule=fault.id)
        await self._inflict(fault, scope, receive, send)

    async def _inflict(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.action == "late":
            receive = await _received(receive)
        if fault.action in {"delay_before", "late"}:
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
            return
        answer: list[Message] = []
        if fault.action.endswith("_after"):
            await self.app(scope, receive, _keep(answer))
        if fault.action.startswith("reset"):
            await reset_connection(send)
        elif fault.action == "delay_after":
            await asyncio.sleep(fault.seconds)
            for message in answer:
                await send(message)
        else:
            response = Response(fault.body, status_code=fault.status, headers=fault.headers)
            await response(scope, receive, send)


async def _received(receive: Receive) -> Receive:
    """The whole request, which is then there whatever becomes of the connection."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    left = iter(messages)

    async def again() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return again


def _keep(answer: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


async def reset_connection(send: Send) -> None:
    """Abort the TCP connection, so that the client sees what a crashed server shows: a reset, no answer.

    ASGI has no way to say this. Under uvicorn `send` is a method of the request's cycle, which holds the
    transport; without a connection (an in-process client) the error is raised instead.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("The sandbox broke the connection on order")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        # Without lingering, the kernel sends RST and not a polite FIN.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # Let the loop tell uvicorn that the client is gone, or it would log a missing answer as our error.
    for _ in range(3):
        await asyncio.sleep(0)
