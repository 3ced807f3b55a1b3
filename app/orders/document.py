"""What the ERP is told of an order: version 1 of our own JSON. Members may be added; none changes or goes.

Money is a decimal string in the order's currency, moments are as VTEX writes them (ISO 8601 with a zone).
Whatever VTEX leaves out is null, an empty list or an empty object.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.orders.document_parts import (
    CustomData,
    Customer,
    GiftCard,
    Invoice,
    Invoicing,
    Modification,
    Money,
    Payment,
    PriceTag,
    Quantity,
    Shipping,
)

VERSION = 1


class Service(BaseModel):
    """Sold with an item: a gift wrapping, a warranty (VTEX: bundleItems)."""

    vtex_id: str | None
    name: str | None
    quantity: Quantity | None
    price: Money | None


class Component(BaseModel):
    """A part of a kit."""

    sku: str | None = Field(description="Your code (RefId).")
    vtex_sku_id: int | None
    unique_id: str | None
    name: str | None
    quantity: Quantity | None
    price: Money | None
    selling_price: Money | None


class Attachment(BaseModel):
    """What the customer added to an item, such as a name to be printed."""

    name: str | None
    content: dict[str, Any]


class Item(BaseModel):
    sku: str | None = Field(description="Your code (RefId); null where VTEX has none: see vtex_sku_id.")
    vtex_sku_id: int | None
    vtex_product_id: int | None
    seller_sku: str | None
    unique_id: str | None = Field(description="VTEX's id of this line of this order.")
    name: str | None
    ean: str | None
    quantity: Quantity | None
    measurement_unit: str | None
    unit_multiplier: Quantity | None = Field(description="How many measurement units one piece has.")
    price: Money | None = Field(description="Of one piece, before discounts.")
    list_price: Money | None
    manual_price: Money | None
    selling_price: Money | None = Field(description="Of one piece, after discounts.")
    total: Money | None = Field(description="Of all pieces, after discounts, as VTEX rounded it.")
    cost_price: Money | None
    tax: Money | None
    tax_code: str | None
    price_tags: list[PriceTag] = Field(description="Discounts and taxes that make the selling price.")
    commission: Quantity | None = Field(description="The seller's, as VTEX has it.")
    freight_commission: Quantity | None = Field(description="The seller's, as VTEX has it.")
    seller: str | None
    is_gift: bool | None
    brand: str | None
    brand_id: int | None
    category_ids: list[int] = Field(description="VTEX's ids, the department first.")
    parent_item_index: int | None = Field(description="Of the item that this one belongs to.")
    parent_assembly: str | None
    components: list[Component]
    services: list[Service]
    attachments: list[Attachment]


class Cancellation(BaseModel):
    reason: str | None
    at: str | None
    requested_by: list[Literal["customer", "system", "seller", "payment"]]


class Seller(BaseModel):
    id: str | None
    name: str | None


class Marketplace(BaseModel):
    name: str | None
    is_certified: bool | None
    url: str | None


class Promotion(BaseModel):
    """A promotion or tax that applied to the order (VTEX: ratesAndBenefitsData)."""

    id: str | None
    name: str | None
    description: str | None


class ItemTax(BaseModel):
    """Taxes as the tax service or the marketplace designated them (VTEX: taxData)."""

    item_index: int | None
    vtex_sku_id: int | None
    price_tags: list[PriceTag]


class Taxes(BaseModel):
    designated_by_marketplace: bool | None
    items: list[ItemTax]


class Marketing(BaseModel):
    coupon: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_partner: str | None
    tags: list[str]


class GiftRegistry(BaseModel):
    id: str | None
    type: str | None
    type_name: str | None
    description: str | None


class Subscription(BaseModel):
    group: str | None
    item_index: int | None
    execution: int | None = Field(description="0 for the order that began it.")
    type: str | None
    periodicity: str | None
    interval: int | None
    begins_at: str | None
    ends_at: str | None


class CallCenterOperator(BaseModel):
    name: str | None
    email: str | None


class Order(BaseModel):
    id: str = Field(description="VTEX's orderId in this account; invoices and tracking name it.")
    sequence: str | None
    marketplace_order_id: str | None
    seller_order_id: str | None
    order_group: str | None = Field(description="Shared by all orders of one purchase.")
    order_form_id: str | None
    status: str
    workflow_is_in_error: bool | None
    created_at: str | None
    changed_at: str | None
    authorized_at: str | None
    invoiced_at: str | None
    origin: str | None = Field(description="Marketplace, Fulfillment or Chain.")
    affiliate_id: str | None
    account: str | None
    merchant: str | None
    sales_channel: str | None = Field(description="The trade policy.")
    currency: str | None
    total: Money | None
    totals: dict[str, Money | None] = Field(description="By VTEX's name: Items, Discounts, Shipping, Tax, …")
    rounding_error: Money | None
    cancellation: Cancellation | None
    checked_in_pickup_point_id: str | None
    note: str | None = Field(description="The customer's remark (VTEX: openTextField).")
    commercial_condition: str | None
    customer: Customer
    invoicing: Invoicing
    items: list[Item]
    shipping: Shipping
    payments: list[Payment]
    gift_cards: list[GiftCard]
    sellers: list[Seller]
    marketplace: Marketplace | None
    promotions: list[Promotion]
    taxes: Taxes
    marketing: Marketing | None
    custom_data: CustomData
    subscriptions: list[Subscription]
    gift_registry: GiftRegistry | None
    call_center_operator: CallCenterOperator | None
    invoices: list[Invoice]
    changes: list[Modification]


class OrderCallback(BaseModel):
    """An order has come to a status."""

    version: Annotated[int, Field(ge=1, description="Of this document's shape.")]
    type: str = Field(description="`order.` and the order's status.", examples=["order.ready-for-handling"])
    order: Order
    vtex_order: dict[str, Any] | None = Field(
        description="Where the connection wants it: the order as VTEX answered it, fractions as text, without"
        " what could pay (card number, code and expiry, redemption codes)."
    )
