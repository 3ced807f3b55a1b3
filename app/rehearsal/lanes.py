"""What the ERP said so far, read only."""

from datetime import datetime
from typing import Any

from app.changes.kind import Change, Kind
from app.queue.folding import Registers, Saying, moment, saying
from app.queue.store import Store


class Lanes:
    """One connection's."""

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._connection = connection

    async def acknowledged(self, kind: str, key: str) -> dict[str, Any]:
        """As VTEX took it last; empty where it never did."""
        lane = await self._store.read.lane(self._connection, kind, key)
        return (lane and lane.acknowledged_state) or {}

    async def fingerprint(self, kind: str, key: str) -> str | None:
        """Of what VTEX acknowledged last, if that would still count."""
        lane = await self._store.read.lane(self._connection, kind, key)
        return None if lane is None or lane.resend else lane.acknowledged

    async def desired_with(self, kind: Kind[Any], change: Change, now: datetime) -> Change:
        """The sum of all that was said, this change included: that is what would be sent."""
        assert kind.fold is not None
        lane = await self._store.read.lane(self._connection, kind.name, kind.key(change))
        registers = Registers(lane.desired, lane.stamps) if lane else Registers()
        payload = change.payload()
        kind.fold(registers, payload, saying(payload, Saying(moment(now))))
        desired: Change = (kind.desired or kind.change).model_validate(registers.desired)
        return desired
