"""VTEX Payments Gateway: what became of a payment; money in integer cents."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app import logging
from app.config import VtexSettings
from app.vtex.rest import Rest, path

log = logging.get(__name__)
_ABSENT = {
    HTTPStatus.FORBIDDEN: "the app key lacks the resource View Payment Data (403)",
    HTTPStatus.NOT_FOUND: "VTEX's payments API does not know it (404)",
}

_NONE = "0" * 32


@dataclass(frozen=True, slots=True)
class PaymentReply:
    details: dict[str, Any] | None
    #: Why there are none.
    missing: str | None


class Payments:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._transactions = settings.payments_base + "/api/pvt/transactions"

    async def ask_for_none(self) -> None:
        """Whether the key may read payments: one is asked for that cannot be."""
        place = path("/{transaction}/payments/{payment}", transaction=_NONE, payment=_NONE)
        expected = {HTTPStatus.NOT_FOUND}
        await self._rest.call(
            "payments", "read payment", "GET", self._transactions + place, expected=expected
        )

    async def read(self, transaction_id: str, payment_id: str) -> PaymentReply:
        """A permission that is missing, or a payment, says so: an order can be told without its details."""
        place = path("/{transaction}/payments/{payment}", transaction=transaction_id, payment=payment_id)
        reply = await self._rest.call(
            "payments", "read payment", "GET", self._transactions + place, expected=_ABSENT.keys()
        )
        missing = _ABSENT.get(HTTPStatus(reply.status))
        if missing:
            log.warning("payment.unread", payment=payment_id, why=missing)
            return PaymentReply(None, missing)
        details = reply.record()
        return PaymentReply(details, None if details else "VTEX's payments API answered nothing")
