"""The stand-in ERP: it receives signed callbacks (Standard Webhooks), each once."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.wire import Json, Record, RefusedError, decode


@dataclass
class Erp:
    secret: str
    #: Answer 500 to the next so many callbacks, before storing anything.
    fail_next: int = 0
    delay_seconds: float = 0
    #: Answer every callback with this status; stored only if it is a 2xx.
    respond: int | None = None
    #: By webhook-id: what the ERP has taken in.
    received: dict[str, Record] = field(default_factory=dict)
    #: Every verified callback that it answered, in order: webhook_id, at, status, repeated.
    deliveries: list[Record] = field(default_factory=list)
    #: Its own number of each order.
    order_refs: dict[str, str] = field(default_factory=dict)
    #: Tests of the way: verified, answered like the others, and not kept.
    pings: int = 0

    @property
    def repeats(self) -> int:
        return sum(1 for delivery in self.deliveries if delivery["repeated"])

    def reset(self) -> None:
        self.__dict__.update(Erp(self.secret).__dict__)

    def verify(self, raw: bytes, headers: dict[str, str]) -> bool:
        """The library also raises ValueError and its kin on malformed headers: all of it is a no."""
        try:
            Webhook(self.secret).verify(raw, headers, json_parse=False)
        except (WebhookVerificationError, ValueError, OverflowError):
            # binascii.Error and UnicodeDecodeError are ValueErrors
            return False
        return True

    def take(self, webhook_id: str, raw: bytes) -> tuple[int, Record]:
        status = self._status()
        repeated = webhook_id in self.received
        at = datetime.now(UTC).isoformat()
        self.deliveries.append({"webhook_id": webhook_id, "at": at, "status": status, "repeated": repeated})
        if not 200 <= status < 300:
            return status, {"error": "The ERP is told to fail"}
        if not repeated:
            body = decode(raw)
            self.received[webhook_id] = {"webhook_id": webhook_id, "at": at, "body": body}
            self.received[webhook_id]["erp_order_ref"] = self._reference(body, webhook_id)
        return status, {"erp_order_ref": self.received[webhook_id]["erp_order_ref"]}

    def ping(self) -> int:
        self.pings += 1
        return self._status()

    def _status(self) -> int:
        if self.fail_next > 0:
            self.fail_next -= 1
            return 500
        return self.respond or 200

    def _reference(self, body: object, webhook_id: str) -> str:
        """One number per order, however many callbacks tell of it."""
        order = _order_id(body) or webhook_id
        return self.order_refs.setdefault(order, f"PED-{len(self.order_refs) + 1:06}")


def _order_id(body: object) -> str | None:
    order = body.get("order") if isinstance(body, dict) else None
    found = order.get("id") if isinstance(order, dict) else None
    return found if isinstance(found, str) else None


async def receive(request: Request) -> Response:
    erp: Erp = request.app.state.erp
    raw = await request.body()
    if not erp.verify(raw, dict(request.headers)):
        raise RefusedError(401, {"error": "The signature does not verify"})
    body = decode(raw)
    if erp.delay_seconds:
        await asyncio.sleep(erp.delay_seconds)
    if isinstance(body, dict) and body.get("type") == "ping":
        return Json({}, status_code=erp.ping())
    status, answer = erp.take(request.headers["webhook-id"], raw)
    return Json(answer, status_code=status)


ROUTES = [Route("/erp/orders", receive, methods=["POST"])]
