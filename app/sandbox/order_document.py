"""An order as the OMS shows it: the full document and the row of the list."""

from datetime import UTC, datetime, timedelta

from app.sandbox.order_items import PROMOTION, order_item
from app.sandbox.orders import DESCRIPTIONS, Line, Order
from app.sandbox.state import Store
from app.sandbox.wire import Record

ADDRESS: Record = {
    "addressType": "residential",
    "receiverName": "Rodrigo Smith",
    "addressId": "3206601248910",
    "versionId": None,
    "entityId": None,
    "postalCode": "22630-011",
    "city": "Rio de Janeiro",
    "state": "RJ",
    "country": "BRA",
    "street": "Avenida Lúcio Costa",
    "number": "126",
    "neighborhood": "Barra da Tijuca",
    "complement": "10",
    "reference": None,
    "geoCoordinates": [],
}

CLIENT: Record = {
    "id": "clientProfileData",
    "email": "rodrigo.smith@example.com",
    "firstName": "Rodrigo",
    "lastName": "Smith",
    "documentType": "cpf",
    "document": "84513427019",
    "phone": "+5561992227222",
    "corporateName": None,
    "tradeName": None,
    "corporateDocument": None,
    "stateInscription": None,
    "corporatePhone": None,
    "isCorporate": False,
    "userProfileId": "5660c55f-714d-4b14-88a7-b03e9bfbdd20",
    "userProfileVersion": None,
    "customerClass": None,
    "customerCode": None,
}

PREFERENCES: Record = {
    "countryCode": "BRA",
    "currencyCode": "BRL",
    "currencyFormatInfo": {
        "CurrencyDecimalDigits": 2,
        "CurrencyDecimalSeparator": ",",
        "CurrencyGroupSeparator": ".",
        "CurrencyGroupSize": 3,
        "StartsWithCurrencySymbol": True,
    },
    "currencyLocale": 1046,
    "currencySymbol": "R$",
    "timeZone": "E. South America Standard Time",
}


def iso(moment: datetime | float | None) -> str | None:
    if isinstance(moment, int | float):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.isoformat(timespec="microseconds") if moment else None


def order_document(store: Store, order: Order) -> Record:
    """Modelled on the example of GET order in VTEX's Orders API; money is in cents."""
    endpoint = f"http://oms.vtexinternal.com.br/api/oms?an={store.account}"
    ids = {
        "orderId": order.order_id,
        "sequence": str(order.sequence),
        "marketplaceOrderId": "",
        "marketplaceServicesEndpoint": endpoint,
        "sellerOrderId": order.seller_order_id,
        "origin": "Marketplace",
        "affiliateId": "",
        "salesChannel": "1",
        "merchantName": None,
    }
    seller = {
        "id": order.seller,
        "name": store.account if order.seller == "1" else order.seller,
        "logo": "",
        "fulfillmentEndpoint": endpoint.replace("oms", "fulfillment"),
    }
    parts = {
        "sellers": [seller],
        "marketplace": {"baseURL": endpoint, "isCertified": None, "name": store.account},
        "clientPreferencesData": {"locale": "pt-BR", "optinNewsLetter": False},
        "clientProfileData": CLIENT,
        "items": [order_item(store, line, index) for index, line in enumerate(order.lines)],
        "shippingData": _shipping(order),
        "paymentData": _payment(store, order),
        "packageAttachment": {"packages": order.packages},
        "storePreferencesData": PREFERENCES,
        "ratesAndBenefitsData": {
            "id": "ratesAndBenefitsData",
            "rateAndBenefitsIdentifiers": [PROMOTION] if order.discounts_total else [],
        },
        "cancellationData": _cancellation(order),
        "cancellationRequests": order.cancellation_requests or None,
        "invoiceData": None,
        "marketingData": None,
        "changesAttachment": None,
        "customData": None,
        "openTextField": None,
    }
    return ids | _state(store, order) | parts


