"""Records for the stand-in store: what is bound, with VTEX's id and what the ERP last said of it."""

from typing import Any

from app.bindings import Bindings
from app.rehearsal.lanes import Lanes
from app.sandbox.catalog.products import create_product
from app.sandbox.catalog.skus import create_sku
from app.sandbox.state import Store

_PLACEHOLDER = 1
_MEASURES = ("PackagedHeight", "PackagedLength", "PackagedWidth", "PackagedWeightKg")


async def seed(store: Store, kind: str, code: str, vtex_id: int, bindings: Bindings, lanes: Lanes) -> None:
    """Only what others hang on; kinds without a record of their own need none."""
    said = await lanes.acknowledged(kind, code)
    match kind:
        case "brand":
            brand(store, vtex_id, said.get("name") or code)
        case "category":
            category(store, vtex_id, said.get("name") or code)
        case "product":
            await _product(store, code, vtex_id, said, bindings)
        case "sku":
            await _sku(store, code, vtex_id, said, bindings)


def brand(store: Store, vtex_id: int, name: str) -> None:
    if vtex_id not in store.brands:
        store.brands[vtex_id] = store.brands[_PLACEHOLDER] | {"Id": vtex_id, "Name": name}


def category(store: Store, vtex_id: int, name: str) -> None:
    if vtex_id not in store.categories:
        store.categories[vtex_id] = store.categories[_PLACEHOLDER] | {"Id": vtex_id, "Name": name}


async def _product(store: Store, code: str, vtex_id: int, said: dict[str, Any], bindings: Bindings) -> None:
    if vtex_id in store.products:
        return
    brand_id = await _id(bindings, "brand", said.get("brand"), said.get("brand_id"))
    category_id = await _id(bindings, "category", said.get("category"), said.get("category_id"))
    brand(store, brand_id, f"brand {brand_id}")
    category(store, category_id, f"category {category_id}")
    create_product(
        store,
        {"Id": vtex_id, "RefId": code, "Name": said.get("name") or code}
        | {"BrandId": brand_id, "CategoryId": category_id},
    )


async def _sku(store: Store, code: str, vtex_id: int, said: dict[str, Any], bindings: Bindings) -> None:
    if vtex_id in store.skus:
        return
    product_id = await bindings.find("product", said["product"]) if said.get("product") else None
    if product_id is None:
        product_id = _own_product(store)
    create_sku(
        store,
        {"Id": vtex_id, "RefId": code, "Name": said.get("name") or code, "ProductId": product_id}
        | dict.fromkeys(_MEASURES, 1),
    )


def _own_product(store: Store) -> int:
    """For a SKU whose product the bridge does not know."""
    product = create_product(
        store, {"Name": "of the store", "BrandId": _PLACEHOLDER, "CategoryId": _PLACEHOLDER}
    )
    return int(product["Id"])


async def _id(bindings: Bindings, kind: str, code: str | None, vtex_id: int | None) -> int:
    bound = await bindings.find(kind, code) if code else None
    return bound or vtex_id or _PLACEHOLDER
