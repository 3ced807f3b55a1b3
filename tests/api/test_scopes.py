"""What a key may do: each operation takes the one scope that its OpenAPI names, and admin."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from uuid_utils.compat import uuid7

from app.api.application import openapi_document
from app.keys import Scope
from app.queue.lanes import NewEvent, Submission
from tests.api.intake import PRICE, Intake, bearer, problem

OPERATIONS = [
    (method.upper(), path, operation["security"][0]["HTTPBearer"][0])
    for path, methods in openapi_document()["paths"].items()
    for method, operation in methods.items()
]
VALUES = {"event_id": str(uuid4()), "order_id": "1-01", "kind": "price", "key": "1"}


async def asked(intake: Intake, method: str, path: str, key: str) -> httpx2.Response:
    body: dict[str, Any] = {"json": []} if "/changes/" in path else {}
    return await intake.client.request(method, path.format(**VALUES), headers=bearer(key), **body)


async def test_an_operation_refuses_every_scope_but_its_own_and_names_it(intake_on_sqlite: Intake) -> None:
    keys = {scope: await intake_on_sqlite.keys.create("acme", scopes=[scope]) for scope in Scope}
    for method, path, needed in OPERATIONS:
        for scope, key in keys.items():
            answer = await asked(intake_on_sqlite, method, path, key)
            if scope in {needed, Scope.ADMIN}:
                assert answer.status_code not in {401, 403}, (method, path, scope)
                continue
            assert problem(answer, "forbidden")["detail"] == (
                f"this key lacks the scope {needed}; make one that has it:"
                f" `bridge keys create acme --scope {needed}`"
            )


async def test_a_missing_scope_is_told_whether_the_thing_exists_or_not(intake_on_sqlite: Intake) -> None:
    [event_id] = await intake_on_sqlite.ids("price", PRICE)
    key = await intake_on_sqlite.keys.create("acme", scopes=[Scope.CHANGES_WRITE])
    for each in (event_id, str(uuid4())):
        answer = await intake_on_sqlite.client.get(f"/v1/events/{each}", headers=bearer(key))
        problem(answer, "forbidden")


async def test_a_missing_scope_stores_nothing(intake_on_sqlite: Intake) -> None:
    key = await intake_on_sqlite.keys.create("acme", scopes=[Scope.EVENTS_READ])
    problem(await intake_on_sqlite.post("price", PRICE, **bearer(key)), "forbidden")
    assert (await intake_on_sqlite.stored())["event"] == 0


async def test_a_key_without_a_word_of_scopes_may_do_all_that_there_is(intake_on_sqlite: Intake) -> None:
    key = await intake_on_sqlite.keys.create("acme")
    for method, path, _ in OPERATIONS:
        answer = await asked(intake_on_sqlite, method, path, key)
        assert answer.status_code not in {401, 403}, (method, path)


@pytest.mark.parametrize("scopes", [[Scope.EVENTS_READ], [Scope.EVENTS_READ, Scope.ORDERS_READ]])
async def test_the_content_of_an_order_needs_the_scope_of_orders_too(
    intake_on_sqlite: Intake, scopes: list[Scope]
) -> None:
    event = NewEvent(uuid7(), "order", "1-01", "order:1-01", 0, {"order": {"id": "1-01"}}, None)
    await intake_on_sqlite.store.accept(Submission("acme", (event,)))
    key = await intake_on_sqlite.keys.create("acme", scopes=scopes)
    answer = await intake_on_sqlite.client.get(f"/v1/events/{event.id}", headers=bearer(key))
    if Scope.ORDERS_READ in scopes:
        assert answer.json()["payload"] == {"order": {"id": "1-01"}}
    else:
        assert "lacks the scope orders:read" in problem(answer, "forbidden")["detail"]
