"""The stand-in ERP: it receives signed callbacks (Standard Webhooks), each once."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.order_flow import change_mind
from app.sandbox.quota import Bucket
from app.sandbox.state import store_of
from app.sandbox.wire import Json, Record, RefusedError, decode


@dataclass
class Erp:
    secret: str
    #: Answer 500 to the next so many callbacks, before storing anything.
    fail_next: int = 0
    delay_seconds: float = 0
    #: Answer every callback with this status; stored only if it is a 2xx.
    respond: int | None = None
    #: How many it answers in a second, and how many at the same time; beyond that it refuses.
    per_second: Bucket | None = None
    max_concurrent: int | None = None
    #: How it refuses what is too much: 429 or 503.
    overloaded_status: int = 429
    #: By webhook-id: what the ERP has taken in.
    received: dict[str, Record] = field(default_factory=dict)
    #: Every verified callback that it answered, in order: webhook_id, at, status, repeated.
    deliveries: list[Record] = field(default_factory=list)
    #: Its own number of each order.
    order_refs: dict[str, str] = field(default_factory=dict)
    at_work: int = 0
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

    def refusal(self, webhook_id: str) -> Response | None:
        """Where it is too much for it at the moment."""
        passed, headers = True, {"Retry-After": "1"}
        if self.max_concurrent is not None and self.at_work >= self.max_concurrent:
            passed = False
        elif self.per_second is not None:
            passed, headers = self.per_second.take()
        if passed:
            return None
        self._answered(webhook_id, self.overloaded_status)
        return Json({"error": "Too many callbacks"}, status_code=self.overloaded_status, headers=headers)

    def _answered(self, webhook_id: str, status: int) -> None:
        at, repeated = datetime.now(UTC).isoformat(), webhook_id in self.received
        self.deliveries.append({"webhook_id": webhook_id, "at": at, "status": status, "repeated": repeated})

    def take(self, webhook_id: str, raw: bytes) -> tuple[int, Record]:
        status = self._status()
        repeated = webhook_id in self.received
        self._answered(webhook_id, status)
        if not 200 <= status < 300:
            return status, {"error": "The ERP is told to fail"}
        if not repeated:
            body = decode(raw)
            at = self.deliveries[-1]["at"]
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
    body, webhook_id = decode(raw), request.headers["webhook-id"]
    if refusal := erp.refusal(webhook_id):
        return refusal
    erp.at_work += 1
    try:
        if erp.delay_seconds:
            await asyncio.sleep(erp.delay_seconds)
        if isinstance(body, dict) and body.get("type") == "ping":
            return Json({}, status_code=erp.ping())
        status, answer = erp.take(webhook_id, raw)
    finally:
        erp.at_work -= 1
    if webhook_id in erp.received and (order := store_of(request).orders.get(_order_id(body) or "")):
        change_mind(store_of(request), order, "told")
    return Json(answer, status_code=status)


ROUTES = [Route("/erp/orders", receive, methods=["POST"])]
