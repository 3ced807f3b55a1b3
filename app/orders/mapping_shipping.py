"""Of an order: deliveries, the invoices that VTEX has, and what was changed after it was placed."""

from app.orders.document_parts import (
    ChangedItem,
    Delivery,
    DeliveryWindow,
    Invoice,
    InvoicedItem,
    Modification,
    PickupPoint,
    Shipping,
    TrackingHint,
    Warehouse,
)
from app.orders.lenient import Record, flag, money, quantity, record, records, text, whole
from app.orders.mapping_parties import address, address_or_none, contact


def shipping(data: Record) -> Shipping:
    return Shipping(
        address=address(record(data, "address")),
        contacts=[contact(each) for each in records(data, "contactInformation")],
        deliveries=[_delivery(each) for each in records(data, "logisticsInfo")],
        tracking_hints=[
            TrackingHint(
                tracking_id=text(each.get("trackingId")),
                courier=text(each.get("courierName")),
                url=text(each.get("trackingUrl")),
                label=text(each.get("trackingLabel")),
            )
            for each in records(data, "trackingHints")
        ],
    )


def _delivery(info: Record) -> Delivery:
    return Delivery(
        item_index=whole(info.get("itemIndex")),
        sla=text(info.get("selectedSla")),
        # The schema has the one, the example the other.
        channel=text(info.get("selectedDeliveryChannel")) or text(info.get("deliveryChannel")),
        courier=text(info.get("deliveryCompany")),
        price=money(info.get("price")),
        list_price=money(info.get("listPrice")),
        selling_price=money(info.get("sellingPrice")),
        estimate=text(info.get("shippingEstimate")),
        estimated_at=text(info.get("shippingEstimateDate")),
        transit_time=text(info.get("transitTime")),
        window=_window(record(info, "deliveryWindow")),
        pickup_point=_pickup_point(info),
        warehouses=[_warehouse(each) for each in records(info, "deliveryIds")],
    )


def _window(data: Record) -> DeliveryWindow | None:
    if not data:
        return None
    return DeliveryWindow(
        starts_at=text(data.get("startDateUtc")),
        ends_at=text(data.get("endDateUtc")),
        price=money(data.get("price")),
    )


def _pickup_point(info: Record) -> PickupPoint | None:
    store, point = record(info, "pickupStoreInfo"), text(info.get("pickupPointId"))
    if not point and store.get("isPickupStore") is not True:
        return None
    return PickupPoint(
        id=point,
        name=text(store.get("friendlyName")),
        dock=text(store.get("dockId")),
        information=text(store.get("additionalInfo")),
        address=address_or_none(store, "address"),
    )


def _warehouse(data: Record) -> Warehouse:
    return Warehouse(
        id=text(data.get("warehouseId")),
        quantity=quantity(data.get("quantity")),
        dock=text(data.get("dockId")),
        courier_id=text(data.get("courierId")),
        courier=text(data.get("courierName")),
    )


def invoices(data: Record) -> list[Invoice]:
    return [_invoice(each) for each in records(data, "packages")]


def _invoice(package: Record) -> Invoice:
    carried = record(package, "courierStatus")
    return Invoice(
        number=text(package.get("invoiceNumber")),
        type=text(package.get("type")),
        value=money(package.get("invoiceValue")),
        key=text(package.get("invoiceKey")),
        url=text(package.get("invoiceUrl")),
        issued_at=text(package.get("issuanceDate")),
        courier=text(package.get("courier")),
        tracking_number=text(package.get("trackingNumber")),
        tracking_url=text(package.get("trackingUrl")),
        is_delivered=flag(carried.get("finished")),
        delivered_at=text(carried.get("deliveredDate")),
        items=[
            InvoicedItem(
                item_index=whole(each.get("itemIndex")),
                quantity=quantity(each.get("quantity")),
                price=money(each.get("price")),
            )
            for each in records(package, "items")
        ],
    )


def changes(data: Record) -> list[Modification]:
    return [
        Modification(
            reason=text(each.get("reason")),
            at=text(record(each, "receipt").get("date")),
            discount=money(each.get("discountValue")),
            increment=money(each.get("incrementValue")),
            added=_changed(each, "itemsAdded"),
            removed=_changed(each, "itemsRemoved"),
        )
        for each in records(data, "changesData")
    ]


def _changed(change: Record, name: str) -> list[ChangedItem]:
    return [
        ChangedItem(
            vtex_sku_id=whole(each.get("id")),
            name=text(each.get("name")),
            quantity=quantity(each.get("quantity")),
            price=money(each.get("price")),
        )
        for each in records(change, name)
    ]
