"""The recorder sees every request to VTEX's paths and changes none."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.contract.recorder import ContractRecorder, Message, Receive, Scope, Send
from tests.contract.rest import RestContract
from tests.contract.soap import SoapContract
from tests.contract.test_rest import HEADERS, PRICE
from tests.contract.test_soap import ACTION, envelope, request

SOAP_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": ACTION,
    "Authorization": "Basic a2V5OnQ=",
}
SERVICE = "/AdminWebService/Service.svc"


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def recorder(rest_contract: RestContract, soap_contract: SoapContract) -> ContractRecorder:
    return ContractRecorder(echo, rest_contract, soap_contract)


@pytest.fixture
async def client(recorder: ContractRecorder) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=recorder)
    async with httpx2.AsyncClient(transport=transport, base_url="http://vtex") as client:
        yield client


async def test_a_violation_is_recorded_and_the_request_answered(
    recorder: ContractRecorder, client: httpx2.AsyncClient
) -> None:
    answer = await client.put(PRICE, content=b'{"basePrise": 1}', headers=HEADERS)

    assert answer.content == b'{"basePrise": 1}'
    assert recorder.checked == 1
    assert [
        text for text in recorder.violations if "'basePrise' was unexpected" in text
    ] == recorder.violations
    assert len(recorder.violations) == 1


@pytest.mark.parametrize(
    "target", ["/api/nowhere", "/nowhere", "/acme/pricing/nowhere", "/api/orders/feed?x=1"]
)
async def test_an_unknown_target_is_recorded(
    recorder: ContractRecorder, client: httpx2.AsyncClient, target: str
) -> None:
    await client.get(target, headers=HEADERS)

    assert len(recorder.violations) == 1


@pytest.mark.parametrize("missing", SOAP_HEADERS)
async def test_a_soap_request_without_its_headers_is_recorded(
    recorder: ContractRecorder, client: httpx2.AsyncClient, missing: str
) -> None:
    headers = {name: value for name, value in SOAP_HEADERS.items() if name != missing}
    await client.post(SERVICE, content=envelope(request()), headers=headers)

    assert len(recorder.violations) == 1


async def test_an_invalid_envelope_is_recorded(
    recorder: ContractRecorder, client: httpx2.AsyncClient
) -> None:
    await client.post(SERVICE, content=envelope(request("<v:Ttle/>")), headers=SOAP_HEADERS)

    assert len(recorder.violations) == 1


async def test_asking_for_the_wsdl_is_recorded(
    recorder: ContractRecorder, client: httpx2.AsyncClient
) -> None:
    await client.get(f"{SERVICE}?wsdl", headers=SOAP_HEADERS)

    assert len(recorder.violations) == 1


async def test_proper_requests_are_checked_and_leave_no_trace(
    recorder: ContractRecorder, client: httpx2.AsyncClient
) -> None:
    await client.put(PRICE, content=b'{"basePrice": 1}', headers=HEADERS)
    await client.get("/api/catalog_system/pvt/products/productgetbyrefid/A%2FB", headers=HEADERS)
    await client.post(SERVICE, content=envelope(request()), headers=SOAP_HEADERS)

    assert recorder.violations == []
    assert recorder.checked == 3


@pytest.mark.parametrize("path", ["/erp", "/erp/callback", "/sandbox/orders"])
async def test_what_is_not_vtex_is_not_checked(
    recorder: ContractRecorder, client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.post(path, content=b"anything")

    assert answer.content == b"anything"
    assert (recorder.checked, recorder.violations) == (0, [])


async def test_without_vtex_files_only_soap_is_checked(soap_contract: SoapContract) -> None:
    recorder = ContractRecorder(echo, None, soap_contract)
    transport = httpx2.ASGITransport(app=recorder)
    async with httpx2.AsyncClient(transport=transport, base_url="http://vtex") as client:
        await client.get("/api/nowhere")
        await client.post(SERVICE, content=b"<x/>", headers=SOAP_HEADERS)

    assert recorder.checked == 1
    assert len(recorder.violations) == 1


async def received_through(
    rest: RestContract, soap: SoapContract, messages: list[Message]
) -> tuple[list[Message], ContractRecorder]:
    """What the app behind a recorder receives when the server has these messages to give."""
    received: list[Message] = []
    given = iter(messages)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        received.extend([await receive() for _ in messages])

    async def receive() -> Message:
        return next(given)

    async def send(_message: Message) -> None:
        raise AssertionError

    scope: dict[str, Any] = {"type": "http", "method": "PUT", "path": PRICE, "query_string": b""}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    recorder = ContractRecorder(app, rest, soap)
    await recorder(scope, receive, send)
    return received, recorder


async def test_a_body_in_pieces_is_replayed_as_it_came(
    rest_contract: RestContract, soap_contract: SoapContract
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"basePrice"', "more_body": True},
        {"type": "http.request", "body": b": 1}", "more_body": False},
        {"type": "http.disconnect"},
    ]

    received, recorder = await received_through(rest_contract, soap_contract, messages)

    assert received == messages
    assert (recorder.checked, recorder.violations) == (1, [])


async def test_a_request_cut_off_is_not_judged(
    rest_contract: RestContract, soap_contract: SoapContract
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    received, recorder = await received_through(rest_contract, soap_contract, messages)

    assert received == messages
    assert (recorder.checked, recorder.violations) == (0, [])
