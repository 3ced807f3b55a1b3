"""Telling the ERP: again and again with the same words, and VTEX hears of it only after the ERP's yes."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.orders.references import References
from tests.changes.steps import make_due
from tests.http.names import dns
from tests.orders.conftest import Starting
from tests.orders.erp import RESET, Callback, Erp
from tests.orders.steps import bought, handled, order_reaches, starts, status_of, told
from tests.running import RunningSandbox


def the_same(callbacks: list[Callback]) -> bool:
    return len({each.id for each in callbacks}) == 1 and len({each.raw for each in callbacks}) == 1


@pytest.mark.parametrize("status", [500, 502, 404, 408, 308, 503, RESET])
async def test_whatever_else_the_erp_answers_it_is_told_again_in_the_same_words(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: int
) -> None:
    erp.answers_with(status, status)
    async with starting():
        order = await bought(shop)
        await told(erp, 2)
        assert await starts(shop) == 0
        await handled(shop, order)
    assert len(erp.callbacks) == 3
    assert the_same(erp.callbacks)


async def test_an_erp_that_is_down_is_told_when_it_is_back(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    away = {"callback_url": "http://127.0.0.1:9/orders"}
    async with starting(erp=away) as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "retrying")
        assert "127.0.0.1 cannot be reached" in event["why"]
        assert await starts(shop) == 0
    async with starting() as bridge:
        await make_due(bridge)
        await handled(shop, order)
    assert [each.id for each in erp.callbacks] == [event["id"]]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("erp.test", "it leads to 10.9.9.9, a private address: if it stands there, name its network in erp."),
        ("no-such-erp.invalid", "DNS does not know its name: check erp.callback_url"),
    ],
)
async def test_an_erp_that_may_not_be_reached_is_not_told_and_the_event_says_why(
    starting: Starting, shop: RunningSandbox, erp: Erp, host: str, why: str
) -> None:
    with dns(["10.9.9.9"]):
        async with starting(erp={"callback_url": f"https://{host}/orders"}) as bridge:
            order = await bought(shop)
            event = await order_reaches(bridge, order, "retrying")
    assert f"{host} cannot be reached ({why}" in event["why"]
    async with starting() as bridge:
        await make_due(bridge)
        await handled(shop, order)
    assert [each.id for each in erp.callbacks] == [event["id"]]


async def test_an_erp_that_stored_it_and_answered_too_late_is_told_again_in_the_same_words(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async def late(_: Callback) -> None:
        await asyncio.sleep(1 if len(erp.callbacks) == 1 else 0)

    erp.before_answering = late
    async with starting(erp={"timeout_seconds": 0.3}):
        await handled(shop, await bought(shop))
    assert len(erp.callbacks) == 2
    assert the_same(erp.callbacks)


async def test_409_means_that_the_erp_had_it_before(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(409)
    async with starting():
        await handled(shop, await bought(shop))
    assert len(erp.callbacks) == 1


async def test_410_fails_until_a_person_replays_it(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(410)
    async with starting() as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "failed")
        assert event["why"].startswith("the ERP wants no more callbacks (410)")
        assert await starts(shop) == 0
        await bridge.client.post(f"/v1/events/{event['id']}/replay")
        await handled(shop, order)
    assert the_same(erp.callbacks)


@pytest.mark.parametrize("status", [413, 422])
async def test_an_order_that_the_erp_refuses_fails_until_a_person_replays_it(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    async with starting() as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "failed")
        assert f"({status})" in event["why"]
        assert await starts(shop) == 0
        await bridge.client.post(f"/v1/events/{event['id']}/replay")
        await handled(shop, order)
    assert the_same(erp.callbacks)


@pytest.mark.parametrize("status", [200, 409])
async def test_the_erps_own_number_is_kept(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: int
) -> None:
    erp.answers_with(500, status)
    erp.says = b'{"erp_order_ref": "PED-000001"}'
    async with starting() as bridge:
        order = await bought(shop)
        await order_reaches(bridge, order, "delivered")
        assert await References(bridge.parts.database, "acme").of([order]) == {order: "PED-000001"}
        assert await References(bridge.parts.database, "other").of([order]) == {}
        shown = (await bridge.client.get(f"/v1/orders/{order}")).json()
        [listed] = (await bridge.client.get("/v1/orders")).json()["orders"]
    assert (shown["erp_order_ref"], listed["erp_order_ref"]) == ("PED-000001", "PED-000001")


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
async def test_the_erps_retry_after_is_a_floor(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: int, as_date: bool
) -> None:
    async with starting():
        # An HTTP date has no fractions: it is up to a second earlier than it was meant.
        until, earliest = datetime.now(UTC) + timedelta(seconds=6), time.monotonic() + 5
        erp.answers_with(status, retry_after=format_datetime(until, usegmt=True) if as_date else "2")
        await handled(shop, await bought(shop))
    first, second = erp.callbacks
    assert second.at >= (earliest if as_date else first.at + 2)
    assert the_same(erp.callbacks)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_signature_is_named_and_told_again(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    async with starting() as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "retrying")
        assert "check erp.callback_secret" in event["why"]
        await make_due(bridge)
        await handled(shop, order)
    assert the_same(erp.callbacks)


async def test_every_callback_verifies_and_its_timestamp_is_of_its_own_try(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(429, retry_after="2")
    async with starting():
        order = await bought(shop)
        await handled(shop, order)
    assert [each.verified()["order"]["id"] for each in erp.callbacks] == [order, order]
    first, second = (int(each.headers["webhook-timestamp"]) for each in erp.callbacks)
    assert second > first
    assert len({each.headers["webhook-signature"] for each in erp.callbacks}) == 2


async def test_the_body_is_the_order_with_money_as_text(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting():
        order = await bought(shop)
        await handled(shop, order)
    body = json.loads(erp.callbacks[0].raw)
    assert body["type"] == "order.ready-for-handling"
    assert (body["order"]["id"], body["order"]["total"]) == (order, "119.90")
    assert body["order"]["items"][0]["sku"] == "S1"


async def test_after_the_erps_yes_vtex_being_down_does_not_call_it_again(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    down = {"action": "status", "status": 500, "path_regex": "/start-handling$", "times": 3}
    await shop.control("faults", down)
    async with starting() as bridge:
        order = await bought(shop)
        await handled(shop, order)
        await order_reaches(bridge, order, "delivered")
    assert len(erp.callbacks) == 1
    assert await starts(shop) == 1


@pytest.mark.parametrize("action", ["reset_after", "status_after"])
async def test_a_start_handling_whose_answer_never_came_is_read_back(
    starting: Starting, shop: RunningSandbox, erp: Erp, action: str
) -> None:
    await shop.control("faults", {"action": action, "path_regex": "/start-handling$"})
    async with starting() as bridge:
        order = await bought(shop)
        await order_reaches(bridge, order, "delivered")
    assert len(erp.callbacks) == 1
    assert len(await shop.effects("order.start-handled")) == 1


@pytest.mark.parametrize(
    "status",
    ["handling", "waiting-for-fulfillment", "invoiced", "canceled", "replaced"],
    ids=lambda status: f"is-{status}",
)
async def test_an_order_that_went_on_meanwhile_is_done(
    starting: Starting, shop: RunningSandbox, erp: Erp, status: str
) -> None:
    async def meanwhile(callback: Callback) -> None:
        order = callback.verified()["order"]["id"]
        await shop.control(f"orders/{order}/status", {"status": status})

    erp.before_answering = meanwhile
    async with starting() as bridge:
        order = await bought(shop)
        await order_reaches(bridge, order, "delivered")
    assert await status_of(shop, order) == status
    assert await shop.effects("order.start-handled") == []


async def test_an_order_that_vtex_still_holds_back_is_started_later(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    status = "window-to-cancel"

    async def meanwhile(callback: Callback) -> None:
        order = callback.verified()["order"]["id"]
        await shop.control(f"orders/{order}/status", {"status": status})

    erp.before_answering = meanwhile
    async with starting() as bridge:
        order = await bought(shop)
        event = await order_reaches(bridge, order, "retrying")
        assert f"order {order} is {status}" in event["why"]
        await shop.control(f"orders/{order}/status", {"status": "ready-for-handling"})
        await handled(shop, order)
    assert len(erp.callbacks) == 1
