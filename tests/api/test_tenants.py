"""No connection sees, changes or guesses what is another's: every route, with every kind of id.

A route that has no case here fails the first test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.api.application import openapi_document
from app.changes import KINDS
from app.orders.erasure import ErasedOrders
from app.orders.hints import Hint, Hints
from app.queue.lanes import NewEvent, Submission
from tests.api.intake import Intake, bearer, open_intake, problem

#: No entity, event or order has it.
UNKNOWN = "9-99"
ORDER = "1-01"
PAYLOAD = {"order": {"id": ORDER, "status": "invoiced", "total": "110.00", "items": []}}


@dataclass
class Shared:
    """An installation with all kinds of things of acme's; `ask` is somebody else."""

    intake: Intake
    #: Of each kind of change, and `order`.
    events: dict[str, UUID]
    keys: dict[str, str]

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = bearer(self.intake.other_key) | more.pop("headers", {})
        return await self.intake.client.request(method, path, headers=headers, **more)

    async def refused_alike(self, method: str, path: str, theirs: str, unknown: str) -> None:
        """What exists for another looks like what does not exist at all, but for the id itself."""
        found = problem(await self.ask(method, path.format(theirs)), "not-found")
        missing = problem(await self.ask(method, path.format(unknown)), "not-found")
        assert found["detail"].replace(theirs, unknown) == missing["detail"]


@pytest.fixture
async def shared(migrated_sqlite_url: str) -> AsyncIterator[Shared]:
    async with open_intake(migrated_sqlite_url, reads_orders=("acme", "other")) as intake:
        events, keys = {}, {}
        for kind in KINDS.values():
            answer = await intake.post(kind.name, kind.example, idempotency_key="shared")
            [event] = answer.json()["events"]
            events[kind.name], keys[kind.name] = UUID(event["id"]), event["key"]
        order = NewEvent(uuid7(), "order", ORDER, f"order:{ORDER}", 0, PAYLOAD, None)
        await intake.store.accept(Submission("acme", (order,)))
        events["order"], keys["order"] = order.id, ORDER
        await Hints(intake.store.database, "acme").put([Hint("2-01", None)])
        yield Shared(intake, events, keys)


async def changes(shared: Shared) -> None:
    """The same codes and the same idempotency key are another's own."""
    before = await _of(shared, "acme")
    for kind in KINDS.values():
        answer = await shared.ask(
            "POST", f"/v1/changes/{kind.name}", json=kind.example, headers={"Idempotency-Key": "shared"}
        )
        [event] = answer.json()["events"]
        assert UUID(event["id"]) != shared.events[kind.name]
    assert await _of(shared, "acme") == before
    assert len(await _of(shared, "other")) == len(KINDS)


async def listed_events(shared: Shared) -> None:
    filters = [{}, {"status": "accepted"}, {"cursor": str(uuid7())}]
    filters += [{"kind": kind, "key": key} for kind, key in shared.keys.items()]
    for each in filters:
        assert (await shared.ask("GET", "/v1/events", params=each)).json()["events"] == [], each


async def one_event(shared: Shared) -> None:
    for event_id in shared.events.values():
        await shared.refused_alike("GET", "/v1/events/{}", str(event_id), str(uuid4()))


async def replayed_event(shared: Shared) -> None:
    before = await _of(shared, "acme")
    for event_id in shared.events.values():
        await shared.refused_alike("POST", "/v1/events/{}/replay", str(event_id), str(uuid4()))
    assert await _of(shared, "acme") == before


async def entity(shared: Shared) -> None:
    for kind, key in shared.keys.items():
        await shared.refused_alike("GET", f"/v1/entities/{kind}/{{}}", key, UNKNOWN)


async def listed_orders(shared: Shared) -> None:
    for query in ({}, {"cursor": 2**62}):
        assert (await shared.ask("GET", "/v1/orders", params=query)).json()["orders"] == []


async def one_order(shared: Shared) -> None:
    await ErasedOrders(shared.intake.store.database, "acme").mark("3-01", shared.intake.store.clock())
    for order in (ORDER, "2-01", "3-01"):
        await shared.refused_alike("GET", "/v1/orders/{}", order, UNKNOWN)


async def imported_order(shared: Shared) -> None:
    """It is asked of the other's own store, whatever became of an order of that id elsewhere."""
    database = shared.intake.store.database
    await ErasedOrders(database, "acme").mark(ORDER, shared.intake.store.clock())
    for order in (ORDER, UNKNOWN):
        assert (await shared.ask("POST", f"/v1/orders/{order}/import")).status_code == 202
    assert await Hints(database, "acme").find(ORDER) is None
    assert await Hints(database, "other").find(ORDER) is not None


async def resent_order(shared: Shared) -> None:
    before = await _of(shared, "acme")
    await shared.refused_alike("POST", "/v1/orders/{}/resend", ORDER, UNKNOWN)
    assert await _of(shared, "acme") == before


async def hook(shared: Shared) -> None:
    """No key opens it, only a secret of its own (tests/orders/test_hook.py)."""
    problem(await shared.ask("POST", "/v1/vtex/hook/orders", json={"OrderId": ORDER}), "unauthorized")


async def unknown_kind(shared: Shared) -> None:
    problem(await shared.ask("POST", "/v1/changes/nothing", json={}), "unknown-kind")


CASES: dict[str, Callable[[Shared], Awaitable[None]]] = {
    **{f"POST /v1/changes/{kind}": changes for kind in KINDS},
    "POST /v1/changes/{kind}": unknown_kind,
    "GET /v1/events": listed_events,
    "GET /v1/events/{event_id}": one_event,
    "POST /v1/events/{event_id}/replay": replayed_event,
    "GET /v1/entities/{kind}/{key}": entity,
    "GET /v1/orders": listed_orders,
    "GET /v1/orders/{order_id}": one_order,
    "POST /v1/orders/{order_id}/import": imported_order,
    "POST /v1/orders/{order_id}/resend": resent_order,
    "POST /v1/vtex/hook/orders": hook,
}
HIDDEN = {"POST /v1/changes/{kind}", "POST /v1/vtex/hook/orders"}
#: Of nobody: the process's own health and what describes the API.
OPEN = {"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/problems/{slug}", "/static"}


async def _of(shared: Shared, connection: str) -> list[Any]:
    query = text(
        "SELECT e.id, e.status, l.due_at, l.resend FROM event e JOIN lane l ON l.id = e.lane_id"
        " WHERE e.connection = :name ORDER BY e.id"
    )
    async with shared.intake.store.database.read() as transaction:
        return [tuple(row) for row in await transaction.execute(query, {"name": connection})]


def test_every_operation_of_the_openapi_has_a_case() -> None:
    operations = {
        f"{method.upper()} {path}"
        for path, methods in openapi_document()["paths"].items()
        for method in methods
    }
    assert operations | HIDDEN == set(CASES)


async def test_every_route_that_is_served_has_a_case_or_is_open_to_all(intake_on_sqlite: Intake) -> None:
    served = set(_routes(intake_on_sqlite.app.routes))
    assert {name for name in served if name.partition(" ")[2] not in OPEN} == set(CASES)


def _routes(routes: Any) -> Iterator[str]:
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute):
            yield from (f"{method} {route.path_format}" for method in route.methods or ())
        else:
            yield f"GET {route.path}"


@pytest.mark.parametrize("case", list(dict.fromkeys(CASES.values())))
async def test_what_is_anothers_is_not_there(
    shared: Shared, case: Callable[[Shared], Awaitable[None]]
) -> None:
    await case(shared)
