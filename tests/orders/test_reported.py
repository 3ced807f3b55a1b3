"""Which statuses the ERP is told of, and what becomes of those that it is not told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.config import parse
from app.errors import ConfigurationError
from tests.changes.steps import as_staff
from tests.orders.conftest import Starting
from tests.orders.erp import Callback, Erp
from tests.orders.steps import FEED, bought, feed, feed_is_empty, handled, hints, make_hints_due, told
from tests.running import RunningBridge, RunningSandbox, configuration, until


async def moved(shop: RunningSandbox, order: str, status: str) -> None:
    await shop.control(f"orders/{order}/status", {"status": status})


def types(erp: Erp) -> list[str]:
    return [each.verified()["type"] for each in erp.callbacks]


async def shown(bridge: RunningBridge, order: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await bridge.client.get(f"/v1/orders/{order}")).json()
    return answer


def test_a_misspelt_status_stops_the_start_and_the_right_one_is_named() -> None:
    # VTEX's own guides spell it so.
    settings = configuration("sqlite://", "http://127.0.0.1:1", orders={"report": ["cancelation-request"]})
    with pytest.raises(ConfigurationError, match=r"report.*'cancellation-requested' is meant\?"):
        parse(settings)


def test_no_status_at_all_stops_the_start() -> None:
    settings = configuration("sqlite://", "http://127.0.0.1:1", orders={"report": []})
    with pytest.raises(ConfigurationError, match="report"):
        parse(settings)


async def test_an_order_that_never_was_paid_ends_without_a_word_to_the_erp(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting() as bridge:
        await until(lambda: _is_fed(shop), "there is a feed")
        order = await bought(shop, "payment-pending")
        await moved(shop, order, "canceled")
        paid = await bought(shop)
        await handled(shop, paid)
        await feed_is_empty(shop)

        async def seen() -> bool:
            return "canceled" in (await shown(bridge, order)).get("detail", "")

        await until(seen, "its end is known")
        assert (await shown(bridge, order))["detail"] == (
            f"VTEX showed order {order} canceled; the ERP was told nothing of it yet"
        )
    assert [each.verified()["order"]["id"] for each in erp.callbacks] == [paid]


async def test_a_cancellation_is_told_with_an_id_of_its_own(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting() as bridge:
        order = await bought(shop)
        await handled(shop, order)
        await moved(shop, order, "canceled")
        await told(erp, 2)
        statuses = [each["status"] for each in (await shown(bridge, order))["statuses"]]
    assert types(erp) == ["order.ready-for-handling", "order.canceled"]
    assert len({each.id for each in erp.callbacks}) == 2
    assert statuses == ["ready-for-handling", "canceled"]


async def test_an_order_that_is_canceled_before_the_erps_yes_is_told_canceled_and_not_handled(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async def meanwhile(callback: Callback) -> None:
        if callback.verified()["type"] == "order.ready-for-handling":
            await moved(shop, callback.verified()["order"]["id"], "canceled")

    erp.before_answering = meanwhile
    async with starting(orders={"report": ["ready-for-handling", "canceled"]}) as bridge:
        await until(lambda: _is_fed(shop), "there is a feed")
        order = await bought(shop)
        await told(erp, 2)
        first = await _event(bridge, erp.callbacks[0].id)
    assert types(erp) == ["order.ready-for-handling", "order.canceled"]
    assert await shop.effects("order.start-handled") == []
    assert first["why"] == "it is canceled in VTEX: there is nothing to handle"
    assert order in first["key"]


async def _is_fed(shop: RunningSandbox) -> bool:
    return bool(await shop.effects("feed.configured"))


async def _event(bridge: RunningBridge, event_id: str) -> dict[str, Any]:
    return await bridge.reaches(event_id, "delivered")


async def test_a_cancellation_that_is_being_decided_is_told_and_handling_starts_when_it_is_denied(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async def meanwhile(callback: Callback) -> None:
        if len(erp.callbacks) == 1:
            await moved(shop, callback.verified()["order"]["id"], "cancellation-requested")

    erp.before_answering = meanwhile
    async with starting() as bridge:
        order = await bought(shop)
        await told(erp, 2)
        assert types(erp) == ["order.ready-for-handling", "order.cancellation-requested"]
        first = await _event(bridge, erp.callbacks[0].id)
        assert first["why"] == "it is cancellation-requested in VTEX: handling starts when that is denied"
        denial = {"order": order, "reason": "packed already"}
        answer = await bridge.client.post("/v1/changes/cancellation-denial", json=denial)
        await bridge.reaches(answer.json()["events"][0]["id"], "delivered")
        await handled(shop, order)
        # Asked for once more: that is another request.
        await moved(shop, order, "cancellation-requested")
        await told(erp, 3)
    assert types(erp)[2] == "order.cancellation-requested"
    assert len({each.id for each in erp.callbacks}) == 3


async def test_only_what_is_configured_is_told(starting: Starting, shop: RunningSandbox, erp: Erp) -> None:
    async with starting(orders={"report": ["ready-for-handling", "payment-pending"]}):
        order = await bought(shop, "payment-pending")
        await told(erp)
        await moved(shop, order, "ready-for-handling")
        await handled(shop, order)
        await moved(shop, order, "canceled")
        await feed_is_empty(shop)
    assert types(erp) == ["order.payment-pending", "order.ready-for-handling"]


ODD = [("null", None), ('"waiting-for-the-moon"', "waiting-for-the-moon")]


@pytest.mark.parametrize(("written", "read"), ODD, ids=["null", "unknown"])
async def test_a_status_that_is_null_or_unknown_is_recorded_and_the_order_not_lost(
    starting: Starting, shop: RunningSandbox, erp: Erp, written: str, read: str | None
) -> None:
    await as_staff(shop, "POST", FEED, feed("ready-for-handling"))
    order = await bought(shop)
    body = f'{{"orderId": "{order}", "status": {written}}}'
    fault = {"action": "status", "status": 200, "body": body, "path_regex": f"/pvt/orders/{order}$"}
    await shop.control("faults", fault | {"times": None})
    async with starting(orders={"report": ["ready-for-handling"]}) as bridge:

        async def recorded() -> bool:
            return str((await shown(bridge, order)).get("detail", "")).startswith("VTEX showed")

        await until(recorded, "it is recorded")
        assert (read or "without a status") in (await shown(bridge, order))["detail"]
        await shop.client.delete("/sandbox/faults")
        if read is None:
            await make_hints_due(bridge)
        else:
            await bridge.client.post(f"/v1/orders/{order}/import")
        await handled(shop, order)
        statuses = [each["status"] for each in (await shown(bridge, order))["statuses"]]
    assert statuses == [read, "ready-for-handling"]
    assert types(erp) == ["order.ready-for-handling"]


async def test_a_cancellation_that_no_source_told_is_found(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting(orders={"report": ["ready-for-handling", "canceled"]}) as bridge:
        order = await bought(shop)
        await handled(shop, order)
        await feed_is_empty(shop)
        # What the feed has of it is thrown away, as when VTEX drops the feed.
        await shop.client.request("DELETE", "/api/orders/feed/config", headers=STAFF)
        await moved(shop, order, "canceled")
        await _long_ago(bridge, "UPDATE order_read SET read_at = :then")
        await told(erp, 2)
    assert types(erp)[1] == "order.canceled"


async def test_what_went_on_before_a_lost_feed_was_made_again_is_found_at_once(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting():
        order = await bought(shop)
        await handled(shop, order)
        await feed_is_empty(shop)
        await shop.client.request("DELETE", "/api/orders/feed/config", headers=STAFF)
        await moved(shop, order, "canceled")
        await told(erp, 2)
    assert types(erp)[1] == "order.canceled"


async def test_a_cancellation_request_is_told_though_a_lost_feed_kept_the_order_to_itself(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    order = await bought(shop)
    await moved(shop, order, "cancellation-requested")
    async with starting():
        await told(erp)
    assert types(erp) == ["order.cancellation-requested"]


STAFF = {"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"}


async def test_an_import_of_an_order_that_vtex_does_not_know_ends(starting: Starting) -> None:
    async with starting() as bridge:
        await bridge.client.post("/v1/orders/9999999999999-01/import")

        async def asked_once() -> bool:
            return "it is read again at" in (await shown(bridge, "9999999999999-01"))["detail"]

        await until(asked_once, "it says since when and until when")
        detail = (await shown(bridge, "9999999999999-01"))["detail"]
        assert detail.startswith("VTEX has not shown order 9999999999999-01 since ")

        async def gone() -> bool:
            # Again and again: a reading that was under way puts it off.
            await _long_ago(bridge, "UPDATE order_hint SET since = :then, due_at = :then")
            return await hints(bridge) == 0

        await until(gone, "it is asked for no more")
        assert "was not read on this connection" in (await shown(bridge, "9999999999999-01"))["detail"]


async def _long_ago(bridge: RunningBridge, statement: str) -> None:
    then = (datetime.now(UTC) - timedelta(days=4)).strftime("%Y-%m-%d %H:%M:%S.%f")
    async with bridge.parts.database.write() as transaction:
        await transaction.execute(text(statement), {"then": then})


async def test_our_feed_follows_the_configuration_without_being_taken_over(
    starting: Starting, shop: RunningSandbox, erp: Erp
) -> None:
    async with starting(orders={"report": ["ready-for-handling"]}):
        await until(lambda: _is_fed(shop), "there is a feed")
    async with starting(orders={"report": ["ready-for-handling", "canceled"]}):

        async def follows() -> bool:
            found: list[str] = (await as_staff(shop, "GET", FEED))["filter"]["status"]
            return sorted(found) == ["canceled", "ready-for-handling"]

        await until(follows, "the feed has both")
    assert erp.callbacks == []
