"""Of an order: what apps and the store's own fields add to it, and its subscriptions."""

from app.orders.document import Subscription
from app.orders.document_parts import CustomApp, CustomData, CustomField, MarketplacePayment
from app.orders.lenient import Record, plain, record, records, text, whole

#: VTEX release note 2025-08-29: a marketplace (Dafiti) writes the names in the singular.
_PAYMENT_FIELDS = {
    "methods": "marketplacePaymentMethod",
    "acquirer_cnpjs": "marketplacePaymentCnpjAcquirer",
    "authorization_codes": "marketplacePaymentAuthorizationCode",
    "card_brands": "marketplacePaymentCreditCardBrand",
}


def custom_data(data: Record) -> CustomData:
    apps = records(data, "customApps")
    paid = [_marketplace_payment(app) for app in apps]
    return CustomData(
        marketplace_payments=[each for each in paid if each is not None],
        apps=[
            CustomApp(
                id=text(app.get("id")), major=whole(app.get("major")), fields=plain(record(app, "fields"))
            )
            for app in apps
        ],
        fields=[
            CustomField(
                entity_type=text(record(group, "linkedEntity").get("type")),
                entity_id=text(record(group, "linkedEntity").get("id")),
                name=text(each.get("name")),
                value=plain(each.get("value")),
            )
            for group in records(data, "customFields")
            for each in records(group, "fields")
        ],
    )


def _marketplace_payment(app: Record) -> MarketplacePayment | None:
    fields = record(app, "fields")
    found = {
        ours: text(fields.get(f"{theirs}s")) or text(fields.get(theirs))
        for ours, theirs in _PAYMENT_FIELDS.items()
    }
    return MarketplacePayment(app=text(app.get("id")), **found) if any(found.values()) else None


def subscriptions(data: Record) -> list[Subscription]:
    return [
        Subscription(
            group=text(data.get("SubscriptionGroupId")),
            item_index=whole(each.get("ItemIndex")),
            execution=whole(each.get("ExecutionCount")),
            type=text(record(each, "Plan").get("type")),
            periodicity=text(record(record(each, "Plan"), "frequency").get("periodicity")),
            interval=whole(record(record(each, "Plan"), "frequency").get("interval")),
            begins_at=text(record(record(each, "Plan"), "validity").get("begin")),
            ends_at=text(record(record(each, "Plan"), "validity").get("end")),
        )
        for each in records(data, "Subscriptions")
    ]
