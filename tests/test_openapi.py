"""Our OpenAPI: what an integrator reads at /docs, and what is in the repository."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.application import openapi_document
from app.api.problems import MEDIA_TYPE, TYPES
from app.changes import KINDS
from app.keys import Scope
from tests.api.intake import open_intake

EXPORTED = Path(__file__).parent.parent / "openapi" / "openapi.json"
DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
CHANGE_STATUSES = {"202", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503"}

each_kind = pytest.mark.parametrize("kind", KINDS)
each_operation = pytest.mark.parametrize(
    "operation", [operation for _, operation in OPERATIONS], ids=[name for name, _ in OPERATIONS]
)


def route(kind: str) -> dict[str, Any]:
    operation: dict[str, Any] = DOCUMENT["paths"][f"/v1/changes/{kind}"]["post"]
    return operation


def content(kind: str) -> dict[str, Any]:
    body: dict[str, Any] = route(kind)["requestBody"]["content"]["application/json"]
    return body


def test_the_exported_document_is_todays() -> None:
    assert json.loads(EXPORTED.read_text(encoding="utf-8")) == DOCUMENT, "run `make openapi`"


def test_it_is_valid_openapi_31() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(SCHEMAS)
    assert "ProblemDocument" in names


@each_kind
def test_a_kinds_body_is_one_change_or_an_array_of_them(kind: str) -> None:
    reference = {"$ref": f"#/components/schemas/{KINDS[kind].change.__name__}"}
    many = {"type": "array", "items": reference, "minItems": 1, "maxItems": 1000}
    assert content(kind)["schema"] == {"oneOf": [reference, many]}
    assert route(kind)["requestBody"]["required"] is True
    assert SCHEMAS[KINDS[kind].change.__name__]["additionalProperties"] is False


@each_kind
def test_a_kind_says_in_words_what_it_is(kind: str) -> None:
    assert len(route(kind)["description"].split()) > 5
    assert kind in route(kind)["summary"]


@each_kind
def test_a_kinds_required_fields_are_described(kind: str) -> None:
    schema = SCHEMAS[KINDS[kind].change.__name__]
    bare = [
        name
        for name in schema["required"]
        if not {"description", "examples", "items"} & set(schema["properties"][name])
    ]
    assert bare == []


@each_kind
async def test_a_kinds_example_is_accepted(kind: str, migrated_sqlite_url: str) -> None:
    async with open_intake(migrated_sqlite_url) as intake:
        answer = await intake.post(kind, content(kind)["example"])
    assert answer.status_code == 202, answer.text


@each_kind
def test_a_kinds_answers_are_all_declared(kind: str) -> None:
    rehearsed = {"200"} if KINDS[kind].fold else set()
    assert set(route(kind)["responses"]) == CHANGE_STATUSES | rehearsed
    parameters = {each["name"]: each.get("description") for each in route(kind)["parameters"]}
    assert all(parameters[name] for name in ("idempotency-key", "webhook-id"))


@each_operation
def test_an_operation_has_a_summary_of_ours(operation: dict[str, Any]) -> None:
    # FastAPI's own would be the function's name.
    assert operation["summary"] != operation["operationId"].partition("_v1")[0].replace("_", " ").title()
    assert operation["description"]


@each_operation
def test_an_operations_errors_are_problem_documents(operation: dict[str, Any]) -> None:
    errors = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
    assert {"401", "403", "422", "429", "500", "503"} <= set(errors)
    for answer in errors.values():
        assert answer["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    assert all("Retry-After" in errors[status]["headers"] for status in ("429", "503"))


@each_operation
def test_an_operation_needs_a_key_with_one_scope(operation: dict[str, Any]) -> None:
    first, *others = operation["security"]
    [scope] = first["HTTPBearer"]
    assert scope in set(Scope) - {Scope.ADMIN}
    assert others == ([{"StandardWebhooks": []}] if scope == Scope.CHANGES_WRITE else [])


def test_the_callback_names_its_headers_and_what_each_answer_means() -> None:
    callback = DOCUMENT["webhooks"]["order"]["post"]
    headers = {each["name"]: each for each in callback["parameters"]}
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert all(each["required"] and each["description"] for each in headers.values())
    assert set(callback["responses"]) == {"200", "401", "404", "409", "410", "429", "4XX", "5XX"}
    assert callback["security"] == []


def test_every_part_of_an_order_may_be_null_but_its_id_and_status() -> None:
    order = SCHEMAS["Order"]["properties"]
    never_null = {name for name, schema in order.items() if schema.get("type") == "string"}
    assert never_null == {"id", "status"}
    assert set(SCHEMAS["Order"]["required"]) == set(order)


@pytest.mark.parametrize("slug", TYPES)
def test_a_problem_type_has_a_title_and_an_error_status(slug: str) -> None:
    status, title = TYPES[slug]
    assert title[0].isupper()
    assert 400 <= status < 600


def test_no_value_is_shown_where_absence_means_no_opinion() -> None:
    shown = {
        f"{name}.{field}": schema["default"]
        for name, properties in SCHEMAS.items()
        for field, schema in properties.get("properties", {}).items()
        if "default" in schema
    }
    states = {kind.change.__name__ for kind in KINDS.values() if kind.fold is not None}
    assert [name for name in shown if name.partition(".")[0] in states] == []
    # What is left says what is really sent.
    assert all(shown.values())


async def test_the_document_and_its_page_come_from_the_package(migrated_sqlite_url: str) -> None:
    async with open_intake(migrated_sqlite_url) as intake:
        assert (await intake.client.get("/openapi.json")).json() == DOCUMENT
        page = (await intake.client.get("/docs")).text
        assert 'src="/static/swagger-ui-bundle.js"' in page
        assert "http" not in page.replace("http://bridge", "")
        for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert (await intake.client.get(f"/static/{name}")).status_code == 200
