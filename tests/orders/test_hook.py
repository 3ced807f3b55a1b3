"""The order hook: registered by the poller, and what it tells is read at once."""

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import Any

import httpx2
import pytest
from sqlalchemy.engine import make_url

from app.config import parse
from app.errors import ConfigurationError
from tests.changes.steps import as_staff
from tests.orders.conftest import Starting
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled, hints
from tests.processes import free_port
from tests.running import RunningBridge, RunningSandbox, configuration, until

CONFIG = "/api/orders/hook/config"
PATH = "/v1/vtex/hook/orders"
SECRET = "hook-secret-of-the-test"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_HOOK_SECRET", SECRET)


def hooked(port: int, **others: Any) -> dict[str, Any]:
    orders = {"sources": ["hook"], "hook_url": f"http://127.0.0.1:{port}{PATH}", "hook_check_seconds": 0.2}
    return {"server": {"port": port}, "orders": orders | {"hook_secret": "env:TEST_HOOK_SECRET"} | others}


async def registered(sandbox: RunningSandbox) -> None:
    async def known() -> bool:
        return bool(await sandbox.effects("hook.configured"))

    await until(known, "the hook is registered")


async def notify(bridge: RunningBridge, body: Any, secret: str = SECRET) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=bridge.client.base_url) as client:
        return await client.post(PATH, json=body, headers={"key": secret})


@pytest.mark.parametrize("missing", ["hook_url", "hook_secret"])
def test_a_hook_without_address_or_secret_stops_the_start(missing: str) -> None:
    orders = hooked(1)["orders"] | {missing: None}
    content = configuration("sqlite+aiosqlite:///x.db", "http://127.0.0.1:9", orders=orders)
    with pytest.raises(ConfigurationError, match="hook_url and hook_secret are needed"):
        parse(content)


async def test_an_unknown_secret_is_refused(starting: Starting) -> None:
    async with starting(**hooked(free_port())) as bridge:
        answer = await notify(bridge, {"OrderId": "1-01", "State": "ready-for-handling"}, secret="guessed")
        assert answer.status_code == 401
        assert SECRET not in answer.text
        assert await hints(bridge) == 0


@pytest.mark.parametrize("body", [{"hookConfig": "ping"}, [], "text", {"OrderId": 7}, {"State": "canceled"}])
async def test_what_names_no_order_is_answered_200(starting: Starting, body: Any) -> None:
    """VTEX would send it again for ever."""
    async with starting(**hooked(free_port())) as bridge:
        assert (await notify(bridge, body)).status_code == 200
        assert await hints(bridge) == 0


async def test_a_foreign_hook_is_left_alone(starting: Starting, shop: RunningSandbox) -> None:
    async with starting(**hooked(free_port())) as bridge:
        other = {"url": f"{bridge.client.base_url}{PATH}?other", "headers": {"key": SECRET}}
        body = {"filter": {"type": "FromWorkflow", "status": ["invoiced"]}, "hook": other}
        await registered(shop)
        await as_staff(shop, "POST", CONFIG, body)
        await asyncio.sleep(0.6)
        assert (await as_staff(shop, "GET", CONFIG))["hook"]["url"] == other["url"]


async def test_an_order_that_the_hook_names_is_told_and_handled(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting(**hooked(free_port())):
        await registered(shop)
        order = await bought(shop)
        await handled(shop, order)
    assert len(erp.callbacks) == 1


async def test_a_hook_that_vtex_removed_is_registered_anew(starting: Starting, shop: RunningSandbox) -> None:
    async with starting(**hooked(free_port())):
        await registered(shop)
        await as_staff(shop, "DELETE", CONFIG)

        async def twice() -> bool:
            return len(await shop.effects("hook.configured")) == 2

        await until(twice, "the hook is registered again")


async def test_an_order_from_before_the_hook_is_found(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    order = await bought(shop)
    async with starting(**hooked(free_port())):
        await handled(shop, order)
    assert len(erp.callbacks) == 1


async def test_vtex_has_its_200_within_five_seconds_while_the_database_is_blocked(
    starting: Starting, migrated_sqlite_url: str
) -> None:
    async with starting(**hooked(free_port())) as bridge:
        with closing(
            sqlite3.connect(str(make_url(migrated_sqlite_url).database), isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            answer = await notify(bridge, {"OrderId": "1-01", "State": "ready-for-handling"})
            took = time.monotonic() - began
            other.execute("ROLLBACK")
    assert answer.status_code == 200
    assert took < 5


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 50_000,
        b'{"OrderId": "\\ud800", "State": "canceled"}',
        b'{"OrderId": "a\\u0000b"}',
        b'{"OrderId": ".."}',
        b'{"OrderId": "../../catalog"}',
        b'{"OrderId": "%s"}' % (b"1" * 60_000),
        b" " * 70_000 + b'{"OrderId": "1-01"}',
    ],
)
async def test_what_no_order_can_be_called_is_answered_200_and_forgotten(
    starting: Starting, content: bytes
) -> None:
    async with (
        starting(**hooked(free_port())) as bridge,
        httpx2.AsyncClient(base_url=bridge.client.base_url) as client,
    ):
        answer = await client.post(PATH, content=content, headers={"key": SECRET})
        assert answer.status_code == 200
        assert await hints(bridge) == 0


async def test_a_state_that_none_is_called_is_no_state(starting: Starting) -> None:
    content = rb'{"OrderId": "1-01", "State": "\ud800"}'
    async with (
        starting(**hooked(free_port())) as bridge,
        httpx2.AsyncClient(base_url=bridge.client.base_url) as client,
    ):
        assert (await client.post(PATH, content=content, headers={"key": SECRET})).status_code == 200
        assert await hints(bridge) == 1


async def test_what_the_hook_lost_is_found_by_the_list(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    """VTEX had dropped it, or the database was away, long after both sweeps of a new hook."""
    async with starting(**hooked(free_port(), hook_check_seconds=3600)):
        await registered(shop)
        await as_staff(shop, "DELETE", CONFIG)
        await asyncio.sleep(1.5)
        order = await bought(shop)
        await handled(shop, order)
    assert len(erp.callbacks) == 1
