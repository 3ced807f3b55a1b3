"""A request that is not understood: a problem document that says the fix, and nothing stored."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from app.changes import KINDS
from app.queue.models import Status
from tests.api.intake import INVOICE, MOST_BYTES, NOTHING, PRICE, STOCK, Intake, bearer, problem
from tests.running import listening


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body is empty; send a JSON object or an array of them"),
        (b"  \n", "the body is empty; send a JSON object or an array of them"),
        (b"sku=1", "the body is not valid JSON: expected value at line 1 column 1"),
        (b'{"sku": "1",\n "base": }', "the body is not valid JSON: expected value at line 2 column 10"),
        (b'{"sku": "1"', "the body is not valid JSON: EOF while parsing an object at line 1 column 11"),
        (b'[{"sku": "1"}, ', "the body is not valid JSON: EOF while parsing a value"),
        (b'{"sku": "\xe7", "base": 1}', "the body is not UTF-8 (byte 9); send JSON in UTF-8"),
        (b'\xef\xbb\xbf{"sku": "1"}', "the body begins with a byte order mark; send UTF-8 without it"),
        (b'{"sku": "\\ud800", "base": 1}', "the body is not valid JSON: unexpected end of hex escape"),
        (b'{"sku": "a\\udc00", "base": 1}', "the body is not valid JSON: "),
        (b"[" * 100_000, "the body is not valid JSON: recursion limit exceeded"),
        (b'{"sku": ' + b'{"a": ' * 10_000 + b"1" + b"}" * 10_001, "the body is not valid JSON: recursion"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_cannot_be_read_is_refused(
    intake_on_sqlite: Intake, body: bytes, detail: str
) -> None:
    answer = await intake_on_sqlite.post_raw("price", body, Idempotency_Key="k")
    document = problem(answer, "invalid-body")
    assert document["detail"].startswith(f"nothing was stored; {detail}")
    assert [each["pointer"] for each in document["errors"]] == [""]
    assert await intake_on_sqlite.stored() == NOTHING


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "application/x-www-form-urlencoded; send "),
        ({"Content-Type": "text/xml; charset=utf-8"}, "declared as text/xml; send application/json"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "encoded as gzip; send it as"),
    ],
)
async def test_a_body_of_another_type_is_refused(
    intake_on_sqlite: Intake, headers: dict[str, str], detail: str
) -> None:
    answer = await intake_on_sqlite.post_raw("price", json.dumps(PRICE).encode(), **headers)
    assert detail in problem(answer, "unsupported-media-type")["detail"]
    assert await intake_on_sqlite.stored() == NOTHING


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=utf-8", "text/json+json"])
async def test_a_body_that_is_declared_as_json_is_accepted(intake_on_sqlite: Intake, media: str) -> None:
    answer = await intake_on_sqlite.post_raw("price", json.dumps(PRICE).encode(), Content_Type=media)
    assert answer.status_code == 202


async def _parts() -> AsyncIterator[bytes]:
    yield b"["
    for _ in range(MOST_BYTES // 1000 + 1):
        yield b" " * 1000


@pytest.mark.parametrize("way", ["declared", "chunked"])
async def test_a_body_that_is_too_large_is_refused(intake_on_sqlite: Intake, way: str) -> None:
    async with listening(intake_on_sqlite.app) as url, httpx2.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{url}/v1/changes/price",
            content=_parts() if way == "chunked" else b"[" + b" " * MOST_BYTES,
            headers=intake_on_sqlite.client.headers,
        )
    detail = f"the body has more than {MOST_BYTES} bytes; send fewer changes at once"
    assert problem(answer, "too-large")["detail"] == detail
    assert await intake_on_sqlite.stored() == NOTHING


async def test_a_body_of_exactly_the_limit_is_accepted(intake_on_sqlite: Intake) -> None:
    body = json.dumps(PRICE).encode().ljust(MOST_BYTES)
    assert (await intake_on_sqlite.post_raw("price", body)).status_code == 202


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
@pytest.mark.parametrize(("value", "rule"), [("", "not be empty"), ("k" * 256, "have at most 255")])
async def test_an_idempotency_key_of_the_wrong_length_is_refused(
    intake_on_sqlite: Intake, header: str, value: str, rule: str
) -> None:
    answer = await intake_on_sqlite.post("price", PRICE, **{header: value})
    [mistake] = problem(answer, "invalid-request")["errors"]
    name = header.lower()
    assert mistake["pointer"] == f"/header/{name}"
    assert mistake["detail"].startswith(f"{name} must {rule}")
    assert await intake_on_sqlite.stored() == NOTHING


async def test_an_unknown_kind_lists_the_kinds(intake_on_sqlite: Intake) -> None:
    detail = problem(await intake_on_sqlite.post("prices", PRICE), "unknown-kind")["detail"]
    assert detail.startswith(f"there is no kind 'prices'; the kinds are {', '.join(KINDS)}")


async def test_an_unknown_kind_tells_nothing_without_a_key(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.client.post("/v1/changes/prices", headers={"Authorization": ""})
    assert "price," not in problem(answer, "unauthorized")["detail"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/changes/price"), ("DELETE", "/v1/events")])
async def test_another_method_is_refused_and_the_possible_one_named(
    intake_on_sqlite: Intake, method: str, path: str
) -> None:
    answer = await intake_on_sqlite.client.request(method, path)
    possible = "GET" if path == "/v1/events" else "POST"
    assert answer.headers["allow"] == possible
    detail = problem(answer, "method-not-allowed")["detail"]
    assert detail == f"{method} {path} is not possible here, only {possible}"


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/changes/price", "/v1/changes", "/v1/changes/price/7"])
async def test_an_unknown_path_points_to_the_documentation(intake_on_sqlite: Intake, path: str) -> None:
    answer = await intake_on_sqlite.client.get(path)
    detail = problem(answer, "not-found")["detail"]
    assert detail == f"there is nothing at GET {path}; the API is described at /docs"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/orders/1-01"), ("POST", "/v1/orders/1-01/import"), ("POST", "/v1/orders/1-01/resend")],
)
async def test_a_parameter_where_there_are_none_is_refused(
    intake_on_sqlite: Intake, method: str, path: str
) -> None:
    answer = await intake_on_sqlite.client.request(method, f"{path}?force=true")
    [mistake] = problem(answer, "invalid-request")["errors"]
    assert mistake["pointer"] == "/query/force"
    assert mistake["detail"] == "force is no parameter here; there are none"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("status=done", f"status must be {', '.join(repr(str(each)) for each in Status)[:40]}"),
        ("status=", "status must be 'accepted', 'waiting'"),
        ("stauts=failed", "stauts is no parameter here; the parameters are kind, key, status, since, cu"),
        ("since=yesterday", "since must be a date and time with its zone, such as 2026-01-31T10:00:00Z"),
        ("since=2026-01-31T10:00:00", "since must be a date and time with its zone"),
        ("since=2026-01-31T10:00:00+01:00", "since must be a date and time with its zone"),
        ("cursor=7", "cursor must be an id, such as"),
        ("limit=0", "limit must be at least 1"),
        ("limit=501", "limit must be at most 500"),
        ("limit=many", "limit must be a whole number, such as 25"),
    ],
)
async def test_a_wrong_filter_is_named_with_its_fix(
    intake_on_sqlite: Intake, query: str, detail: str
) -> None:
    [mistake] = problem(await intake_on_sqlite.client.get(f"/v1/events?{query}"), "invalid-request")["errors"]
    assert mistake["pointer"] == f"/query/{query.partition('=')[0]}"
    assert mistake["detail"].startswith(detail)


async def test_a_plus_in_an_address_is_explained(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.client.get("/v1/events?since=2026-01-31T10:00:00+01:00")
    assert problem(answer, "invalid-request")["detail"].endswith("(in an address, write + as %2B)")


async def test_an_event_id_that_is_none_is_refused(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.client.get("/v1/events/7")
    [mistake] = problem(answer, "invalid-request")["errors"]
    assert mistake["pointer"] == "/path/event_id"
    assert mistake["detail"].startswith("event_id must be an id, such as")


async def test_each_problem_type_can_be_looked_up(intake_on_sqlite: Intake) -> None:
    type_of = (await intake_on_sqlite.post("price", {})).json()["type"]
    answer = await intake_on_sqlite.client.get(type_of)
    assert answer.json() == {"type": type_of, "status": 422, "title": "The change is not valid"}
    problem(await intake_on_sqlite.client.get("/problems/none"), "not-found")


async def test_a_refused_request_leaves_the_next_one_unharmed(intake: Intake) -> None:
    for kind, change in (("price", PRICE), ("stock", STOCK), ("invoice", INVOICE)):
        problem(await intake.post(kind, {**change, "x": 1}), "invalid-change")
        assert (await intake.post(kind, change)).status_code == 202
    assert await intake.stored() == {"event": 3, "lane": 3, "idempotency_key": 0}


async def test_blanks_around_a_text_are_trimmed(intake: Intake) -> None:
    answer = await intake.post("product", {"code": " 12 ", "name": "Vaso \n", "title": "  "})
    [event] = answer.json()["events"]
    assert event["key"] == "12"
    payload = (await intake.client.get(f"/v1/events/{event['id']}")).json()["payload"]
    assert payload == {"code": "12", "name": "Vaso", "title": ""}


async def test_letters_beyond_ascii_are_kept(intake: Intake) -> None:
    name = "Vaso à mão 🏺 \ufffd"
    [event_id] = await intake.ids("product", {"code": "Ç-1", "name": name})
    event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert event["payload"]["name"] == name
    [found] = (await intake.client.get("/v1/events", params={"key": "Ç-1"})).json()["events"]
    assert found["id"] == event_id


async def test_no_key_is_asked_for_by_its_header(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("price", PRICE, Authorization="")
    assert problem(answer, "unauthorized")["detail"] == "send the header `Authorization: Bearer <key>`"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_keys_are_checked_before_the_body(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.client.post("/v1/changes/price", content=b"{", headers=bearer("evb_x"))
    problem(answer, "unauthorized")
