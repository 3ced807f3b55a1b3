"""What a SKU still lacks: to be active, which VTEX demands, and to be sold, which it does not."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from app.changes.kind import Shop
from app.errors import DeliveryError
from app.vtex.catalog import Record
from app.vtex.catalog.specifications import Owner


@dataclass(frozen=True, slots=True)
class Lack:
    #: What is missing, and how to mend it.
    what: str
    #: The entity that brings it, where the bridge delivers it.
    on: tuple[str, str] | None = None


async def before_activation(shop: Shop, code: str, sku_id: int, sku: Record) -> list[Lack]:
    lacks = [] if sku.get("RefId") else [Lack("a RefId (send the SKU again)", ("sku", code))]
    if not await shop.vtex.images.listed(sku_id):
        lacks.append(Lack(f"an image (send image {code})", ("image", code)))
    lacks += [lack async for lack in _unfilled(shop, code, sku_id)]
    return lacks + [lack async for lack in _inactive_parents(shop, sku)]


async def _unfilled(shop: Shop, code: str, sku_id: int) -> AsyncIterator[Lack]:
    """Specifications that the category demands. What cannot be read now, VTEX's own answer tells."""
    owner = Owner("sku", code, sku_id)
    with suppress(DeliveryError):
        category_id = await shop.vtex.specifications.category_of(owner)
        required = await shop.vtex.fields.required_of_skus(category_id) if category_id else {}
        if not required:
            return
        filled = {int(each["FieldId"]) for each in await shop.vtex.specifications.read(owner)}
        for number, name in required.items():
            if number not in filled:
                on = ("specification", f"sku/{code}")
                yield Lack(f"the specification {name} (send specification sku/{code} with it)", on)


async def _inactive_parents(shop: Shop, sku: Record) -> AsyncIterator[Lack]:
    product_id = int(sku["ProductId"])
    code = await _code(shop, "product", product_id)
    product = await shop.vtex.catalog.read_product(product_id, code or "")
    if product is None or not product.get("IsActive"):
        yield _inactive("product", code, product_id)
    if product is None:
        return
    brand_id, category_id = int(product["BrandId"]), int(product["CategoryId"])
    brand, category = await shop.vtex.brands.read(brand_id), await shop.vtex.categories.read(category_id)
    if not (brand and brand.get("Active")):
        yield _inactive("brand", await _code(shop, "brand", brand_id), brand_id)
    if not (category and category.get("IsActive")):
        yield _inactive("category", await _code(shop, "category", category_id), category_id)


async def _code(shop: Shop, kind: str, vtex_id: int) -> str | None:
    """The ERP may have bound several codes to one id; any of them names it."""
    return next(iter(await shop.bindings.codes(kind, [vtex_id])), None)


def _inactive(kind: str, code: str | None, vtex_id: int) -> Lack:
    if code is None:
        return Lack(f"an active {kind} (activate VTEX's {kind} {vtex_id} there)")
    return Lack(f"an active {kind} (send {kind} {code} with active true)", (kind, code))


async def before_sale(shop: Shop, code: str, sku_id: int) -> list[Lack]:
    """VTEX activates without them. What cannot be read now is not said to be missing."""
    lacks = []
    with suppress(DeliveryError):
        if await shop.vtex.pricing.read(sku_id) is None:
            lacks.append(Lack(f"a price (send price {code})", ("price", code)))
    with suppress(DeliveryError):
        if not await shop.vtex.logistics.has_stock(sku_id):
            lacks.append(Lack(f"stock (send stock of {code})"))
    return lacks


def listed(lacks: list[Lack]) -> str:
    return ", ".join(lack.what for lack in lacks)
