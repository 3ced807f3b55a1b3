"""Faults on order: over a real connection where a connection breaks."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import KEYS, PRODUCT, Shop

PRODUCTS = "/api/catalog/pvt/product"


@pytest.fixture
async def server(sandbox: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """The sandbox behind uvicorn on a free port."""
    server = uvicorn.Server(uvicorn.Config(sandbox, port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=KEYS) as client:
        yield client
    server.should_exit = True
    await task


async def _inflict(client: httpx2.AsyncClient, **rule: object) -> None:
    answer = await client.post("/sandbox/faults", json={"path_regex": "/product", **rule})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "explode"},
        {"action": "status", "pathregex": "/product"},
        {"action": "status", "path_regex": "("},
        {"action": "status", "times": "twice"},
    ],
)
async def test_a_wrong_rule_is_refused(vtex: httpx2.AsyncClient, rule: dict[str, object]) -> None:
    assert (await vtex.post("/sandbox/faults", json=rule)).status_code == 400


async def test_a_status_comes_instead_of_the_effect(
    vtex: httpx2.AsyncClient, state: Store, journal: Journal
) -> None:
    await _inflict(
        vtex, action="status", status=429, headers={"Retry-After": "3"}, body="slow down", method="POST"
    )
    answer = await vtex.post(PRODUCTS, json=PRODUCT)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (429, "slow down", "3")
    assert state.products == {}
    assert [entry["api"] for entry in journal.entries] == ["fault"]


async def test_a_status_after_comes_with_the_effect(
    vtex: httpx2.AsyncClient, state: Store, journal: Journal
) -> None:
    await _inflict(vtex, action="status_after", status=500)
    assert (await vtex.post(PRODUCTS, json=PRODUCT)).status_code == 500
    assert list(state.products) == [1]
    assert [(entry["api"], entry["status"]) for entry in journal.entries] == [
        ("fault", 500),
        ("catalog", 200),
    ]


async def test_a_rule_strikes_as_often_as_it_says(vtex: httpx2.AsyncClient) -> None:
    await _inflict(vtex, action="status", status=503, times=2)
    statuses = [(await vtex.get(f"{PRODUCTS}/1")).status_code for _ in range(3)]
    assert statuses == [503, 503, 404]


async def test_a_rule_without_times_strikes_until_it_is_removed(vtex: httpx2.AsyncClient) -> None:
    await _inflict(vtex, action="status", status=503, times=None)
    assert {(await vtex.get(f"{PRODUCTS}/1")).status_code for _ in range(3)} == {503}
    assert (await vtex.delete("/sandbox/faults")).json() == {"removed": 1}
    assert (await vtex.get(f"{PRODUCTS}/1")).status_code == 404


async def test_a_probable_rule_strikes_now_and_then(vtex: httpx2.AsyncClient) -> None:
    await _inflict(vtex, action="status", status=503, times=None, probability=0.5)
    statuses = {(await vtex.get(f"{PRODUCTS}/1")).status_code for _ in range(30)}
    assert statuses == {503, 404}


async def test_a_rule_spares_other_methods_and_paths(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product()
    await _inflict(vtex, action="status", method="PUT", times=None)
    assert (await vtex.get(f"{PRODUCTS}/1")).status_code == 200
    assert (await vtex.put("/api/catalog/pvt/brand/1", json={"Name": "Acme"})).status_code == 200


@pytest.mark.parametrize("action", ["delay_before", "delay_after", "late"])
async def test_a_delay_takes_its_time(vtex: httpx2.AsyncClient, action: str) -> None:
    await _inflict(vtex, action=action, seconds=0.05)
    start = time.monotonic()
    assert (await vtex.post(PRODUCTS, json=PRODUCT)).status_code == 200
    assert time.monotonic() - start >= 0.05


async def test_a_late_effect_comes_though_the_client_gave_up(
    server: httpx2.AsyncClient, state: Store
) -> None:
    await _inflict(server, action="late", seconds=0.3)
    with pytest.raises(httpx2.TimeoutException):
        await server.post(PRODUCTS, json=PRODUCT, timeout=0.1)
    assert state.products == {}
    await asyncio.sleep(0.5)
    assert list(state.products) == [1]


async def test_a_connection_breaks_before_the_effect(server: httpx2.AsyncClient, state: Store) -> None:
    await _inflict(server, action="reset_before")
    with pytest.raises(httpx2.TransportError):
        await server.post(PRODUCTS, json=PRODUCT)
    assert state.products == {}
    assert (await server.post(PRODUCTS, json=PRODUCT)).status_code == 200


async def test_a_connection_breaks_after_the_effect(server: httpx2.AsyncClient, state: Store) -> None:
    await _inflict(server, action="reset_after")
    with pytest.raises(httpx2.TransportError):
        await server.post(PRODUCTS, json=PRODUCT)
    assert list(state.products) == [1]


async def test_a_broken_connection_is_no_error_of_the_server(
    server: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await _inflict(server, action="reset_after")
    with pytest.raises(httpx2.TransportError):
        await server.post(PRODUCTS, json=PRODUCT)
    assert caplog.records == []


async def test_in_process_a_broken_connection_raises(vtex: httpx2.AsyncClient) -> None:
    await _inflict(vtex, action="reset_before")
    with pytest.raises(ConnectionResetError):
        await vtex.get(f"{PRODUCTS}/1")


async def test_the_connection_breaks_the_same_for_the_erp(server: httpx2.AsyncClient) -> None:
    await server.post("/sandbox/faults", json={"action": "reset_before", "path_regex": "^/erp/"})
    with pytest.raises(httpx2.TransportError):
        await server.post("/erp/orders", json={})


async def test_prices_of_an_account_named_sandbox_can_be_faulted(vtex: httpx2.AsyncClient) -> None:
    await _inflict(vtex, action="status", status=429, path_regex="/pricing/")
    answer = await vtex.get("/sandboxstore/pricing/prices/1", headers=KEYS)
    assert answer.status_code == 429
