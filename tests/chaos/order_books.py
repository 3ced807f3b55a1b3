"""The audit of a day: VTEX's orders, what the ERP was told, and what it invoiced, to the cent."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.database import Database
from app.sandbox.orders import Order
from tests.chaos.fulfilment import Fulfilment
from tests.running import RunningSandbox

READY = "ready-for-handling"


def orders_of(store: RunningSandbox) -> dict[str, Order]:
    orders: dict[str, Order] = store.app.state.store.orders
    return orders


def all_delivered(store: RunningSandbox) -> bool:
    return all(_is_over(order) for order in orders_of(store).values())


def _is_over(order: Order) -> bool:
    if order.status == "canceled":
        return True
    delivered = all((package["courierStatus"] or {}).get("finished") for package in order.packages)
    return order.status == "invoiced" and delivered


def the_canceled_are_told(store: RunningSandbox) -> bool:
    """Each of which the ERP had been told before."""
    told = {
        order_id: {body["order"]["status"] for body in bodies}
        for order_id, bodies in _callbacks(store).items()
    }
    canceled = [order_id for order_id, order in orders_of(store).items() if order.status == "canceled"]
    return all("canceled" in told[order_id] for order_id in canceled if READY in told.get(order_id, ()))


async def all_is_heard(database: Database, store: RunningSandbox) -> bool:
    """Nothing is left in VTEX's feed, nor among our hints."""
    async with database.read() as connection:
        hints = await connection.scalar(text("SELECT count(*) FROM order_hint"))
    return not hints and not store.app.state.store.feed.items


def open_orders(store: RunningSandbox) -> list[str]:
    """For the message of a failure."""
    return [f"{each.order_id} {each.status}" for each in orders_of(store).values() if not _is_over(each)]


def progress(store: RunningSandbox) -> str:
    orders = orders_of(store).values()
    told, over = len(store.app.state.erp.order_refs), sum(_is_over(each) for each in orders)
    return f"{len(orders)} placed, {told} told, {over} delivered or canceled"


async def each_is_told_once(store: RunningSandbox) -> None:
    """By webhook-id; a canceled order may never have been told, and then nothing of it is."""
    told = _callbacks(store)
    for order_id, order in orders_of(store).items():
        times = Counter(body["order"]["status"] for body in told.get(order_id, []))
        assert set(times.values()) <= {1}, f"{order_id}: {times}"
        if order.status != "canceled":
            assert times[READY] == 1, order_id
        elif times[READY]:
            assert times["canceled"] == 1, f"{order_id}: {times}"
    assert told.keys() <= orders_of(store).keys()
    references = store.app.state.erp.order_refs
    assert len(set(references.values())) == len(told)


async def each_is_handled_once(store: RunningSandbox) -> None:
    handled = Counter(entry["effect"]["order_id"] for entry in await store.effects("order.start-handled"))
    assert set(handled.values()) == {1}
    orders = orders_of(store).values()
    assert handled.keys() >= {order.order_id for order in orders if order.status != "canceled"}


async def each_is_invoiced_and_delivered(store: RunningSandbox, fulfilment: Fulfilment) -> None:
    told = _callbacks(store)
    sums = Counter[str]()
    for order_id, order in orders_of(store).items():
        if order.status == "canceled":
            assert not order.packages, f"{order_id} is canceled, and invoiced"
            continue
        assert 1 <= len(order.packages) <= 3, order_id
        [body] = [each for each in told[order_id] if each["order"]["status"] == READY]
        callback = body["order"]
        items = Counter[str]()
        for package in order.packages:
            assert package["trackingNumber"] == f"BR{package['invoiceNumber']}"
            # Neither came twice; each has its own moment, so it does not matter which arrived first.
            events = [each["description"] for each in package["courierStatus"]["data"]]
            assert sorted(events) in (["Entregue"], ["Entregue", "Postado"]), f"{order_id}: {events}"
            for item in package["items"]:
                items[order.lines[item["itemIndex"]].ref_id] += item["quantity"]
        assert items == Counter({line.ref_id: line.quantity for line in order.lines}), order_id
        assert callback["order_group"] == order.group
        totals = {name: Decimal(value) for name, value in callback["totals"].items()}
        assert sum(totals.values()) == Decimal(callback["total"])
        sums["VTEX"] += order.total
        sums["invoices"] += order.invoiced_total
        sums["callbacks"] += _cents(callback["total"])
        sums["ERP"] += sum(_cents(value) for value in fulfilment.invoiced[order_id])
        assert order.total == order.invoiced_total == _cents(callback["total"]), order_id
        assert sum(fulfilment.invoiced[order_id]) == Decimal(callback["total"]), order_id
    assert len(set(sums.values())) == 1, sums


async def only_the_canceled_were_refused(database: Database, store: RunningSandbox) -> None:
    query = "SELECT kind, key, status FROM event WHERE status NOT IN ('delivered', 'superseded', 'unchanged')"
    orders = orders_of(store)
    async with database.read() as connection:
        for row in await connection.execute(text(query)):
            assert row.status == "failed", row
            assert orders[row.key.partition("/")[0]].status == "canceled", row


async def the_references_are_kept(database: Database, store: RunningSandbox) -> None:
    query = "SELECT order_id, erp_order_ref FROM order_reference"
    async with database.read() as connection:
        kept = {row.order_id: row.erp_order_ref for row in await connection.execute(text(query))}
    assert kept == store.app.state.erp.order_refs


def _callbacks(store: RunningSandbox) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in store.app.state.erp.received.values():
        told[each["body"]["order"]["id"]].append(each["body"])
    return told


def _cents(amount: str | Decimal) -> int:
    shifted = Decimal(amount) * 100
    assert shifted == int(shifted)
    return int(shifted)


def table(store: RunningSandbox, kills: int, minutes: float, scale: float, seconds: float) -> str:
    """What the day was like."""
    erp, journal = store.app.state.erp, store.app.state.journal.entries
    orders = orders_of(store).values()
    answers = Counter(each["status"] for each in erp.deliveries)
    vtex = [each for each in journal if each["api"] not in {"sandbox", "fault"}]
    faults = [each for each in journal if each["api"] == "fault"]
    parts = Counter(len(each.packages) for each in orders if each.packages)
    at_erp = [each for each in faults if each["path"].startswith("/erp")]
    rows = {
        "orders": len(orders),
        "of them canceled": sum(each.status == "canceled" for each in orders),
        "of them with a sibling": sum(each.order_id.endswith("-02") for each in orders) * 2,
        "invoiced in 1, 2, 3 parts": ", ".join(str(parts[count]) for count in (1, 2, 3)),
        "value": f"{sum(each.total for each in orders if each.packages) / 100:,.2f}",
        "callbacks that the ERP took": len(erp.received),
        "duplicates refused by webhook-id": erp.repeats,
        "500s and silences of the ERP": len(at_erp),
        "429s of the ERP": answers[429],
        "kills": kills,
        "requests to VTEX": len(vtex),
        "500s and resets of VTEX": len(faults) - len(at_erp),
        "429s of VTEX": sum(each["status"] == 429 for each in journal),
        "simulated minutes": f"{minutes:.1f} (one real second is {scale:g} simulated ones)",
        "real seconds": f"{seconds:.0f}",
    }
    return "\n".join(f"{name:34} {value}" for name, value in rows.items())
