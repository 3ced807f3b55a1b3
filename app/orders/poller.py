"""The poller: hears of orders from its sources (feed, hook, list), and has each read."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import wraps

from app import logging, metrics
from app.config import OrderSettings
from app.errors import BridgeError, DatabaseUnavailable, Paused, Retry, Unauthorized
from app.orders.feed import Feed, read_feed
from app.orders.hints import Hint, Hints
from app.orders.hook import ensure_hook
from app.orders.leadership import RENEW_SECONDS, Leadership
from app.orders.reader import Reader
from app.orders.sightings import Sightings
from app.orders.status import AFTERWARDS, CANCELING, LISTED
from app.orders.sweep import sweep
from app.queue.lanes import Backoff
from app.queue.store import Store
from app.vtex.orders import Orders

log = logging.get(__name__)

#: A new feed knows no past, and the list's index lags some minutes: so twice.
_SWEEP_AGAIN = timedelta(minutes=10)
_SWEEP_POLL_SECONDS = 1.0
_NOT_LEADING_SECONDS = 0.2
#: The feed tells how an order goes on; what it missed is looked at after so long, so many at once.
_OPEN_CHECK = timedelta(hours=1)
_OPEN_MOST = 200
#: Where there are more: their reading takes less than half of VTEX's quota.
_OPEN_MORE_SECONDS = 5.0
_BACKOFF = Backoff(timedelta(seconds=1), timedelta(seconds=60))


class Poller:
    """One connection's sources."""

    def __init__(
        self,
        connection: str,
        settings: OrderSettings,
        orders: Orders,
        hints: Hints,
        store: Store,
        reader: Reader,
        leadership: Leadership,
        watched: frozenset[str],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._orders = orders
        self._hints = hints
        self._store = store
        self._reader = reader
        self._leadership = leadership
        #: The statuses that feed and hook tell.
        self._watched = watched
        self._feed = Feed(connection, orders, store.database, settings, watched)
        self._sightings = Sightings(store.database, connection)
        self._stopping = asyncio.Event()
        self._feed_is_ours = False
        #: When we made it; what went on before, it never tells.
        self._feed_since: datetime | None = None
        self._hook_is_ours = False
        #: When the list is read beside the feed.
        self._sweeps: list[datetime] = []

    async def run(self) -> None:
        """Until `stop`; an outage of VTEX or of the database is waited for."""
        sources = self._settings.sources
        loops = [self._forever(self._reader.read_hinted), self._forever(self._lead)]
        if "feed" in sources:
            loops.append(self._forever(self._led(self._poll_feed)))
        if "hook" in sources:
            loops.append(self._forever(self._led(self._check_hook)))
        if "list" in sources or set(sources) == {"hook"}:
            # A hook alone forgets what it told while the database was away, or VTEX had dropped it.
            loops.append(self._forever(self._led(self._poll_list)))
        elif sources:
            loops.append(self._forever(self._led(self._sweep)))
        if sources:
            loops.append(self._forever(self._led(self._check_open)))
        await asyncio.gather(*loops)
        with suppress(DatabaseUnavailable):
            await self._leadership.give_up()

    async def _lead(self) -> float:
        try:
            await self._leadership.take_or_renew()
        except DatabaseUnavailable:
            # The lease is short: to back off from an outage would leave the sources unasked after it.
            return RENEW_SECONDS / 5
        return RENEW_SECONDS

    def _led(self, step: Callable[[], Awaitable[float]]) -> Callable[[], Awaitable[float]]:
        """The source is asked by one poller of all; hints are read by each."""

        @wraps(step)
        async def as_leader() -> float:
            if self._leadership.is_ours:
                return await step()
            # Whoever takes over learns anew what VTEX has.
            self._feed_is_ours = self._hook_is_ours = False
            return _NOT_LEADING_SECONDS

        return as_leader

    def stop(self) -> None:
        self._stopping.set()
        self._reader.hinted.set()

    async def _forever(self, step: Callable[[], Awaitable[float]]) -> None:
        """`step` says how many seconds to rest after it."""
        failures = 0
        while not self._stopping.is_set():
            try:
                rest = await step()
                failures = 0
            except (BridgeError, OSError) as error:
                floor = error.after if isinstance(error, Retry | Unauthorized | Paused) else None
                rest = _BACKOFF.delay(failures, floor).total_seconds()
                failures += 1
                log.warning("poll.failed", connection=self._connection, step=step.__name__, error=str(error))
            except Exception:  # our own bug or a malformed answer must not end the poller
                rest = _BACKOFF.delay(failures).total_seconds()
                failures += 1
                log.exception("poll.bug", connection=self._connection, step=step.__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), rest)

    async def _poll_feed(self) -> float:
        if not self._feed_is_ours:
            await self._take_feed()
        found = await read_feed(self._orders, self._hints)
        # VTEX drops a configuration that was idle for long: it is made anew.
        self._feed_is_ours = found is not None
        self._seen("feed", found or 0)
        return 0 if found else self._settings.feed_poll_seconds

    async def _take_feed(self) -> None:
        is_new = await self._feed.ensure()
        now = self._store.clock()
        if is_new:
            self._feed_since = now
        self._sweeps = [now, now + _SWEEP_AGAIN]

    async def _check_hook(self) -> float:
        await ensure_hook(self._orders, self._settings, self._watched)
        if not self._hook_is_ours:
            # A new hook knows no past, like a new feed.
            now = self._store.clock()
            self._hook_is_ours, self._sweeps = True, [now, now + _SWEEP_AGAIN]
        metrics.LAST_POLL.labels(self._connection, "hook").set_to_current_time()
        return self._settings.hook_check_seconds

    async def _sweep(self) -> float:
        """The list finds what the feed cannot know: orders from before it was made, or from our absence.

        Apart from the feed's own loop: the key may lack the permission to list.
        """
        now = self._store.clock()
        if any(due <= now for due in self._sweeps):
            await self._poll_list()
            self._sweeps = [due for due in self._sweeps if due > now]
        return _SWEEP_POLL_SECONDS

    async def _poll_list(self) -> float:
        """All of it, however many they are."""
        # Last, as VTEX does not document that the list can be asked for them: who decides on a cancellation
        # must hear of it, though a lost feed kept the order to itself from its first day on.
        undocumented = sorted(self._settings.report & CANCELING)
        for status in [*sorted(self._settings.report & LISTED - AFTERWARDS), *undocumented]:
            async for order_ids in sweep(self._orders, [status], self._store.clock()):
                await self._hints.put(Hint(order_id, status) for order_id in order_ids)
                self._seen("list", len(order_ids))
        return self._settings.list_poll_seconds

    async def _check_open(self) -> float:
        """The list is asked for what is ready alone, and the feed may have missed how an order went on."""
        often = timedelta(seconds=self._settings.list_poll_seconds)
        life = _OPEN_CHECK if "feed" in self._settings.sources else often
        if self._feed_since is not None:
            life = min(life, self._store.clock() - self._feed_since)
        due = await self._sightings.unread(life, _OPEN_MOST)
        await self._hints.put(Hint(order_id, None) for order_id in due)
        if due:
            self._reader.hinted.set()
        often_enough = self._settings.list_poll_seconds
        return min(_OPEN_MORE_SECONDS, often_enough) if len(due) == _OPEN_MOST else often_enough

    def _seen(self, source: str, found: int) -> None:
        metrics.LAST_POLL.labels(self._connection, source).set_to_current_time()
        if found:
            metrics.ORDERS_HINTED.labels(self._connection, source).inc(found)
            self._reader.hinted.set()
