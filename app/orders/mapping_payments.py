"""Of an order: payments, gift cards, and the discounts and taxes that make a price."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

import msgspec

from app.orders.document_parts import Address, BankSlip, Card, GiftCard, Payment, PaymentDetails, PriceTag
from app.orders.lenient import Record, flag, money, quantity, record, records, text
from app.orders.mapping_parties import address, address_or_none
from app.vtex.payments import PaymentReply

Tag = Literal["discount", "tax", "other"]
_NOT_WANTED = PaymentReply(None, None)


def price_tags(parent: Record, unnamed: Tag = "other") -> list[PriceTag]:
    return [_price_tag(each, unnamed) for each in records(parent, "priceTags")]


def _price_tag(tag: Record, unnamed: Tag) -> PriceTag:
    name = text(tag.get("name"))
    is_percentage = tag.get("isPercentual") is True
    percentage = quantity(tag.get("value")) if is_percentage else None
    return PriceTag(
        name=name,
        type=_type_of((name or "").lower(), unnamed),
        value=None if is_percentage else money(tag.get("value")),
        percentage=text(percentage),
        identifier=text(tag.get("identifier")),
    )


def _type_of(name: str, unnamed: Tag) -> Tag:
    """VTEX's names are discount@price-…, DISCOUNT@MARKETPLACE, tax@price-…, Tax@…."""
    if name.startswith("discount@"):
        return "discount"
    return "tax" if name.startswith("tax@") else unnamed


def payments(data: Record, read: Mapping[str, PaymentReply]) -> list[Payment]:
    return [
        _payment(transaction, payment, read.get(str(payment.get("id")), _NOT_WANTED))
        for transaction in records(data, "transactions")
        for payment in records(transaction, "payments")
    ]


def _payment(transaction: Record, payment: Record, reply: PaymentReply) -> Payment:
    said, card = record(payment, "connectorResponses"), _card(payment)
    return Payment(
        id=text(payment.get("id")),
        transaction_id=text(transaction.get("transactionId")),
        is_active=flag(transaction.get("isActive")),
        merchant=text(transaction.get("merchantName")),
        method=text(payment.get("paymentSystemName")),
        method_id=text(payment.get("paymentSystem")),
        group=text(payment.get("group")),
        installments=quantity(payment.get("installments")),
        value=money(payment.get("value")),
        reference_value=money(payment.get("referenceValue")),
        # Of a card it is the expiry.
        due_date=None if card else text(payment.get("dueDate")),
        tid=text(payment.get("tid")) or text(said.get("Tid")) or text(said.get("tid")),
        nsu=text(said.get("nsu")),
        authorization_code=text(said.get("authId")) or text(said.get("authorizationId")),
        acquirer=text(said.get("acquirer")),
        card=card,
        bank_slip=_bank_slip(payment),
        gift_card=text(payment.get("giftCardName")) or text(payment.get("giftCardId")),
        wallet=text(payment.get("paymentOrigin")),
        billing_address=address_or_none(payment, "billingAddress"),
        details=_details(reply.details) if reply.details else None,
        details_missing=reply.missing,
    )


def _details(details: Record) -> PaymentDetails:
    said = record(details, "connectorResponse") or record(details, "ConnectorResponses")
    return PaymentDetails(
        status=text(details.get("status")),
        authorized_at=text(details.get("authorizationDate")),
        connector=text(details.get("connector")),
        tid=text(details.get("tid")) or text(said.get("Tid")),
        nsu=text(details.get("nsu")) or text(said.get("nsu")),
        authorization_code=text(said.get("authId")),
        return_code=text(details.get("returnCode")) or text(said.get("ReturnCode")),
        return_message=text(details.get("returnMessage")) or text(said.get("Message")),
        installment_value=money(details.get("installmentsValue")),
        interest_rate=quantity(details.get("installmentsInterestRate")),
        billing_address=_billing_address(details),
    )


def _billing_address(details: Record) -> Address | None:
    """VTEX keeps it as JSON in one of the payment's fields."""
    written = next(
        (each.get("value") for each in records(details, "fields") if each.get("name") == "address"), None
    )
    with suppress(msgspec.DecodeError, TypeError):
        found = msgspec.json.decode(written or "")
        return address(found) if isinstance(found, dict) else None
    return None


def _card(payment: Record) -> Card | None:
    first, last = text(payment.get("firstDigits")), text(payment.get("lastDigits"))
    if not first and not last:
        return None
    return Card(holder=text(payment.get("cardHolder")), first_digits=first, last_digits=last)


def _bank_slip(payment: Record) -> BankSlip | None:
    slip = BankSlip(
        number=text(payment.get("bankIssuedInvoiceIdentificationNumber")),
        formatted_number=text(payment.get("bankIssuedInvoiceIdentificationNumberFormatted")),
        bar_code=text(payment.get("bankIssuedInvoiceBarCodeNumber")),
        bar_code_type=text(payment.get("bankIssuedInvoiceBarCodeType")),
    )
    return slip if slip.number or slip.bar_code else None


def gift_cards(data: Record) -> list[GiftCard]:
    return [
        GiftCard(
            id=text(each.get("id")),
            name=text(each.get("name")),
            provider=text(each.get("provider")),
            value=money(each.get("value")),
        )
        for each in records(data, "giftCards")
    ]
