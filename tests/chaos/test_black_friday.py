"""Black Friday: the customers come all at once, and everything breaks that can."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.database import Database
from app.keys import Keys
from tests.chaos import order_books as books
from tests.chaos.day import ARRIVAL, END, Day
from tests.chaos.erp import Erp
from tests.chaos.fulfilment import Fulfilment
from tests.chaos.processes import installation, kill_often
from tests.chaos.shoppers import SELLER, Shoppers, put_on_sale
from tests.chaos.verdict import all_ended, unfinished
from tests.running import RunningSandbox, configuration, until

ROLES = ["api", "dispatcher", "dispatcher", "poller", "poller"]
#: Of all requests: the ERP answers 500, or stores the order and says nothing; VTEX breaks too.
TROUBLE = [
    {"path_regex": "^/erp", "action": "status", "status": 500, "probability": 0.03},
    {"path_regex": "^/erp", "action": "delay_after", "probability": 0.03},
    {"path_regex": "^/api/o", "action": "status_after", "status": 500, "probability": 0.005},
    {"path_regex": "^/api/o", "action": "reset_after", "probability": 0.005},
]
SHORT = Day(orders=100, scale=60, between_kills=180)
FULL = Day(
    orders=int(os.environ.get("ORDERS") or 5000), scale=float(os.environ.get("SCALE") or 3), between_kills=60
)


@pytest.mark.parametrize(
    "day",
    [pytest.param(SHORT, id="short"), pytest.param(FULL, id="full", marks=pytest.mark.black_friday)],
)
async def test_every_order_of_black_friday_is_told_invoiced_and_delivered_once(
    day: Day, migrated_postgres_url: str, store: RunningSandbox, tmp_path: Path, chance: random.Random
) -> None:
    database = Database(migrated_postgres_url)
    key = await Keys(database).create("acme")
    print(f"{day.orders} orders; one real second is {day.scale:g} simulated ones")
    settings = _settings(migrated_postgres_url, store.url, day)
    async with installation(settings, tmp_path, ROLES) as processes:
        erp = Erp([processes[0].url], key, chance)
        await put_on_sale(erp)
        await until(lambda: all_ended(database), "all is on sale", seconds=60, every=0.1)
        await _break(store, day, settings["connections"]["acme"]["erp"]["timeout_seconds"])
        fulfilment = Fulfilment(store.app.state.erp, erp, day, chance)
        day.begin()
        pause = (day.between_kills / day.scale * 0.5, day.between_kills / day.scale * 1.5)
        async with _beside(fulfilment.work(), _tell_how_it_goes(store, day)) as working:
            kills, _ = await asyncio.gather(
                kill_often(processes[1:], chance, day.real(1.5 * ARRIVAL), pause),
                Shoppers(store, day, chance).come(),
            )
            await _ended(database, store, fulfilment, working, day)
        minutes = day.minute
    await erp.close()
    print("\n" + books.table(store, kills, minutes, day.scale, minutes * 60 / day.scale))
    assert kills > 1
    assert erp.refused == []
    await books.each_is_told_once(store)
    await books.each_is_handled_once(store)
    await books.each_is_invoiced_and_delivered(store, fulfilment)
    await books.only_the_canceled_were_refused(database, store)
    await books.the_references_are_kept(database, store)
    assert len(await store.effects("feed.configured")) > 1
    # A small day is so much faster that waiting for a dead process's lease takes long in it.
    assert day is SHORT or minutes <= END
    await database.close()


def _settings(database_url: str, store_url: str, day: Day) -> dict[str, Any]:
    """What is waited for in production, that much shorter; leases of processes have their real length."""
    rate = day.answers_per_second
    keys = {"app_key": "env:TEST_APP_KEY", "app_token": "env:TEST_APP_TOKEN"}
    return configuration(
        database_url,
        store_url,
        vtex={
            # VTEX's own quota, as the clock goes.
            "budgets": {"order_reads": {"per_minute": 6000 * day.scale}},
            "sellers": {SELLER: {"account": SELLER, **keys, "rest_url": store_url}},
        },
        erp={
            "timeout_seconds": max(2.0, 10 / day.scale),
            "budget": {"per_minute": rate * 60, "burst": max(2, round(rate))},
            "max_concurrent": 16,
        },
        orders={
            "sources": ["feed", "list"],
            # It knows itself what it has invoiced: at this rate those callbacks would take half of the day.
            "report": ["ready-for-handling", "cancellation-requested", "canceled"],
            "feed_poll_seconds": max(0.1, 5 / day.scale),
            "list_poll_seconds": 300 / day.scale,
            "feed_visibility_seconds": max(2, round(240 / day.scale)),
        },
        delivery={
            "lease_seconds": max(3, 30 / day.scale),
            "retry_base_seconds": 1 / day.scale,
            "retry_cap_seconds": 60 / day.scale,
            "waiting_check_seconds": 300 / day.scale,
            "concurrency": 32,
        },
    )


async def _break(store: RunningSandbox, day: Day, patience: float) -> None:
    """From the first order on; the feed's configuration goes when half of the customers have come."""
    rate = day.answers_per_second
    await store.control("erp", {"per_second": rate, "max_concurrent": 16})
    feed = {"feed_duplicate_ratio": 0.2, "feed_repeat_ratio": 0.2}
    late = {"list_lag_seconds": 240 / day.scale}
    await store.control("settings", {**feed, **late, "cancel_in_two_steps": True})
    await store.control("feed/drop", {"after_seconds": day.real(ARRIVAL / 2)})
    for rule in TROUBLE:
        silence = {"seconds": patience * 1.5} if rule["action"] == "delay_after" else {}
        await store.control("faults", {**rule, "times": None} | silence)


async def _tell_how_it_goes(store: RunningSandbox, day: Day) -> None:
    while True:
        await day.rest(2)
        print(f"minute {day.minute:4.0f}: {books.progress(store)}", flush=True)


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()


async def _ended(
    database: Database,
    store: RunningSandbox,
    fulfilment: Fulfilment,
    working: list[asyncio.Task[None]],
    day: Day,
) -> None:
    async def over() -> bool:
        for task in working:
            if task.done():
                task.result()
        if not (fulfilment.is_idle and books.all_delivered(store) and await all_ended(database)):
            return False
        # What a killed poller held is read after a minute; a small day does not wait for what is known.
        return books.the_canceled_are_told(store) and (
            day is SHORT or await books.all_is_heard(database, store)
        )

    left = max(day.real(END - day.minute), 0) + (60 if day is SHORT else 120)
    try:
        await until(over, "the day is over", seconds=left, every=0.5)
    except AssertionError as error:
        why = await unfinished(database)
        raise AssertionError(f"{error}: {why}; open: {books.open_orders(store)[:5]}") from None
