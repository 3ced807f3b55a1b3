"""Of an order's customer the database holds nothing in clear, and after an erasure nothing at all."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.orders.erasure import ErasedOrders, erase
from app.orders.hints import Hint, Hints
from app.queue.store.stripping import Stripped
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled, hints, only_event, order_reaches, told
from tests.orders.stored import everything, found_in
from tests.orders.test_api import get, invoice
from tests.running import RunningBridge, RunningSandbox, running_bridge, until

CUSTOMER = ["Rodrigo", "rodrigo.smith@example.com", "84513427019", "5561992227222", "22630-011", "Barra da T"]
TOLD = ["Maria Canaria", "Joana Canaria", "Pedro Canario"]


@pytest.fixture
async def bridge(migrated_database_url: str, shop: RunningSandbox, erp: Erp) -> AsyncIterator[RunningBridge]:
    listener = {"callback_url": f"{erp.url}/orders", "include_vtex_order": True}
    # One event of the order: what is counted below is then what was made by hand.
    ready = {"report": ["ready-for-handling"]}
    async with running_bridge(migrated_database_url, shop.url, erp=listener, orders=ready) as running:
        yield running


async def delivered(bridge: RunningBridge, shop: RunningSandbox) -> str:
    order = await bought(shop)
    await handled(shop, order)
    await order_reaches(bridge, order, "delivered")
    return order


async def told_of(bridge: RunningBridge, order: str) -> list[str]:
    """An invoice, a parcel and a refused cancellation, each with a name in it."""
    made = invoice(order, "1", "119.90") | {"xml": "<nome>Maria Canaria</nome>", "tracking_number": "BR1"}
    [first] = await bridge.post("invoice", made)
    await bridge.reaches(first, "delivered")
    stage = {"order": order, "invoice": "1", "description": "Left with Joana Canaria"}
    [second] = await bridge.post("tracking-event", stage | {"occurred_at": datetime.now(UTC).isoformat()})
    await bridge.reaches(second, "delivered")
    [third] = await bridge.post("cancellation", {"order": order, "reason": "Pedro Canario moved"})
    await bridge.reaches(third, "failed")
    return [first, second, third]


async def erased(bridge: RunningBridge, order: str) -> Stripped:
    done = await erase(bridge.parts.store, "acme", order, force=False)
    assert isinstance(done, Stripped)
    return done


async def hint(bridge: RunningBridge, order: str, state: str | None) -> None:
    """As a feed, a hook or a sweep does; until it is settled."""
    await Hints(bridge.parts.database, "acme").put([Hint(order, state)])

    async def settled() -> bool:
        return await hints(bridge) == 0

    await until(settled, "the hint is settled")


async def test_nothing_of_a_customer_stands_in_the_database_in_clear(
    bridge: RunningBridge, migrated_database_url: str, shop: RunningSandbox, erp: Erp
) -> None:
    erp.echoes = True
    erp.answers_with(500)
    order = await delivered(bridge, shop)
    await told_of(bridge, order)
    stored = await everything(bridge.parts.database, migrated_database_url)
    assert found_in(stored, [*CUSTOMER, *TOLD]) == []
    assert found_in(stored, [order]) == [order]


async def test_what_is_sealed_is_shown_whole_to_who_has_the_key(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    erp.echoes = True
    erp.answers_with(500)
    order = await delivered(bridge, shop)
    shown = [await bridge.event(each) for each in await told_of(bridge, order)]
    event = await bridge.event((await only_event(bridge, order))["id"])
    assert event["payload"]["order"]["customer"]["email"] == "rodrigo.smith@example.com"
    assert event["payload"]["vtex_order"]["clientProfileData"]["firstName"] == "Rodrigo"
    failed = event["attempts"][0]["calls"][0]
    assert "rodrigo.smith@example.com" in failed["answer"]
    assert erp.callbacks[0].raw == erp.callbacks[1].raw
    assert shown[0]["payload"]["xml"] == "<nome>Maria Canaria</nome>"
    assert shown[1]["payload"]["description"] == "Left with Joana Canaria"
    assert shown[2]["payload"]["reason"] == "Pedro Canario moved"


async def test_a_sealed_order_is_listed_told_again_and_booked(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    order = await delivered(bridge, shop)
    await told_of(bridge, order)
    [listed] = (await get(bridge, ""))["orders"]
    assert (listed["status"], listed["total"], listed["currency"]) == ("ready-for-handling", "119.90", "BRL")
    found = await get(bridge, f"/{order}")
    assert found["ledger"]["invoiced"] == "119.90"
    assert [line["invoiced"] for line in found["ledger"]["lines"]] == [1]
    assert found["erased_at"] is None
    assert (await bridge.client.post(f"/v1/orders/{order}/resend")).status_code == 202
    await told(erp, 2)
    assert erp.callbacks[0].raw == erp.callbacks[1].raw


async def test_what_was_accepted_before_a_restart_is_told_after_it(
    migrated_database_url: str, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(*[500] * 100)
    listener = {"callback_url": f"{erp.url}/orders"}
    async with running_bridge(migrated_database_url, shop.url, erp=listener):
        order = await bought(shop)
        await told(erp, 1)
    erp.answers.clear()
    async with running_bridge(migrated_database_url, shop.url, erp=listener) as bridge:
        await order_reaches(bridge, order, "delivered")
    assert erp.callbacks[-1].verified()["order"]["customer"]["first_name"] == "Rodrigo"


async def test_an_erased_order_has_ids_and_amounts_alone(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    erp.echoes = True
    erp.answers_with(500)
    order = await delivered(bridge, shop)
    ids = [(await only_event(bridge, order))["id"], *await told_of(bridge, order)]
    done = await erased(bridge, order)
    assert (done.events, done.answers) == (4, 1)
    event, made, *_ = [await bridge.event(each) for each in ids]
    assert event["payload"]["_removed"]["why"] == "erased"
    assert event["payload"]["order"]["total"] == "119.90"
    assert "customer" not in event["payload"]["order"]
    assert "answer" not in event["attempts"][0]["calls"][0]
    assert set(made["payload"]) == {"_removed", "order", "number", "type", "issued_at", "value", "items"}
    found = await get(bridge, f"/{order}")
    assert found["ledger"]["invoiced"] == "119.90"
    assert found["erased_at"] is not None


async def test_nothing_brings_an_erased_order_back(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    order = await delivered(bridge, shop)
    event = await only_event(bridge, order)
    await erased(bridge, order)
    for path in (
        f"/v1/orders/{order}/resend",
        f"/v1/orders/{order}/import",
        f"/v1/events/{event['id']}/replay",
    ):
        answer = await bridge.client.post(path)
        assert answer.status_code == 410, path
        assert answer.json()["type"] == "/problems/removed"
        assert "erased" in answer.json()["detail"]
    await hint(bridge, order, None)
    assert len(erp.callbacks) == 1
    assert (await only_event(bridge, order))["id"] == event["id"]


async def test_an_erased_order_that_was_never_told_is_not_told_as_ready(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    """Without its customer the ERP could do nothing with it, and VTEX would call it handled."""
    order = await bought(shop, "payment-approved")
    await ErasedOrders(bridge.parts.database, "acme").mark(order, datetime.now(UTC))
    await shop.control(f"orders/{order}/status", {"status": "ready-for-handling"})
    await hint(bridge, order, "ready-for-handling")
    assert erp.callbacks == []


async def test_an_order_that_is_not_told_yet_is_not_erased_unless_by_force(
    bridge: RunningBridge, shop: RunningSandbox, erp: Erp
) -> None:
    erp.answers_with(*[500] * 1000)
    order = await bought(shop)
    await told(erp, 2)

    async def refused() -> bool:
        found = await erase(bridge.parts.store, "acme", order, force=False)
        assert not isinstance(found, Stripped)
        return not any(row.in_flight for row in found)

    await until(refused, "nobody delivers it at the moment")

    async def is_erased() -> bool:
        return isinstance(await erase(bridge.parts.store, "acme", order, force=True), Stripped)

    await until(is_erased, "it is erased between two attempts")
    event = await bridge.reaches((await only_event(bridge, order))["id"], "failed")
    assert "erased before it was delivered" in event["why"]
    told_before = len(erp.callbacks)
    await hint(bridge, order, None)
    assert len(erp.callbacks) == told_before


async def test_on_sqlite_nothing_sealed_is_left_in_the_file_of_an_erased_order(
    migrated_sqlite_url: str, shop: RunningSandbox, erp: Erp
) -> None:
    """Whoever still has the key could open what stands in the file's free pages."""
    listener = {"callback_url": f"{erp.url}/orders", "include_vtex_order": True}
    async with running_bridge(migrated_sqlite_url, shop.url, erp=listener) as bridge:
        database = bridge.parts.database
        order = await delivered(bridge, shop)
        row = await bridge.parts.store.read.event("acme", UUID((await only_event(bridge, order))["id"]))
        assert row is not None
        # SQLite spreads it over pages: what stands in one of them is looked for.
        token = str(row.payload["_sealed"])
        parts = [token[at : at + 100] for at in range(0, len(token) - 100, 100)]
        assert found_in(await everything(database, migrated_sqlite_url), parts) != []
        await erased(bridge, order)
    assert found_in(await everything(database, migrated_sqlite_url), parts) == []


async def test_what_becomes_of_an_erased_order_is_told_without_a_person(
    migrated_database_url: str, shop: RunningSandbox, erp: Erp
) -> None:
    listener = {"callback_url": f"{erp.url}/orders"}
    async with running_bridge(migrated_database_url, shop.url, erp=listener) as bridge:
        order = await bought(shop)
        await order_reaches(bridge, order, "delivered")
        assert isinstance(await erased(bridge, order), Stripped)
        await shop.control(f"orders/{order}/cancel", {"reason": "too late"})
        await until(lambda: len(erp.callbacks) == 2, "the cancellation is told")
    told = erp.callbacks[1].verified()
    assert (told["type"], told["order"]["id"], told["order"]["total"]) == ("order.canceled", order, "119.90")
    assert told["order"]["customer"]["email"] is None
    assert b"rodrigo" not in erp.callbacks[1].raw.lower()