def _state(store: Store, order: Order) -> Record:
    return {
        "status": order.status,
        "statusDescription": DESCRIPTIONS[order.status],
        "workflowIsInError": False,
        "value": order.total,
        "creationDate": iso(order.created),
        "lastChange": iso(order.changed),
        "authorizedDate": iso(order.when("payment-approved")),
        "invoicedDate": iso(order.when("invoiced")),
        "cancelReason": order.cancel_reason,
        "orderGroup": order.group,
        "followUpEmail": CLIENT["email"],
        "lastMessage": None,
        "hostname": store.account,
        "isCompleted": True,
        "roundingError": 0,
        "orderFormId": order.lines[0].unique_id.lower(),
        "allowCancellation": order.status not in {"invoiced", "canceled"} and not order.packages,
        "allowEdition": False,
        "isCheckedIn": False,
        "totals": [
            {"id": "Items", "name": "Total dos Itens", "value": order.items_total},
            {"id": "Discounts", "name": "Total dos Descontos", "value": -order.discounts_total},
            {"id": "Shipping", "name": "Total do Frete", "value": order.shipping},
            {"id": "Tax", "name": "Total da Taxa", "value": 0},
        ],
    }


def _shipping(order: Order) -> Record:
    share, rest = divmod(order.shipping, len(order.lines))

    def logistics(index: int, line: Line) -> Record:
        price = share + (rest if index == 0 else 0)
        delivery = {"courierId": "1", "courierName": "Transportadora", "dockId": "1"}
        due = iso(order.created + timedelta(days=4))
        prices = {"price": price, "listPrice": price, "sellingPrice": price}
        return {"itemIndex": index, "selectedSla": "Normal", "lockTTL": "10d", **prices} | {
            "deliveryWindow": None,
            "deliveryCompany": "Transportadora",
            "shippingEstimate": "4bd",
            "shippingEstimateDate": due,
            "deliveryIds": [delivery | {"quantity": line.quantity, "warehouseId": line.warehouse}],
            "deliveryChannel": "delivery",
            "addressId": ADDRESS["addressId"],
        }

    info = [logistics(index, line) for index, line in enumerate(order.lines)]
    rest_of = {"trackingHints": None, "selectedAddresses": [ADDRESS]}
    return {"id": "shippingData", "address": ADDRESS, "logisticsInfo": info, **rest_of}


def payment_ids(order: Order) -> tuple[str, str]:
    """Of its transaction and of the payment in it."""
    identity = order.lines[0].unique_id
    return identity[::-1], identity


def _payment(store: Store, order: Order) -> Record:
    transaction_id, identity = payment_ids(order)
    system = {"paymentSystem": "2", "paymentSystemName": "Visa", "group": "creditCard"}
    figures = {"value": order.total, "referenceValue": order.total, "installments": 1}
    payment = {"id": identity, **system, **figures, "tid": str(order.sequence)}
    transaction = {"isActive": True, "transactionId": transaction_id, "merchantName": store.account.upper()}
    return {"transactions": [transaction | {"payments": [payment]}], "giftCards": []}


def _cancellation(order: Order) -> Record | None:
    if order.status != "canceled":
        return None
    by = {"RequestedByUser": True, "RequestedBySystem": False, "RequestedBySellerNotification": False}
    return by | {"Reason": order.cancel_reason, "CancellationDate": iso(order.when("canceled"))}


def order_row(order: Order, status: str) -> Record:
    """A row of List orders, with the status that its late index believes; items is always null."""
    return {
        "orderId": order.order_id,
        "creationDate": order.created.isoformat(timespec="seconds"),
        "clientName": f"{CLIENT['firstName']} {CLIENT['lastName']}",
        "items": None,
        "totalValue": order.total,
        "paymentNames": "Visa",
        "status": status,
        "statusDescription": DESCRIPTIONS[status],
        "marketPlaceOrderId": None,
        "sequence": str(order.sequence),
        "salesChannel": "1",
        "affiliateId": "",
        "origin": "Marketplace",
        "workflowInErrorState": False,
        "workflowInRetry": False,
        "lastMessageUnread": None,
        "ShippingEstimatedDate": None,
        "ShippingEstimatedDateMax": None,
        "ShippingEstimatedDateMin": None,
        "listId": None,
        "listType": None,
        "callCenterOperatorName": None,
        "orderIsComplete": True,
        "authorizedDate": iso(order.when("payment-approved")),
        "totalItems": sum(line.quantity for line in order.lines),
        "currencyCode": "BRL",
    }
