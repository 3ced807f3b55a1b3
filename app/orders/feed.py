"""Feed v3: checked before use, created where there is none, a foreign one left alone."""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import Any

from app import logging
from app.config import OrderSettings
from app.errors import Refused
from app.orders.hints import Hint, Hints
from app.orders.status import CLOSED, REPORTED
from app.vtex.orders import Orders

log = logging.get(__name__)

#: VTEX drops the configuration itself when nothing arrived for this long; its longest is 14 days.
RETENTION_SECONDS = 14 * 24 * 3600
_OURS = (REPORTED, REPORTED | CLOSED)


class Whose(Enum):
    """Whose the configuration is that VTEX has for our app key."""

    NOBODYS = auto()
    OURS = auto()
    #: Made by this service, with other settings: made anew without asking.
    OURS_BUT_OTHER = auto()
    FOREIGN = auto()


def whose_feed(present: Mapping[str, Any] | None, statuses: Collection[str]) -> Whose:
    if present is None:
        return Whose.NOBODYS
    found = feed_filter(present)
    named = set(found.get("status") or []) if found.get("type") == "FromWorkflow" else set()
    if named == set(statuses):
        return Whose.OURS
    # With another stock policy.
    return Whose.OURS_BUT_OTHER if named in _OURS else Whose.FOREIGN


def feed_filter(present: Mapping[str, Any]) -> dict[str, Any]:
    """By small names: VTEX's spelling of them varies."""
    return {name.lower(): value for name, value in (present.get("filter") or {}).items()}


async def read_feed(orders: Orders, hints: Hints) -> int | None:
    """Read one lot: persist, then commit; how many items there were, None where there is no feed."""
    items = await orders.feed_items()
    if not items:
        return None if items is None else 0
    await hints.put(Hint(item.order_id, item.state) for item in items if item.order_id)
    await orders.commit_feed([item.handle for item in items])
    return len(items)


async def ensure_feed(orders: Orders, settings: OrderSettings, statuses: Collection[str] = REPORTED) -> None:
    """Make the feed of this app key ours; Refused for one that somebody else configured."""
    present = await orders.feed_configuration()
    whose = whose_feed(present, statuses)
    if whose is Whose.OURS:
        return
    if present is not None and whose is Whose.FOREIGN:
        found = feed_filter(present)
        if not settings.take_over:
            raise Refused(
                f"this app key has a feed that we did not configure (type {found.get('type')}, statuses"
                f" {found.get('status')}); use an app key of the bridge's own, or set orders.take_over = true"
            )
        log.warning("feed.taken_over", before=str(found))
    await orders.configure_feed(
        sorted(statuses),
        visibility_seconds=settings.feed_visibility_seconds,
        retention_seconds=RETENTION_SECONDS,
    )
    log.info("feed.configured")
