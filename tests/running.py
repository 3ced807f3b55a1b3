"""The bridge and the sandbox, running for real: HTTP on loopback, any database."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from sqlalchemy.engine import make_url

from app import metrics, roles
from app.bridge import Bridge
from app.config import Settings, parse
from app.sandbox import create_sandbox
from tests.contract.recorder import ContractRecorder
from tests.contract.rest import RestContract
from tests.contract.soap import SoapContract

ACCOUNT = "sandboxstore"
CALLBACK_SECRET = "whsec_c2FuZGJveC1jYWxsYmFjay1zZWNyZXQtMzItYnl0ZXM="
ENCRYPTION_KEY = "b25lLWtleS1vZi0zMi1ieXRlcy1mb3ItYWxsLXRlc3Q="
SECRETS = {
    "TEST_APP_KEY": "sandbox-key",
    "TEST_APP_TOKEN": "sandbox-token",
    "TEST_CALLBACK_SECRET": CALLBACK_SECRET,
    "TEST_ENCRYPTION_KEY": ENCRYPTION_KEY,
}


@asynccontextmanager
async def listening(app: Any, port: int = 0, **settings: Any) -> AsyncIterator[str]:
    """The base URL of an ASGI app that listens on loopback."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off", **settings)
    server = uvicorn.Server(config)
    # Only serve(): signals belong to the test run.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done(), "the server listens")
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, *, seconds: float = 20, every: float = 0.02
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        await asyncio.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class RunningSandbox:
    url: str
    app: Any
    recorder: ContractRecorder
    client: httpx2.AsyncClient

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self.client.get("/sandbox/state")).json()
        return state

    async def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(f"/sandbox/{path}", json=body)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def effects(self, effect: str | None = None) -> list[dict[str, Any]]:
        answer = await self.client.get("/sandbox/journal", params={"effect": effect} if effect else {})
        entries: list[dict[str, Any]] = answer.json()
        return [entry for entry in entries if entry.get("effect")]

    async def received(self) -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = (await self.client.get("/sandbox/erp")).json()["received"]
        return received


@asynccontextmanager
async def running_sandbox(rest: RestContract | None = None) -> AsyncIterator[RunningSandbox]:
    app = create_sandbox(callback_secret=CALLBACK_SECRET)
    recorder = ContractRecorder(app, rest, SoapContract())
    async with listening(recorder) as url, httpx2.AsyncClient(base_url=url) as client:
        yield RunningSandbox(url, app, recorder, client)


def configuration(database_url: str, sandbox_url: str, **changes: Any) -> dict[str, Any]:
    """A configuration with one connection, `acme`; settings of each section may be changed."""
    vtex = {
        "account": ACCOUNT,
        "app_key": "env:TEST_APP_KEY",
        "app_token": "env:TEST_APP_TOKEN",
        "weight_unit": "kg",
        "length_unit": "cm",
        "rest_url": sandbox_url,
        "pricing_url": f"{sandbox_url}/{ACCOUNT}",
        "payments_url": sandbox_url,
        "webservice_url": f"{sandbox_url}/AdminWebService/Service.svc",
        **changes.get("vtex", {}),
    }
    orders = {
        "sources": ["feed"],
        "feed_poll_seconds": 0.1,
        "list_poll_seconds": 0.5,
        **changes.get("orders", {}),
    }
    erp = {
        "callback_url": f"{sandbox_url}/erp/orders",
        "callback_secret": "env:TEST_CALLBACK_SECRET",
        **changes.get("erp", {}),
    }
    delivery = {
        "retry_base_seconds": 0.05,
        "retry_cap_seconds": 0.5,
        "breaker_base_seconds": 0.2,
        "breaker_cap_seconds": 1,
        "absence_seconds": 0,
        **changes.get("delivery", {}),
    }
    return {
        **_without_password(database_url),
        "server": {"port": 0, **changes.get("server", {})},
        "delivery": delivery,
        "encryption": {"keys": ["env:TEST_ENCRYPTION_KEY"]},
        **{name: changes[name] for name in ("encryption", "retention") if name in changes},
        "connections": {"acme": {"vtex": vtex, "orders": orders, "erp": erp}},
    }


def _without_password(database_url: str) -> dict[str, str]:
    """As a user would: the password by reference."""
    url = make_url(database_url)
    if not url.password:
        return {"database_url": database_url}
    os.environ["TEST_DATABASE_PASSWORD"] = url.password
    address = url._replace(password=None).render_as_string()
    return {"database_url": address, "database_password": "env:TEST_DATABASE_PASSWORD"}


@dataclass
class RunningBridge:
    parts: Bridge
    client: httpx2.AsyncClient

    async def post(self, kind: str, body: Any, **headers: str) -> list[str]:
        """The ids of the accepted events."""
        answer = await self.client.post(f"/v1/changes/{kind}", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return [event["id"] for event in answer.json()["events"]]

    async def event(self, event_id: str) -> dict[str, Any]:
        event: dict[str, Any] = (await self.client.get(f"/v1/events/{event_id}")).json()
        return event

    async def reaches(self, event_id: str, *statuses: str, seconds: float = 20) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        async def reached() -> bool:
            seen.update(await self.event(event_id))
            return seen["status"] in statuses

        try:
            await until(reached, f"event is {statuses}", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen}") from None
        return seen


def transactions() -> float:
    """How many this process has begun on its databases."""
    return sum(
        sample.value
        for family in metrics.TRANSACTIONS.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )


@asynccontextmanager
async def running_bridge(
    database_url: str, sandbox_url: str, *, role: roles.Role = roles.Role.ALL, **changes: Any
) -> AsyncIterator[RunningBridge]:
    settings: Settings = parse(configuration(database_url, sandbox_url, **changes))
    started: asyncio.Future[tuple[Bridge, int]] = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()
    serving = asyncio.create_task(
        roles.serve(
            settings, role, stopping=stopping, started=lambda parts, port: started.set_result((parts, port))
        )
    )
    first: list[asyncio.Future[Any]] = [serving, started]
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        await serving
    parts, port = started.result()
    key = await parts.keys.create("acme")
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            yield RunningBridge(parts, client)
    finally:
        stopping.set()
        await serving
