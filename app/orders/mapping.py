"""VTEX's order as the ERP gets it (document.py): exact money, and nothing missing keeps it from the ERP."""

from collections.abc import Mapping
from typing import Any, Literal

from app.orders.document import (
    VERSION,
    Attachment,
    CallCenterOperator,
    Cancellation,
    Component,
    GiftRegistry,
    Item,
    ItemTax,
    Marketing,
    Marketplace,
    Order,
    OrderCallback,
    Promotion,
    Seller,
    Service,
    Taxes,
)
from app.orders.lenient import Record, flag, money, plain, quantity, record, records, text, texts, whole
from app.orders.mapping_custom import custom_data, subscriptions
from app.orders.mapping_parties import customer, invoicing
from app.orders.mapping_payments import gift_cards, payments, price_tags
from app.orders.mapping_shipping import changes, invoices, shipping
from app.vtex.payments import PaymentReply

_REQUESTERS: dict[str, Literal["customer", "system", "seller", "payment"]] = {
    "RequestedByUser": "customer",
    "RequestedBySystem": "system",
    "RequestedBySellerNotification": "seller",
    "RequestedByPaymentNotification": "payment",
}

_WHAT_PAYS = frozenset({"cardNumber", "cvv2", "expireMonth", "expireYear", "dueDate", "redemptionCode"})


def order_document(
    order: Record, *, vtex_order: bool = False, read: Mapping[str, PaymentReply] | None = None
) -> dict[str, Any]:
    """Only an id and a status are needed; `read` has payments' details by their ids."""
    callback = OrderCallback(
        version=VERSION,
        type=f"order.{order['status']}",
        order=_order(order, read or {}),
        vtex_order=_without_what_pays(plain(order)) if vtex_order else None,
    )
    return callback.model_dump(mode="json")


def _without_what_pays(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: None if name in _WHAT_PAYS else _without_what_pays(each) for name, each in value.items()
        }
    return [_without_what_pays(each) for each in value] if isinstance(value, list) else value


def _order(order: Record, read: Mapping[str, PaymentReply]) -> Order:
    return Order(
        id=order["orderId"],
        sequence=text(order.get("sequence")),
        marketplace_order_id=text(order.get("marketplaceOrderId")),
        seller_order_id=text(order.get("sellerOrderId")),
        order_group=text(order.get("orderGroup")),
        order_form_id=text(order.get("orderFormId")),
        status=order["status"],
        workflow_is_in_error=flag(order.get("workflowIsInError")),
        created_at=text(order.get("creationDate")),
        changed_at=text(order.get("lastChange")),
        authorized_at=text(order.get("authorizedDate")),
        invoiced_at=text(order.get("invoicedDate")),
        origin=text(order.get("origin")),
        affiliate_id=text(order.get("affiliateId")),
        account=text(order.get("hostname")),
        merchant=text(order.get("merchantName")),
        sales_channel=text(order.get("salesChannel")),
        currency=text(record(order, "storePreferencesData").get("currencyCode")),
        total=money(order.get("value")),
        totals=_totals(order),
        rounding_error=money(order.get("roundingError")),
        cancellation=_cancellation(order),
        checked_in_pickup_point_id=text(order.get("checkedInPickupPointId")),
        note=text(record(order, "openTextField").get("value")) or text(order.get("openTextField")),
        commercial_condition=text(order.get("commercialConditionData")),
        customer=customer(record(order, "clientProfileData"), record(order, "clientPreferencesData")),
        invoicing=invoicing(record(order, "invoiceData")),
        items=[_item(item) for item in records(order, "items")],
        shipping=shipping(record(order, "shippingData")),
        payments=payments(record(order, "paymentData"), read),
        gift_cards=gift_cards(record(order, "paymentData")),
        sellers=[
            Seller(id=text(each.get("id")), name=text(each.get("name"))) for each in records(order, "sellers")
        ],
        marketplace=_marketplace(record(order, "marketplace")),
        promotions=_promotions(record(order, "ratesAndBenefitsData")),
        taxes=_taxes(record(order, "taxData")),
        marketing=_marketing(record(order, "marketingData")),
        custom_data=custom_data(record(order, "customData")),
        subscriptions=subscriptions(record(order, "subscriptionData")),
        gift_registry=_gift_registry(record(order, "giftRegistryData")),
        call_center_operator=_operator(record(order, "callCenterOperatorData")),
        invoices=invoices(record(order, "packageAttachment")),
        changes=changes(record(order, "changesAttachment")),
    )


def _totals(order: Record) -> dict[str, str | None]:
    named = ((text(each.get("id")), each) for each in records(order, "totals"))
    return {name: money(each.get("value")) for name, each in named if name}


