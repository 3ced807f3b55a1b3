"""The calls of the order hook: to the address that it was given, and again while that fails."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from app.sandbox.wire import Record

#: VTEX Orders API: what does not answer 200 by then counts as failed.
ANSWER_SECONDS = 5.0
#: Geometric, as VTEX's guide says; its figures are not published.
RETRIES_AFTER_SECONDS = (0.1, 0.4, 1.6, 6.4)


@dataclass
class Hook:
    """The configuration, and the notifications under way."""

    account: str
    config: Record | None = None
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def offer(self, order_id: str, state: str, last_state: str, last_at: float, now: float) -> None:
        if self.config is None or state not in self.config["filter"]["status"]:
            return
        body = {
            "Domain": "Fulfillment",
            "OrderId": order_id,
            "State": state,
            "LastState": last_state,
            "LastChange": _iso(last_at),
            "CurrentChange": _iso(now),
            "Origin": {"Account": self.account, "Key": "vtexappkey-sandbox"},
        }
        task = asyncio.get_running_loop().create_task(self._notify(self.config["hook"], body))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    @staticmethod
    async def _notify(hook: Record, body: Record) -> None:
        for rest in (*RETRIES_AFTER_SECONDS, None):
            if await answered(hook, body) or rest is None:
                return
            await asyncio.sleep(rest)


async def answered(hook: Record, body: Record) -> bool:
    """Unsigned: the headers of the configuration are all that tells the receiver who calls."""
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS) as client:
            answer = await client.post(hook["url"], json=body, headers=hook["headers"])
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
