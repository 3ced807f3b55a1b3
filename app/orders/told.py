"""What a connection's ERP wants to be told of an order, with what has to be read for it."""

from typing import Any

from app.orders.lenient import record, records, text
from app.orders.mapping import order_document
from app.vtex.payments import PaymentReply, Payments


class Told:
    def __init__(self, *, vtex_order: bool = False, payments: Payments | None = None) -> None:
        self._vtex_order = vtex_order
        #: None where payments' details are not wanted.
        self._payments = payments

    async def of(self, order: dict[str, Any]) -> dict[str, Any]:
        """To be made once for each event: every try tells the same."""
        read: dict[str, PaymentReply] = {}
        if self._payments is not None:
            for transaction_id, payment_id in _payments_of(order):
                read[payment_id] = await self._payments.read(transaction_id, payment_id)
        return order_document(order, vtex_order=self._vtex_order, read=read)


def _payments_of(order: dict[str, Any]) -> list[tuple[str, str]]:
    named = [
        (text(transaction.get("transactionId")), text(payment.get("id")))
        for transaction in records(record(order, "paymentData"), "transactions")
        for payment in records(transaction, "payments")
    ]
    return [(transaction, payment) for transaction, payment in named if transaction and payment]
