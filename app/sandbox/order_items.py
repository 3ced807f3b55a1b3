"""An item of an order as the OMS shows it, with what was off and what a kit is made of."""

from decimal import Decimal

from app.sandbox.orders import Line
from app.sandbox.state import Store
from app.sandbox.wire import Record

#: Where anything was off.
PROMOTION: Record = {
    "id": "7e2b1f8c-0f5c-4f5e-9a55-8f1a1f1b2411",
    "name": "Black Friday",
    "description": None,
    "featured": False,
    "matchedParameters": {},
    "additionalInfo": None,
}


def order_item(store: Store, line: Line, index: int) -> Record:
    product = store.products[line.product_id]
    return {
        "uniqueId": line.unique_id,
        "id": str(line.sku_id),
        "productId": str(line.product_id),
        "ean": line.ean,
        "lockId": f"00-{index:02}",
        "itemAttachment": {"content": {}, "name": None},
        "attachments": [],
        "quantity": line.quantity,
        "seller": line.seller,
        "name": line.name,
        "refId": line.ref_id or None,
        **_money(line),
        "imageUrl": store.images[line.sku_id][0]["Url"] if store.images[line.sku_id] else None,
        "detailUrl": f"/{product['LinkId']}/p",
        "components": list(line.components),
        "bundleItems": [],
        "sellerSku": str(line.sku_id),
        "commission": 0,
        "tax": 0,
        "measurementUnit": store.skus[line.sku_id]["MeasurementUnit"],
        "unitMultiplier": store.skus[line.sku_id]["UnitMultiplier"],
        "isGift": False,
        "additionalInfo": {"brandId": str(product["BrandId"]), "categoriesIds": f"/{product['CategoryId']}/"},
    }


def _money(line: Line) -> Record:
    """A discount that the pieces cannot share evenly: some of them cost a cent less."""
    selling, dearer = divmod(line.total, line.quantity)
    shares = [(selling + 1, dearer), (selling, line.quantity - dearer)]
    off = {"name": f"discount@price-{PROMOTION['id']}#1", "identifier": PROMOTION["id"]}
    figures = {"value": -line.discount, "rawValue": Decimal(-line.discount) / 100, "isPercentual": False}
    return {
        "price": line.price,
        "listPrice": line.price,
        "manualPrice": None,
        "sellingPrice": selling,
        "priceTags": [off | figures] if line.discount else [],
        "priceDefinition": {
            "calculatedSellingPrice": selling,
            "total": line.total,
            "sellingPrices": [{"value": value, "quantity": count} for value, count in shares if count],
            "reason": None,
        },
    }
