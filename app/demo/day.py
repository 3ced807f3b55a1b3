"""The day, scene by scene: what the ERP, the store's team and bad luck do, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from app.demo.checks import Check
from app.demo.erp import FINISHED, Erp, described
from app.demo.goods import (
    DARK,
    LARGE,
    LIGHT,
    PRICES,
    PRODUCT,
    PRODUCT_CODE,
    SKU_CODES,
    SKUS,
    STAFF_POLICY,
    STAFF_PRICE,
    STOCK,
    WAREHOUSE,
    Record,
)
from app.demo.store import Store
from app.demo.timeline import Timeline

IN = "ERP → bridge"
OUT = "bridge → VTEX"
ANSWER = "bridge → ERP"
PAUSE_SECONDS = 2


@dataclass
class Day:
    erp: Erp
    store: Store
    timeline: Timeline
    #: What had to be seen while it happened.
    checks: list[Check] = field(default_factory=list)

    def check(self, name: str, *differences: str) -> None:
        """Each difference is empty where all is right."""
        self.checks.append(Check(name, [each for each in differences if each]))

    def tell_waiting(self, ids: list[str]) -> list[Record]:
        """Wait until all of them wait; show each kind's first reason."""
        waiting = self.erp.wait(ids, {"waiting"})
        for _, group in groupby(waiting, key=lambda event: str(event["kind"])):
            first, *others = group
            more = f" (and {len(others)} more like it)" if others else ""
            self.timeline.say("", f"{described(first)} is waiting: {first['why']}{more}", style="yellow")
        return waiting


def reverse_order(day: Day) -> None:
    say = day.timeline.say
    day.timeline.scene("1. Everything arrives in the wrong order")
    first = [*day.erp.tell("stock", STOCK), *day.erp.tell("price", PRICES)]
    say(IN, f"stock and prices of {len(SKUS)} SKUs that the store has never heard of: 202, stored")
    waited = day.tell_waiting(first)
    skus = day.erp.tell("sku", SKUS)
    say(IN, f"the {len(SKUS)} SKUs, of a product that is not there either: 202, stored")
    waited += day.tell_waiting(skus)
    product = day.erp.tell("product", PRODUCT)
    say(IN, f"the product at last: {PRODUCT['name']} ({PRODUCT_CODE})")
    events = day.erp.wait([*product, *skus, *first])
    wrong = [f"{described(event)} is {event['status']}" for event in events if event["status"] != "delivered"]
    ids = ", ".join(f"{sku['RefId']} is SKU {sku['Id']}" for sku in _by_code(day.store.state()["skus"]))
    say(OUT, f"each delivery woke the next: product, then SKUs, then prices and stock ({ids})")
    say("", f"{len(events)} changes delivered, {len(waited)} of them waited first", style="green")
    day.check("what came too early waited and was woken", *wrong)


def _by_code(skus: list[Record]) -> list[Record]:
    return sorted(skus, key=lambda sku: str(sku["RefId"]))


def wrong_input(day: Day) -> None:
    day.timeline.scene("2. The ERP has a bug")
    before = len(day.erp.events())
    wrong = {"sku": DARK, "base": "-110.00", "colour": "vermelho"}
    status, problem = day.erp.try_wrong("price", wrong)
    mistakes = "; ".join(f"{each['pointer']}: {each['detail']}" for each in problem.get("errors", []))
    day.timeline.say(IN, "a price of -110.00, with a field that no price has")
    day.timeline.say(ANSWER, f"{status} {problem.get('title')}: {mistakes}", style="yellow")
    named = {each["pointer"] for each in problem.get("errors", [])}
    day.check(
        "wrong input refused, each mistake named",
        "" if (status, named) == (422, {"/base", "/colour"}) else f"the answer was {status}: {problem}",
        "" if len(day.erp.events()) == before else "an event was stored for it",
    )


def staff_and_erp(day: Day) -> None:
    say = day.timeline.say
    day.timeline.scene("3. The store's team and the ERP work on the same product")
    for sku in SKU_CODES:
        day.store.enrich(sku)
    day.store.add_club_price(DARK)
    say("team → store", "a picture for each SKU, product and SKUs switched on, a better address in the shop")
    say("team → store", f"a price of {STAFF_PRICE} for the club (trade policy {STAFF_POLICY})")
    ids = [
        *day.erp.tell("product", {"code": PRODUCT_CODE, "title": "Vaso de Barro Vermelho Feito à Mão"}),
        *day.erp.tell("sku", {"code": DARK, "packaged_weight": "2.4"}),
        *day.erp.tell("price", {"sku": DARK, "base": "115.00"}),
    ]
    say(IN, "a new title, a new weight and a new price; each change names only what changed")
    day.erp.wait(ids)
    state = day.store.state()
    active = sum(sku["IsActive"] for sku in state["skus"])
    pictures = sum(len(sku["Images"]) for sku in state["skus"])
    clubs = sum(len(price["fixedPrices"]) for price in state["prices"])
    say(OUT, "read, laid over, written back: VTEX's PUT would have erased what it does not name")
    say(
        "",
        f"the store still has {active} active SKUs, {pictures} pictures, {clubs} club price",
        style="green",
    )


