"""The day's orders: from a shopper to the ERP by signed callback, and back with invoice and tracking."""

from datetime import UTC, datetime
from decimal import Decimal

from app.demo.day import ANSWER, IN, OUT, Day
from app.demo.erp import described
from app.demo.goods import DARK, LARGE, Record
from app.demo.polling import until

HANDLED = "order.start-handled"
INVOICE_NUMBER, TRACKING_NUMBER = "24382", "BR123456789BR"


def customer_buys(day: Day) -> Record:
    """The order as the ERP heard of it."""
    say = day.timeline.say
    day.timeline.scene("6. A customer buys")
    until(lambda: day.store.effects("feed.configured"), "the bridge to configure its feed")
    day.store.break_erp_once()
    say("bad luck", "the ERP's own server is to answer 500, once")
    order_id = day.store.order({DARK: 2, LARGE: 1})
    say("shopper → store", f"order {order_id}: two of {DARK}, one of {LARGE}; paid, ready for handling")
    told = until(lambda: _told(day, order_id), f"order {order_id} to reach the ERP")
    order: Record = told["body"]["order"]
    customer, total = order["customer"], f"{order['currency']} {order['total']}"
    name = f"{customer['first_name']} {customer['last_name']}"
    tries = [f"{each['status']}" for each in day.store.erp()["deliveries"]]
    say(
        ANSWER,
        f"callback {told['webhook_id']}, its signature verified: {name}, {total}",
    )
    say("", f"the ERP answered {', then '.join(tries)}; its own number is {told['erp_order_ref']}")
    until(
        lambda: day.store.order_status(order_id) == "handling",
        f"order {order_id} to be in handling",
        seen=lambda: f"it is {day.store.order_status(order_id)}",
    )
    say(OUT, "after the ERP's yes, and not before: handling is started", style="green")
    day.check(
        "failed callback repeated, same webhook-id",
        "" if tries == ["500", "200"] else f"the ERP answered {tries}",
    )
    day.check("handling started after the ERP's yes", _too_early(day, told))
    return order


def _too_early(day: Day, told: Record) -> str:
    entries = day.store.journal()
    started = [str(each["at"]) for each in entries if each.get("effect", {}).get("type") == HANDLED]
    if all(at > told["at"] for at in started):
        return ""
    return f"it was started at {started}, the ERP said yes at {told['at']}"


def _told(day: Day, order_id: str) -> Record | None:
    received: list[Record] = day.store.erp()["received"]
    return next((each for each in received if each["body"]["order"]["id"] == order_id), None)


def erp_invoices(day: Day, order: Record) -> None:
    say = day.timeline.say
    day.timeline.scene("7. The ERP invoices and ships")
    invoice = {
        "order": order["id"],
        "number": INVOICE_NUMBER,
        "issued_at": datetime.now(UTC).isoformat(),
        "value": order["total"],
        "items": [
            {"sku": item["sku"], "quantity": item["quantity"], "price": item["selling_price"]}
            for item in order["items"]
        ],
        "courier": "Correios",
        "tracking_number": TRACKING_NUMBER,
        "tracking_url": f"https://rastreamento.example.com/{TRACKING_NUMBER}",
    }
    key = f"invoice-{INVOICE_NUMBER}"
    first = day.erp.tell("invoice", invoice, key=key)
    say(IN, f"invoice {INVOICE_NUMBER} of {Decimal(order['total'])}, tracking number {TRACKING_NUMBER}")
    again = day.erp.tell("invoice", invoice, key=key)
    say(IN, "the same request again, as after a broken connection: the first answer is repeated")
    event = day.erp.wait(first)[0]
    status = day.store.order_status(order["id"])
    say(OUT, f"{described(event)} {event['status']}; the order is {status} in the store", style="green")
    day.check(
        "a repeated request is one change",
        "" if first == again else f"it became events {first} and {again}",
    )
