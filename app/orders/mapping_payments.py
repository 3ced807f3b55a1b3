"""Of an order: payments, gift cards, and the discounts and taxes that make a price."""

from typing import Literal

from app.orders.document_parts import BankSlip, Card, GiftCard, Payment, PriceTag
from app.orders.lenient import Record, flag, money, quantity, record, records, text
from app.orders.mapping_parties import address_or_none

Tag = Literal["discount", "tax", "other"]


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


def payments(data: Record) -> list[Payment]:
    return [
        _payment(transaction, payment)
        for transaction in records(data, "transactions")
        for payment in records(transaction, "payments")
    ]


def _payment(transaction: Record, payment: Record) -> Payment:
    said = record(payment, "connectorResponses")
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
        due_date=text(payment.get("dueDate")),
        tid=text(payment.get("tid")) or text(said.get("Tid")) or text(said.get("tid")),
        nsu=text(said.get("nsu")),
        authorization_code=text(said.get("authId")) or text(said.get("authorizationId")),
        acquirer=text(said.get("acquirer")),
        card=_card(payment),
        bank_slip=_bank_slip(payment),
        gift_card=text(payment.get("giftCardName")) or text(payment.get("giftCardId")),
        wallet=text(payment.get("paymentOrigin")),
        billing_address=address_or_none(payment, "billingAddress"),
    )


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