def repeats_and_rush(day: Day) -> None:
    say = day.timeline.say
    day.timeline.scene("4. The same again, and three quick ones")
    before = day.store.position()
    again = day.erp.tell("price", {"sku": DARK, "base": "115.00"})
    event = day.erp.event(day.erp.wait(again)[0]["id"])
    calls = [entry["path"] for entry in day.store.journal(after=before) if entry["api"] == "pricing"]
    say(IN, "the same price once more")
    say(OUT, f"{event['status']}, {len(calls)} calls to VTEX", style="green")
    day.check(
        "the same price again: unchanged, no call",
        "" if event["status"] == "unchanged" else f"it ended as {event['status']}",
        f"it made calls: {calls}" if calls or event["attempts"] else "",
    )
    day.store.slow_down_stock(0.25)
    before = day.store.position()
    rush = [
        day.erp.tell("stock", {"sku": LIGHT, "warehouse": WAREHOUSE, "quantity": each})[0]
        for each in (39, 38, 37)
    ]
    say(IN, "39, 38, 37 left: three stock changes in a row, while a write takes VTEX 0.25 s")
    statuses = [str(event["status"]) for event in day.erp.wait(rush)]
    day.store.slow_down_stock(0)
    written = [effect["quantity"] for effect in day.store.effects("stock.patched", after=before)]
    refused = [entry for entry in day.store.journal(after=before) if entry["status"] == 423]  # noqa: PLR2004
    say(OUT, f"written: {written}; the three changes are {', '.join(statuses)}", style="green")
    day.check(
        "quick stock changes: the last one wins",
        "" if written[-1:] == [37] else f"written were {written}",
        "" if statuses[-1] == "delivered" else f"the last one is {statuses[-1]}",
        f"VTEX dropped {len(refused)} near-simultaneous writes (423)" if refused else "",
    )


def bad_luck(day: Day) -> None:
    say = day.timeline.say
    day.timeline.scene("5. VTEX has a bad moment")
    day.store.break_once("/pricing/", 429, "PUT", Retry_After=str(PAUSE_SECONDS))
    day.store.break_once("/product|/AdminWebService", 503)
    say(
        "bad luck", f"Pricing is to answer 429 with Retry-After: {PAUSE_SECONDS}, and the catalogue 503, once"
    )
    ids = [
        *day.erp.tell("price", {"sku": LARGE, "base": "194.90"}),
        *day.erp.tell("product", {"code": PRODUCT_CODE, "keywords": "Barro, vaso, vermelho, artesanal"}),
    ]
    say(IN, "a new price and new keywords")
    for each in ids:
        held = day.erp.wait([each], {"retrying", *FINISHED})[0]
        if held["status"] != "retrying":
            continue  # too quick for us to see; the attempts below tell whether it was
        due = datetime.fromisoformat(held["next_attempt_at"]) - datetime.now(UTC)
        again = f"tried again in {max(0.0, due.total_seconds()):.1f} s"
        say("", f"{described(held)} is retrying: {held['why']}; {again}", style="yellow")
    day.erp.wait(ids)
    attempts = [day.erp.event(each)["attempts"] for each in ids]
    paused = [_pause(each) for each in attempts]
    say(
        OUT,
        f"delivered: the price after {paused[0]:.1f} s, the keywords after {paused[1]:.1f} s",
        style="green",
    )
    outcomes = [[attempt["outcome"] for attempt in each] for each in attempts]
    day.check(
        "throttled: retried, not before Retry-After",
        "" if outcomes == [["retrying", "delivered"]] * 2 else f"the attempts ended as {outcomes}",
        "" if paused[0] >= PAUSE_SECONDS else f"the price was sent again after {paused[0]:.2f} s",
    )


def _pause(attempts: list[Record]) -> float:
    """Seconds between the end of the first attempt and the start of the last."""
    begun = [datetime.fromisoformat(attempt["started_at"]) for attempt in attempts]
    return (begun[-1] - begun[0]).total_seconds() - int(attempts[0]["duration_ms"]) / 1000


MORNING: tuple[Callable[[Day], None], ...] = (
    reverse_order,
    wrong_input,
    staff_and_erp,
    repeats_and_rush,
    bad_luck,
)