def _item(item: Record) -> Item:
    about = record(item, "additionalInfo")
    # The example has the one, the schema the other.
    priced = record(item, "priceDefinition") or record(item, "priceDefinitions")
    return Item(
        sku=text(item.get("refId")),
        vtex_sku_id=whole(item.get("id")),
        vtex_product_id=whole(item.get("productId")),
        seller_sku=text(item.get("sellerSku")),
        unique_id=text(item.get("uniqueId")),
        name=text(item.get("name")),
        ean=text(item.get("ean")),
        quantity=quantity(item.get("quantity")),
        measurement_unit=text(item.get("measurementUnit")),
        unit_multiplier=quantity(item.get("unitMultiplier")),
        price=money(item.get("price")),
        list_price=money(item.get("listPrice")),
        manual_price=money(item.get("manualPrice")),
        selling_price=money(item.get("sellingPrice")),
        total=money(priced.get("total")),
        cost_price=money(item.get("costPrice")),
        tax=money(item.get("tax")),
        tax_code=text(item.get("taxCode")),
        price_tags=price_tags(item),
        commission=quantity(item.get("commission")),
        freight_commission=quantity(item.get("freightCommission")),
        seller=text(item.get("seller")),
        is_gift=flag(item.get("isGift")),
        brand=text(about.get("brandName")),
        brand_id=whole(about.get("brandId")),
        category_ids=_ids(text(about.get("categoriesIds")) or ""),
        parent_item_index=whole(item.get("parentItemIndex")),
        parent_assembly=text(item.get("parentAssemblyBinding")),
        components=[_component(each) for each in records(item, "components")],
        services=[_service(each) for each in records(item, "bundleItems")],
        attachments=_attachments(item),
    )


def _ids(path: str) -> list[int]:
    """VTEX writes a category's way as /1/12/123/."""
    found = [whole(each) for each in path.split("/") if each]
    return [each for each in found if each is not None]


def _component(part: Record) -> Component:
    return Component(
        sku=text(part.get("refId")),
        vtex_sku_id=whole(part.get("id")),
        unique_id=text(part.get("uniqueId")),
        name=text(part.get("name")),
        quantity=quantity(part.get("quantity")),
        price=money(part.get("price")),
        selling_price=money(part.get("sellingPrice")),
    )


def _service(service: Record) -> Service:
    return Service(
        vtex_id=text(service.get("id")),
        name=text(service.get("name")),
        quantity=quantity(service.get("quantity")),
        price=money(service.get("price")),
    )


def _attachments(item: Record) -> list[Attachment]:
    """An order has them in the new place or in the old one."""
    found = [*records(item, "attachments"), record(item, "itemAttachment")]
    return [
        Attachment(name=text(each.get("name")), content=plain(record(each, "content")))
        for each in found
        if each.get("name") or record(each, "content")
    ]


def _cancellation(order: Record) -> Cancellation | None:
    data = record(order, "cancellationData")
    reason = text(data.get("Reason")) or text(order.get("cancelReason"))
    if not data and not reason:
        return None
    return Cancellation(
        reason=reason,
        at=text(data.get("CancellationDate")),
        requested_by=[who for name, who in _REQUESTERS.items() if data.get(name) is True],
    )


def _marketplace(data: Record) -> Marketplace | None:
    if not data:
        return None
    certified = flag(data.get("isCertified"))
    return Marketplace(name=text(data.get("name")), is_certified=certified, url=text(data.get("baseURL")))


def _promotions(data: Record) -> list[Promotion]:
    return [
        Promotion(
            id=text(each.get("id")), name=text(each.get("name")), description=text(each.get("description"))
        )
        for each in records(data, "rateAndBenefitsIdentifiers")
    ]


def _taxes(data: Record) -> Taxes:
    return Taxes(
        designated_by_marketplace=flag(data.get("areTaxesDesignatedByMarketplace")),
        items=[
            ItemTax(
                item_index=whole(each.get("itemIndex")),
                vtex_sku_id=whole(each.get("sku")),
                price_tags=price_tags(each, "tax"),
            )
            for each in records(data, "taxInfoCollection")
        ],
    )


def _marketing(data: Record) -> Marketing | None:
    if not data:
        return None
    return Marketing(
        coupon=text(data.get("coupon")),
        utm_source=text(data.get("utmSource")),
        utm_medium=text(data.get("utmMedium")),
        utm_campaign=text(data.get("utmCampaign")),
        utm_partner=text(data.get("utmPartner")),
        tags=texts(data, "marketingTags"),
    )


def _gift_registry(data: Record) -> GiftRegistry | None:
    if not data:
        return None
    return GiftRegistry(
        id=text(data.get("giftRegistryId")),
        type=text(data.get("giftRegistryType")),
        type_name=text(data.get("giftRegistryTypeName")),
        description=text(data.get("description")),
    )


def _operator(data: Record) -> CallCenterOperator | None:
    if not data:
        return None
    return CallCenterOperator(name=text(data.get("userName")), email=text(data.get("email")))
