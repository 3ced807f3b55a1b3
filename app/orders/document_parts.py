"""The parts of an order's document that stand for people, places, parcels and payments."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Money = Annotated[
    str, Field(pattern=r"^-?\d+\.\d{2,}$", examples=["119.90"], description="In the order's currency.")
]
#: Whole numbers as integers, other decimals as text: never a float.
Quantity = int | Annotated[str, Field(pattern=r"^-?\d+\.\d+$")]


class Address(BaseModel):
    type: str | None = Field(description="residential, pickup, …")
    receiver: str | None
    postal_code: str | None
    country: str | None = Field(description="Three letters (ISO 3166).")
    state: str | None
    city: str | None
    neighborhood: str | None
    street: str | None
    number: str | None
    complement: str | None
    reference: str | None
    longitude: str | None
    latitude: str | None


class Contact(BaseModel):
    first_name: str | None
    last_name: str | None
    document_type: str | None
    document: str | None
    phone: str | None
    email: str | None


class Customer(Contact):
    is_corporate: bool | None
    corporate_name: str | None
    trade_name: str | None
    corporate_document: str | None
    corporate_phone: str | None
    state_inscription: str | None
    customer_class: str | None
    customer_code: str | None
    user_profile_id: str | None
    locale: str | None
    newsletter: bool | None


class Invoicing(BaseModel):
    """To whom the invoice is made out, where that was said at checkout (VTEX: invoiceData)."""

    address: Address | None
    subject: Contact | None
    payment_methods: list[str]


class PriceTag(BaseModel):
    name: str | None
    type: Literal["discount", "tax", "other"] = Field(description="What its name says it is.")
    value: Money | None = Field(description="Null where it is a percentage.")
    percentage: str | None
    identifier: str | None


class Warehouse(BaseModel):
    """From where an item leaves, and by which carrier."""

    id: str | None
    quantity: Quantity | None
    dock: str | None
    courier_id: str | None
    courier: str | None


class DeliveryWindow(BaseModel):
    """Scheduled delivery."""

    starts_at: str | None
    ends_at: str | None
    price: Money | None


class PickupPoint(BaseModel):
    id: str | None
    name: str | None
    dock: str | None
    information: str | None
    address: Address | None


class Delivery(BaseModel):
    item_index: int | None = Field(description="Of the item that it brings, from 0.")
    sla: str | None = Field(description="The shipping policy that was chosen.")
    channel: str | None = Field(description="delivery or pickup-in-point.")
    courier: str | None
    price: Money | None
    list_price: Money | None
    selling_price: Money | None
    estimate: str | None = Field(description="4bd: four business days.")
    estimated_at: str | None
    transit_time: str | None
    window: DeliveryWindow | None
    pickup_point: PickupPoint | None
    warehouses: list[Warehouse]


class TrackingHint(BaseModel):
    """A label that a marketplace made for the parcel."""

    tracking_id: str | None
    courier: str | None
    url: str | None
    label: str | None


class Shipping(BaseModel):
    address: Address
    contacts: list[Contact]
    deliveries: list[Delivery]
    tracking_hints: list[TrackingHint]


class Card(BaseModel):
    """Never its number, code or expiry."""

    holder: str | None
    first_digits: str | None
    last_digits: str | None


class BankSlip(BaseModel):
    number: str | None
    formatted_number: str | None
    bar_code: str | None
    bar_code_type: str | None


class PaymentDetails(BaseModel):
    """From VTEX's payments API, where the connection wants it."""

    status: str | None
    authorized_at: str | None
    connector: str | None
    tid: str | None
    nsu: str | None
    authorization_code: str | None
    return_code: str | None
    return_message: str | None
    installment_value: Money | None
    interest_rate: Quantity | None
    billing_address: Address | None


class Payment(BaseModel):
    id: str | None
    transaction_id: str | None
    is_active: bool | None = Field(description="Of the transaction: false where it was replaced.")
    merchant: str | None
    method: str | None
    method_id: str | None = Field(description="VTEX's payment system.")
    group: str | None = Field(description="creditCard, debitCard, bankInvoice, instantPayment (Pix), …")
    installments: Quantity | None
    value: Money | None
    reference_value: Money | None = Field(description="Without interest.")
    due_date: str | None = Field(description="Of a bank slip.")
    tid: str | None
    nsu: str | None
    authorization_code: str | None
    acquirer: str | None
    card: Card | None
    bank_slip: BankSlip | None
    gift_card: str | None
    wallet: str | None
    billing_address: Address | None
    details: PaymentDetails | None
    details_missing: str | None = Field(description="Why details that are wanted are not there.")


class GiftCard(BaseModel):
    """Without its redemption code, which is money."""

    id: str | None
    name: str | None
    provider: str | None
    value: Money | None


class MarketplacePayment(BaseModel):
    """Brazil, NT 2025.001: how the marketplace was paid, as the marketplace writes it."""

    app: str | None
    methods: str | None
    acquirer_cnpjs: str | None
    authorization_codes: str | None
    card_brands: str | None


class CustomApp(BaseModel):
    id: str | None
    major: int | None
    fields: dict[str, Any]


class CustomField(BaseModel):
    entity_type: str | None = Field(description="cart, item, address, …")
    entity_id: str | None = Field(description="An item's is its unique_id.")
    name: str | None
    value: Any


class CustomData(BaseModel):
    marketplace_payments: list[MarketplacePayment]
    apps: list[CustomApp]
    fields: list[CustomField]


class InvoicedItem(BaseModel):
    item_index: int | None
    quantity: Quantity | None
    price: Money | None


class Invoice(BaseModel):
    """An invoice that VTEX has, with its parcel."""

    number: str | None
    type: str | None = Field(description="Output: a sale; Input: a return.")
    value: Money | None
    key: str | None
    url: str | None
    issued_at: str | None
    courier: str | None
    tracking_number: str | None
    tracking_url: str | None
    is_delivered: bool | None
    delivered_at: str | None
    items: list[InvoicedItem]


class ChangedItem(BaseModel):
    vtex_sku_id: int | None
    name: str | None
    quantity: Quantity | None
    price: Money | None


class Modification(BaseModel):
    """What was changed after the order was placed."""

    reason: str | None
    at: str | None
    discount: Money | None
    increment: Money | None
    added: list[ChangedItem]
    removed: list[ChangedItem]
