"""?dry_run=true shows the calls to VTEX that a change would make, makes none and stores nothing."""

import inspect
from typing import Any

import pytest

from app.bindings import Bindings
from app.changes import KINDS
from app.rehearsal.stage import SeedingBindings
from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, deliver, sku_in_store
from tests.running import RunningBridge, RunningSandbox

EXPRESS: dict[str, Any] = {"mode": "express", "defaults": {"category_id": 7, "brand_id": 8}}
STATES = [kind.name for kind in KINDS.values() if kind.fold is not None]


def test_all_that_writes_bindings_stays_on_the_stage() -> None:
    writing = {name for name, each in vars(Bindings).items() if "_database.write(" in _source(each)}
    assert {"bind", "finish", "forget"} <= writing
    assert writing <= set(vars(SeedingBindings))


def _source(member: Any) -> str:
    return inspect.getsource(member) if inspect.isfunction(member) else ""


async def rehearse(bridge: RunningBridge, kind: str, change: Any) -> dict[str, Any]:
    answer = await bridge.client.post(f"/v1/changes/{kind}?dry_run=true", json=change)
    assert answer.status_code == 200, answer.text
    assert "sandbox-key" not in answer.text
    assert "sandbox-token" not in answer.text
    [told] = answer.json()["rehearsals"]
    found: dict[str, Any] = told
    return found


async def stored(bridge: RunningBridge) -> int:
    return len((await bridge.client.get("/v1/events")).json()["events"])


async def requests(sandbox: RunningSandbox) -> int:
    return len((await sandbox.client.get("/sandbox/journal")).json())


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("dry_run=yes", "dry_run must be true or false"),
        ("dry_run=", "dry_run must be true or false"),
        ("dry_run=true&dry_run=false", "dry_run must be true or false"),
        ("dryrun=true", "dryrun is no parameter here; the parameters are dry_run"),
    ],
)
async def test_a_wrong_parameter_is_refused_and_nothing_stored(
    starting: Starting, query: str, detail: str
) -> None:
    async with starting() as bridge:
        answer = await bridge.client.post(f"/v1/changes/product?{query}", json=PRODUCT)
        assert (answer.status_code, answer.json()["detail"]) == (422, detail)
        assert await stored(bridge) == 0


async def test_a_mistake_is_named_as_without_it(starting: Starting) -> None:
    async with starting() as bridge:
        wrong = {"sku": "S1", "warehouse": "1_1", "quantity": -1}
        rehearsed = await bridge.client.post("/v1/changes/stock?dry_run=true", json=wrong)
        real = await bridge.client.post("/v1/changes/stock", json=wrong)
        assert (rehearsed.status_code, rehearsed.json()) == (real.status_code, real.json())
        unauthorized = await bridge.client.post(
            "/v1/changes/stock?dry_run=true", json=wrong, headers={"Authorization": "Bearer no"}
        )
        assert unauthorized.status_code == 401


async def test_facts_and_long_arrays_are_not_rehearsed(starting: Starting) -> None:
    async with starting() as bridge:
        fact = await bridge.client.post("/v1/changes/invoice?dry_run=true", json=KINDS["invoice"].example)
        many = await bridge.client.post("/v1/changes/product?dry_run=true", json=[PRODUCT] * 21)
    assert "an invoice is a fact" in fact.text.replace("a invoice", "an invoice")
    assert (many.status_code, "send at most 20" in many.text) == (422, True)


@pytest.mark.parametrize("mode", ["complete", "express"])
@pytest.mark.parametrize("kind", STATES)
async def test_every_kinds_example_is_rehearsed_without_a_request_or_an_event(
    starting: Starting, sandbox: RunningSandbox, catalog: str, mode: str, kind: str
) -> None:
    vtex = {"catalog": catalog, **(EXPRESS if mode == "express" else {})}
    async with starting(vtex=vtex) as bridge:
        told = await rehearse(bridge, kind, KINDS[kind].example)
        assert await stored(bridge) == 0
    assert (told["kind"], told["mode"], told["catalog"]) == (kind, mode, catalog)
    # In express mode a specification is the store's team's, and the reason says so.
    assert told["would"] in {"create", "update", "wait"} or "express_owns" in told["reason"]
    assert await requests(sandbox) == 0


async def test_what_is_missing_would_be_waited_for(starting: Starting) -> None:
    async with starting() as bridge:
        told = await rehearse(bridge, "sku", SKU)
    assert told["would"] == "wait"
    assert "product P1 is not in VTEX yet" in told["reason"]
    assert all(call["reads"] for call in told["calls"])


async def test_what_vtex_would_refuse_is_told(starting: Starting) -> None:
    async with starting() as bridge:
        told = await rehearse(bridge, "product", {"code": "P1", "title": "Vaso"})
    assert told["would"] == "refused"
    assert "to create it, send also: name" in told["reason"]


async def test_a_creation_shows_its_request_and_the_defaults(starting: Starting, catalog: str) -> None:
    async with starting(vtex=EXPRESS | {"catalog": catalog}) as bridge:
        told = await rehearse(bridge, "product", PRODUCT | {"active": True})
    assert told["would"] == "create"
    assert told["defaults"] == {"category_id": 7, "brand_id": 8, "active": False}
    assert told["left_to_the_team"] == []
    [write] = [call for call in told["calls"] if not call["reads"]]
    if catalog == "rest":
        assert write["url"].endswith("/api/catalog/pvt/product")
        assert (write["body"]["BrandId"], write["body"]["IsActive"]) == (8, False)
    else:
        assert "ProductInsertUpdate" in write["body"]
        assert "BrandId" in write["body"]
        assert ">8</" in write["body"]


async def test_an_update_in_express_mode_shows_what_is_left_to_the_team(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    express = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}, "catalog": catalog}
    async with starting(vtex=express) as bridge:
        await sku_in_store(bridge)
        before = await requests(sandbox)
        told = await rehearse(bridge, "sku", SKU | {"name": "Renamed", "packaged_weight": "9"})
        assert await requests(sandbox) == before
    assert told["would"] == "update"
    assert "name" in told["left_to_the_team"]
    assert "packaged_weight" in told["owned"]
    [write] = [call for call in told["calls"] if not call["reads"]]
    assert "Renamed" not in str(write["body"])
    assert "9000" in str(write["body"])


async def test_what_vtex_acknowledged_last_would_do_nothing(starting: Starting) -> None:
    async with starting() as bridge:
        await deliver(bridge, "product", PRODUCT)
        told = await rehearse(bridge, "product", PRODUCT)
    assert (told["would"], told["calls"]) == ("nothing", [])


async def test_what_a_change_would_leave_for_others_is_not_stored(starting: Starting, catalog: str) -> None:
    async with starting(vtex={"catalog": catalog}) as bridge:
        await sku_in_store(bridge)
        before = await stored(bridge)
        await rehearse(bridge, "product", {"code": "P1", "active": False})
        await rehearse(bridge, "image", {"sku": "S1", "images": [{"url": "https://example.com/a.jpg"}]})
        await rehearse(bridge, "image", {"sku": "S1", "images": []})
        assert await stored(bridge) == before


async def test_the_sum_of_all_changes_is_rehearsed(starting: Starting) -> None:
    async with starting() as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "price", {"sku": "S1", "base": "10.00", "list_price": "12.00"})
        told = await rehearse(bridge, "price", {"sku": "S1", "base": "11.00"})
    [write] = [call for call in told["calls"] if not call["reads"]]
    assert (write["method"], write["body"]["basePrice"], write["body"]["listPrice"]) == ("PUT", 11, 12)
    assert told["owned"] == ["base", "sku"]
