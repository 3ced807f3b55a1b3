"""Feed v3 as a queue that behaves like SQS: at least once, unordered, by visibility timeout."""

import itertools
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.sandbox.wire import Record

#: How often a read returns fewer items than it could.
SHORT_READS = 0.2
#: An item that comes a second time does so within so many seconds.
REPEATED_WITHIN = 10


@dataclass
class FeedItem:
    event_id: str
    order_id: str
    state: str
    last_state: str
    last_change: str
    current_change: str
    queued_at: float
    visible_at: float
    handle: str = ""

    def dump(self) -> Record:
        return {
            "eventId": self.event_id,
            "handle": self.handle,
            "domain": "Fulfillment",
            "state": self.state,
            "lastState": self.last_state,
            "orderId": self.order_id,
            "lastChange": self.last_change,
            "currentChange": self.current_change,
        }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class FeedQueue:
    chance: random.Random
    config: Record | None = None
    items: dict[str, FeedItem] = field(default_factory=dict)
    #: The latest handle of each item; an older one commits nothing.
    handles: dict[str, str] = field(default_factory=dict)
    #: When VTEX will drop the configuration, with all that waits.
    drop_at: float | None = None
    _last_event: float = 0

    def configure(self, config: Record, now: float) -> None:
        """Old events stay (VTEX guide on the feed); a new feed has no past."""
        self.config, self._last_event = config, now

    def current_config(self, now: float) -> Record | None:
        """VTEX deletes a configuration that saw no event during its retention period."""
        if self.config and now - self._last_event > self._queue("MessageRetentionPeriodInSeconds"):
            self.delete()
        if self.drop_at is not None and self.drop_at <= now:
            self.drop_at = None
            self.delete()
        return self.config

    def delete(self) -> None:
        self.config = None
        self.items.clear()
        self.handles.clear()

    def offer(
        self, order_id: str, state: str, last_state: str, last_at: float, now: float, repeats: float = 0
    ) -> None:
        config = self.current_config(now)
        if config is None or state not in config["filter"]["status"]:
            return
        self._last_event = now
        visible = [now]
        if repeats and self.chance.random() < repeats:
            visible.append(now + self.chance.uniform(0, REPEATED_WITHIN))
        for visible_at in visible:
            event = uuid.UUID(int=self.chance.getrandbits(128)).hex.upper()
            change = _iso(last_at), _iso(now)
            self.items[event] = FeedItem(event, order_id, state, last_state, *change, now, visible_at)

    def read(self, most: int, duplicates: float, now: float) -> list[FeedItem]:
        self._expire(now)
        visible = [item for item in self.items.values() if item.visible_at <= now]
        most = min(most, len(visible))
        if most > 1 and self.chance.random() < SHORT_READS:
            most = self.chance.randint(1, most - 1)
        for item in (batch := self.chance.sample(visible, most)):
            self.handles.pop(item.handle, None)
            item.handle = uuid.UUID(int=self.chance.getrandbits(128)).hex
            self.handles[item.handle] = item.event_id
            twice = self.chance.random() < duplicates
            item.visible_at = now if twice else now + self._queue("visibilityTimeoutInSeconds")
        return batch

    def commit(self, handles: list[str]) -> list[FeedItem]:
        """Remove what the latest handles name; an old or unknown handle is passed over in silence."""
        events = [self.handles.pop(handle) for handle in dict.fromkeys(handles) if handle in self.handles]
        return [self.items.pop(event) for event in events if event in self.items]

    def oldest_age(self, now: float) -> float:
        return max((now - item.queued_at for item in self.items.values()), default=0)

    def _expire(self, now: float) -> None:
        limit = now - self._queue("MessageRetentionPeriodInSeconds")
        expired = itertools.takewhile(lambda item: item.queued_at < limit, self.items.values())
        for item in list(expired):
            self.handles.pop(item.handle, None)
            del self.items[item.event_id]

    def _queue(self, name: str) -> int:
        assert self.config is not None
        return int(self.config["queue"][name])
