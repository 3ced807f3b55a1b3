"""The stand-in ERP: signed callbacks, each stored once."""

from datetime import UTC, datetime

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from app.sandbox.application import CALLBACK_SECRET
from app.sandbox.erp import Erp

BODY = '{"type":"order.ready-for-handling","order":{"id":"1-01"}}'


def signed(webhook_id: str, body: str = BODY) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(CALLBACK_SECRET).sign(webhook_id, now, body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def _post(vtex: httpx2.AsyncClient, headers: dict[str, str], body: str = BODY) -> httpx2.Response:
    return await vtex.post("/erp/orders", content=body, headers=headers)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "garbage"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": "v1,A"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "inf"},
        {"webhook-id": "another"},
        {"webhook-id": ""},
    ],
)
async def test_a_callback_that_does_not_verify_is_refused(
    vtex: httpx2.AsyncClient, erp: Erp, change: dict[str, str]
) -> None:
    assert (await _post(vtex, signed("w1") | change)).status_code == 401
    assert (erp.received, erp.deliveries) == ({}, [])


async def test_a_body_that_is_not_utf8_is_refused(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.post("/erp/orders", content=b"\xff", headers=signed("w1"))
    assert answer.status_code == 401


async def test_a_callback_is_taken_in_and_numbered(vtex: httpx2.AsyncClient, erp: Erp) -> None:
    answer = await _post(vtex, signed("w1"))
    assert (answer.status_code, answer.json()) == (200, {"erp_order_ref": "PED-000001"})
    assert erp.received["w1"]["body"]["order"] == {"id": "1-01"}


async def test_a_repeated_callback_is_counted_and_not_stored(vtex: httpx2.AsyncClient, erp: Erp) -> None:
    answers = [await _post(vtex, signed("w1")) for _ in range(2)]
    assert [answer.json()["erp_order_ref"] for answer in answers] == ["PED-000001"] * 2
    assert (len(erp.received), erp.repeats) == (1, 1)


async def test_an_order_keeps_its_number_over_many_callbacks(vtex: httpx2.AsyncClient) -> None:
    answers = [await _post(vtex, signed(webhook_id)) for webhook_id in ("w1", "w2")]
    assert [answer.json()["erp_order_ref"] for answer in answers] == ["PED-000001"] * 2


async def test_the_erp_can_fail_a_number_of_times(vtex: httpx2.AsyncClient, erp: Erp) -> None:
    erp.fail_next = 1
    assert [(await _post(vtex, signed("w1"))).status_code for _ in range(2)] == [500, 200]
    assert [delivery["repeated"] for delivery in erp.deliveries] == [False, False]


async def test_the_erp_can_answer_any_status(vtex: httpx2.AsyncClient, erp: Erp) -> None:
    assert (await vtex.post("/sandbox/erp", json={"respond": 410})).status_code == 200
    assert (await _post(vtex, signed("w1"))).status_code == 410
    assert erp.received == {}
