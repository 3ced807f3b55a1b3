"""One round of the play: a stage, the day on it, and what the checks say at its end."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from app.demo.checks import Check, Seen, compare
from app.demo.day import MORNING, Day
from app.demo.erp import FINISHED, Erp
from app.demo.goods import Record
from app.demo.order import customer_buys, erp_invoices
from app.demo.polling import Stuck, until
from app.demo.stage import APP_KEY, APP_TOKEN, Stage, open_stage
from app.demo.store import Store
from app.demo.timeline import Outcome, Timeline

_TO_THE_END = "the day was played to its end"


def play_round(
    stack: ExitStack, timeline: Timeline, directory: Path, catalog: str
) -> tuple[Outcome, Stage | None]:
    """The stage stays open until the stack is closed; None where it could not be set."""
    codec = "the Catalog REST API" if catalog == "rest" else "the SOAP webservice"
    timeline.round(f'catalog = "{catalog}": the catalogue goes through {codec}')
    try:
        stage = stack.enter_context(open_stage(directory, catalog))
    except Stuck as stuck:
        return Outcome(catalog, {}, [Check(_TO_THE_END, [str(stuck)])]), None
    timeline.say(
        "", f"`bridge all` answers at {stage.bridge_url}, the sandbox at {stage.sandbox_url}/sandbox"
    )
    timeline.say("", f"the bridge logs to {stage.log}", style="dim")
    with Store(stage.sandbox_url, APP_KEY, APP_TOKEN) as store, Erp(stage.bridge_url, stage.key) as erp:
        return _play(Day(erp, store, timeline), stage), stage


def _play(day: Day, stage: Stage) -> Outcome:
    orders: list[str] = []
    checks = _until_stuck(day, lambda: _scenes(day, orders), _TO_THE_END)
    day.timeline.scene("8. The evening: is the store what the ERP said?")
    seen: list[Seen] = []
    checks += _until_stuck(day, lambda: seen.append(_look(day, stage, orders)), "everything can be looked at")
    checks += day.checks
    checks += [check for each in seen for check in compare(day.erp.said, each)]
    right = sum(check.right for check in checks)
    style = "green" if right == len(checks) else "bold red"
    day.timeline.say("", f"{right} of {len(checks)} checks are right", style=style)
    return Outcome(stage.catalog, _facts(day, seen[0]) if seen else {}, checks)


def _until_stuck(day: Day, act: Callable[[], None], name: str) -> list[Check]:
    try:
        act()
    except Stuck as stuck:
        day.timeline.say("", str(stuck), style="bold red")
        return [Check(name, [str(stuck)])]
    return [Check(name, [])]


def _scenes(day: Day, orders: list[str]) -> None:
    for scene in MORNING:
        scene(day)
    order = customer_buys(day)
    orders.append(order["id"])
    erp_invoices(day, order)
    until(lambda: all(event["status"] in FINISHED for event in day.erp.events()), "every event to end")


def _look(day: Day, stage: Stage, orders: list[str]) -> Seen:
    store, log = day.store, stage.log.read_text(encoding="utf-8", errors="replace")
    return Seen(store.state(), store.journal(), store.erp(), day.erp.events(), orders, log.splitlines())


def _facts(day: Day, seen: Seen) -> dict[str, str]:
    statuses = Counter(str(event["status"]) for event in seen.events)
    journeys = [" → ".join(_from_ready(order["statuses"])) for order in seen.state["orders"]]
    return {
        "changes accepted": str(len(day.erp.said.events)),
        "events": ", ".join(f"{count} {status}" for status, count in statuses.most_common()),
        "calls to VTEX": _calls(seen.journal),
        "callbacks to the ERP": f"{len(seen.erp['deliveries'])} sent, {len(seen.erp['received'])} taken in",
        "the order's journey": "; ".join(journeys),
    }


def _from_ready(statuses: list[str]) -> list[str]:
    """Before that it is the shopper's and the bank's journey."""
    ready = "ready-for-handling"
    return statuses[statuses.index(ready) :] if ready in statuses else statuses


def _calls(journal: list[Record]) -> str:
    """By API; asking for orders is counted apart, for it goes on all day."""
    calls = [entry for entry in journal if entry["api"] != "sandbox" and not _by_the_team(entry)]
    asking = [entry for entry in calls if _asks_for_orders(entry)]
    apis = Counter(str(entry["api"]) for entry in calls if not _asks_for_orders(entry))
    refused = apis.pop("fault", 0)
    parts = [f"{count} {api}" for api, count in apis.most_common()]
    return ", ".join([*parts, f"{refused} refused on purpose", f"{len(asking)} asking for orders"])


def _by_the_team(entry: Record) -> bool:
    return bool(entry.get("effect", {}).get("type") == "price.fixed-merged")


def _asks_for_orders(entry: Record) -> bool:
    return bool(entry["api"] == "feed" or entry["path"].endswith("/orders"))


def stay(timeline: Timeline, stage: Stage) -> None:
    """Leave the last round running for a look around, until Ctrl-C or its end."""
    timeline.plain(f"""
Still running, for a look around (Ctrl-C ends it):
  {stage.bridge_url}/docs
  {stage.bridge_url}/metrics
  curl -H 'Authorization: Bearer {stage.key}' {stage.bridge_url}/v1/events
  {stage.sandbox_url}/sandbox
  {stage.log}""")
    with suppress(KeyboardInterrupt):
        while stage.bridge.poll() is None:
            time.sleep(0.5)
