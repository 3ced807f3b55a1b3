"""The Catalog API's products, SKUs, brands and categories."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.products import (
    CATEGORY_KEYS,
    category_path,
    create_product,
    keep_brand,
    keep_category,
    replace_product,
)
from app.sandbox.catalog.shape import slug
from app.sandbox.catalog.skus import activate_skus_of, create_sku, replace_sku
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Json, Record, RefusedError, read_object


def existing(records: dict[int, Record], request: Request, what: str) -> int:
    number: int = request.path_params["number"]
    if number not in records:
        raise RefusedError(404, f"{what} {number} not found")
    return number


async def post_product(request: Request) -> Response:
    product = create_product(store_of(request), await read_object(request))
    note(request, "product.created", id=product["Id"], ref_id=product["RefId"])
    return Json(product)


async def put_product(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.products, request, "Product")
    product = replace_product(store, number, await read_object(request))
    activate_skus_of(store, number)
    note(request, "product.updated", id=number, ref_id=product["RefId"])
    return Json(product)


async def get_product(request: Request) -> Response:
    store = store_of(request)
    return Json(store.products[existing(store.products, request, "Product")])


async def get_product_by_ref(request: Request) -> Response:
    """VTEX known issue, "no fix": an unknown RefId answers 200 with null."""
    store = store_of(request)
    return Json(store.products.get(store.product_by_ref.get(request.path_params["ref_id"], 0)))


async def post_sku(request: Request) -> Response:
    sku = create_sku(store_of(request), await read_object(request))
    note(request, "sku.created", id=sku["Id"], ref_id=sku["RefId"], product_id=sku["ProductId"])
    return Json(sku)


async def put_sku(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.skus, request, "SKU")
    sku = replace_sku(store, number, await read_object(request))
    note(request, "sku.updated", id=number, ref_id=sku["RefId"], active=sku["IsActive"])
    return Json(sku)


async def get_sku(request: Request) -> Response:
    store = store_of(request)
    return Json(store.skus[existing(store.skus, request, "SKU")])


async def get_sku_by_ref(request: Request) -> Response:
    """VTEX known issue: Videos is always empty here, so this is no template for a PUT."""
    store = store_of(request)
    ref_id = request.query_params.get("RefId") or request.query_params.get("refId")
    if not ref_id:
        raise RefusedError(400, "RefId is required")
    if ref_id not in store.sku_by_ref:
        raise RefusedError(404, "SKU not found")
    return Json(store.skus[store.sku_by_ref[ref_id]] | {"Videos": []})


async def get_sku_id_by_ref(request: Request) -> Response:
    """The id as a JSON string, as VTEX answers it."""
    number = store_of(request).sku_by_ref.get(request.path_params["ref_id"])
    if number is None:
        raise RefusedError(404, "SKU not found")
    return Json(str(number))


async def list_skus_of_product(request: Request) -> Response:
    store = store_of(request)
    numbers = sorted(store.product_skus[existing(store.products, request, "Product")])
    names = ("Id", "ProductId", "IsActive", "Name", "RefId", "IsKit", "ActivateIfPossible")
    return Json([{name: store.skus[number][name] for name in names} for number in numbers])


async def post_brand(request: Request) -> Response:
    store = store_of(request)
    number = keep_brand(store, None, await read_object(request))
    note(request, "brand.created", id=number, name=store.brands[number]["Name"])
    return Json(store.brands[number])


async def put_brand(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.brands, request, "Brand")
    body = await read_object(request)
    keep_brand(store, number, body)
    note(request, "brand.updated", id=number, name=store.brands[number]["Name"])
    # VTEX known issue: the LinkId of the request is echoed although it is ignored.
    return Json(store.brands[number] | ({"LinkId": body["LinkId"]} if body.get("LinkId") else {}))


async def get_brand(request: Request) -> Response:
    store = store_of(request)
    return Json(store.brands[existing(store.brands, request, "Brand")])


def _listed_brand(brand: Record) -> Record:
    listed = {"id": brand["Id"], "name": brand["Name"], "isActive": brand["Active"]}
    return listed | {"title": brand["SiteTitle"], "metaTagDescription": brand["Text"], "imageUrl": None}


async def list_brands(request: Request) -> Response:
    return Json([_listed_brand(brand) for brand in store_of(request).brands.values()])


async def get_listed_brand(request: Request) -> Response:
    store = store_of(request)
    return Json(_listed_brand(store.brands[existing(store.brands, request, "Brand")]))


async def _read_category(request: Request) -> Record:
    body = await read_object(request)
    missing = sorted(CATEGORY_KEYS - body.keys())
    if missing:
        raise RefusedError(400, f"{missing[0]} is required")
    return body


def _category(request: Request, number: int) -> Record:
    categories = store_of(request).categories
    children = any(other["FatherCategoryId"] == number for other in categories.values())
    path = [categories[each] for each in category_path(store_of(request), number)]
    return categories[number] | {
        "HasChildren": children,
        "TreePath": [category["Name"] for category in path],
        "TreePathIds": [category["Id"] for category in path],
        "TreePathLinkIds": [category["LinkId"] for category in path],
    }


async def post_category(request: Request) -> Response:
    number = keep_category(store_of(request), None, await _read_category(request))
    note(request, "category.created", id=number)
    return Json(_category(request, number))


async def put_category(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.categories, request, "Category")
    keep_category(store, number, await _read_category(request))
    note(request, "category.updated", id=number)
    return Json(_category(request, number))


async def get_category(request: Request) -> Response:
    return Json(_category(request, existing(store_of(request).categories, request, "Category")))


async def get_category_tree(request: Request) -> Response:
    categories, levels = store_of(request).categories, request.path_params["levels"]
    host = f"https://{store_of(request).account}.vtexcommercestable.com.br"

    def branch(father: int | None, url: str, depth: int) -> list[Record]:
        found = [category for category in categories.values() if category["FatherCategoryId"] == father]
        return [leaf(category, f"{url}/{slug(category['Name'])}", depth) for category in found]

    def leaf(category: Record, url: str, depth: int) -> Record:
        below = branch(category["Id"], url, depth + 1)
        node = {"id": category["Id"], "name": category["Name"], "hasChildren": bool(below), "url": url}
        return node | {"children": below if depth < levels else [], "Title": category["Title"]}

    return Json(branch(None, host, 0))


async def list_sales_channels(_: Request) -> Response:
    channel = {"Id": 1, "Name": "Main store", "IsActive": True, "CountryCode": "BRA", "CurrencyCode": "BRL"}
    return Json([channel | {"CultureInfo": "pt-BR", "CurrencySymbol": "R$", "Position": 1}])


PVT, SYSTEM = "/api/catalog/pvt", "/api/catalog_system"

ROUTES = [
    Route(f"{PVT}/product", post_product, methods=["POST"]),
    Route(f"{PVT}/product/{{number:int}}", put_product, methods=["PUT"]),
    Route(f"{PVT}/product/{{number:int}}", get_product, methods=["GET"]),
    Route(f"{SYSTEM}/pvt/products/productgetbyrefid/{{ref_id:path}}", get_product_by_ref, methods=["GET"]),
    Route(f"{PVT}/stockkeepingunit", post_sku, methods=["POST"]),
    Route(f"{PVT}/stockkeepingunit", get_sku_by_ref, methods=["GET"]),
    Route(f"{PVT}/stockkeepingunit/{{number:int}}", put_sku, methods=["PUT"]),
    Route(f"{PVT}/stockkeepingunit/{{number:int}}", get_sku, methods=["GET"]),
    Route(
        f"{SYSTEM}/pvt/sku/stockkeepingunitByProductId/{{number:int}}", list_skus_of_product, methods=["GET"]
    ),
    Route(f"{SYSTEM}/pvt/sku/stockkeepingunitidbyrefid/{{ref_id:path}}", get_sku_id_by_ref, methods=["GET"]),
    Route(f"{PVT}/brand", post_brand, methods=["POST"]),
    Route(f"{PVT}/brand/{{number:int}}", put_brand, methods=["PUT"]),
    Route(f"{PVT}/brand/{{number:int}}", get_brand, methods=["GET"]),
    Route(f"{SYSTEM}/pvt/brand/list", list_brands, methods=["GET"]),
    Route(f"{SYSTEM}/pvt/brand/{{number:int}}", get_listed_brand, methods=["GET"]),
    Route(f"{PVT}/category", post_category, methods=["POST"]),
    Route(f"{PVT}/category/{{number:int}}", put_category, methods=["PUT"]),
    Route(f"{PVT}/category/{{number:int}}", get_category, methods=["GET"]),
    Route(f"{SYSTEM}/pub/category/tree/{{levels:int}}", get_category_tree, methods=["GET"]),
    Route(f"{SYSTEM}/pvt/saleschannel/list", list_sales_channels, methods=["GET"]),
]
