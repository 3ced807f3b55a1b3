"""The whole state of the store in a canonical form, so that two dumps can be compared."""

from app.sandbox import modifications
from app.sandbox.catalog.specifications import dump_specifications
from app.sandbox.logistics import balance
from app.sandbox.state import Store
from app.sandbox.wire import Record


def dump_store(store: Store) -> Record:
    """Sorted by id; JSON numbers; reservations inside of the inventory."""
    return {
        "account": store.account,
        "brands": [store.brands[number] for number in sorted(store.brands)],
        "categories": [store.categories[number] for number in sorted(store.categories)],
        "products": [
            store.products[number]
            | {"SalesPolicies": sorted(store.sales_policies[number])}
            | {"SimilarCategories": sorted(store.similar_categories.get(number, ()))}
            for number in sorted(store.products)
        ],
        "skus": [
            store.skus[number] | {"Eans": store.eans.get(number, []), "Images": store.images.get(number, [])}
            for number in sorted(store.skus)
        ],
        "specifications": dump_specifications(store),
        "complements": [store.complements[number] for number in sorted(store.complements)],
        "kit_parts": [store.kit_parts[number] for number in sorted(store.kit_parts)],
        "services": {
            noun: [records[number] for number in sorted(records)] for noun, records in store.services.items()
        },
        "prices": [store.prices[item].dump(item) for item in sorted(store.prices)],
        "inventory": [
            {"skuId": sku, **balance(store, sku, store.warehouses[warehouse])}
            for sku, warehouse in sorted(store.stock.keys() | _reserved(store))
        ],
        "orders": [_order(store, order_id) for order_id in sorted(store.orders)],
    }


def _reserved(store: Store) -> set[tuple[str, str]]:
    return {key for key, held in store.reservations.items() if held}


def _order(store: Store, order_id: str) -> Record:
    order = store.orders[order_id]
    modifications.of(store, order)
    lines = [
        {"sku_id": line.sku_id, "ref_id": line.ref_id, "quantity": line.quantity, "price": line.price}
        for line in order.lines
    ]
    statuses = [each for _, each in order.history]
    figures = {"value": order.total, "shipping": order.shipping, "statuses": statuses}
    figures |= {"discounts": order.discounts_total, "seller": order.seller, "orderGroup": order.group}
    packages = {"packages": order.packages, "cancel_reason": order.cancel_reason}
    return {"orderId": order_id, "status": order.status, "items": lines, **figures, **packages}
