"""The sweep: all orders in a status, in windows of creation, so that none falls beyond the list's cap.

The list shows 3,000 orders of a filter at most, and those of the last two years.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import logging
from app.vtex.orders import LIST_PAGE_SIZE, LIST_PAGES, Orders

log = logging.get(__name__)

_REACH = timedelta(days=731)
#: The list's clock may be ahead of ours.
_AHEAD = timedelta(minutes=5)
#: The finest that VTEX's filter tells apart.
_SHORTEST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Orders created from `start` to `end`, both included."""

    start: datetime
    end: datetime

    def halves(self) -> tuple["Window", "Window"]:
        middle = self.start + (self.end - self.start) / 2
        middle -= timedelta(microseconds=middle.microsecond % 1000)
        return Window(self.start, middle), Window(middle + _SHORTEST, self.end)


def _everything(now: datetime) -> Window:
    now = now.replace(microsecond=0)
    return Window(now - _REACH, now + _AHEAD)


async def sweep(orders: Orders, statuses: list[str], now: datetime) -> AsyncIterator[list[str]]:
    """The ids of one window after the other; all of a window's pages are read before it is given.

    The list's pages shift while orders leave the status, as they do when they are told of.
    """
    waiting: list[Window | None] = [None]
    while waiting:
        window = waiting.pop()
        span = (window.start, window.end) if window else None
        page = await orders.listed(statuses, 1, span)
        if page.total > LIST_PAGES * LIST_PAGE_SIZE:
            whole = window or _everything(now)
            if whole.end > whole.start:
                waiting += reversed(whole.halves() if window else (whole,))
                continue
            log.error("sweep.cut_off", at=whole.start.isoformat(), orders=page.total)
        found = list(page.order_ids)
        for number in range(2, LIST_PAGES + 1):
            if len(page.order_ids) < LIST_PAGE_SIZE:
                break
            page = await orders.listed(statuses, number, span)
            found += page.order_ids
        yield found
