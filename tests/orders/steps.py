"""The steps that the tests of orders are made of."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from app.orders.feed import RETENTION_SECONDS
from tests.changes.steps import as_staff, calls
from tests.orders.erp import Erp
from tests.running import RunningBridge, RunningSandbox, until

FEED = "/api/orders/feed/config"


#: Unless the configuration says otherwise.
REPORTED = ["canceled", "cancellation-requested", "invoiced", "ready-for-handling"]


def feed(*statuses: str, visibility: int = 240) -> dict[str, Any]:
    """Without statuses as the bridge makes it."""
    return {
        "filter": {"type": "FromWorkflow", "status": list(statuses) or REPORTED},
        "queue": {
            "visibilityTimeoutInSeconds": visibility,
            "MessageRetentionPeriodInSeconds": RETENTION_SECONDS,
        },
    }


async def bought(sandbox: RunningSandbox, status: str = "ready-for-handling") -> str:
    order = await sandbox.control("orders", {"items": [{"ref_id": "S1"}], "status": status})
    return str(order["orderId"])


async def status_of(sandbox: RunningSandbox, order: str) -> str:
    found: dict[str, Any] = {each["orderId"]: each for each in (await sandbox.state())["orders"]}
    return str(found[order]["status"])


async def handled(sandbox: RunningSandbox, *orders: str, seconds: float = 20) -> None:
    async def all_handled() -> bool:
        return {
            effect["effect"]["order_id"] for effect in await sandbox.effects("order.start-handled")
        } >= set(orders)

    await until(all_handled, "VTEX has the orders in handling", seconds=seconds)


async def told(erp: Erp, number: int = 1) -> None:
    await until(lambda: len(erp.callbacks) >= number, f"the ERP is called {number} times")


async def starts(sandbox: RunningSandbox) -> int:
    return len(await calls(sandbox, "POST", "/start-handling"))


async def hints(bridge: RunningBridge) -> int:
    async with bridge.parts.database.read() as transaction:
        return int(await transaction.scalar(text("SELECT count(*) FROM order_hint")) or 0)


async def make_hints_due(bridge: RunningBridge) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    async with bridge.parts.database.write() as transaction:
        await transaction.execute(text("UPDATE order_hint SET due_at = :now"), {"now": now})


async def waiting_in_feed(sandbox: RunningSandbox) -> int:
    return int((await as_staff(sandbox, "GET", FEED))["quantity"])


async def feed_is_empty(sandbox: RunningSandbox) -> None:
    async def empty() -> bool:
        return await waiting_in_feed(sandbox) == 0

    await until(empty, "all of the feed is committed")


async def only_event(bridge: RunningBridge, order: str) -> dict[str, Any]:
    answer = await bridge.client.get("/v1/events", params={"kind": "order", "key": order})
    [event] = answer.json()["events"]
    found: dict[str, Any] = event
    return found


async def order_reaches(bridge: RunningBridge, order: str, *statuses: str) -> dict[str, Any]:
    async def known() -> bool:
        answer = await bridge.client.get("/v1/events", params={"kind": "order", "key": order})
        return bool(answer.json()["events"])

    await until(known, "the order is an event")
    event = await only_event(bridge, order)
    return await bridge.reaches(event["id"], *statuses)
