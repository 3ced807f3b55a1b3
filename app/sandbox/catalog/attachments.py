"""What hangs on a SKU or a product in the Catalog API: EANs, files and trade policies."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, existing
from app.sandbox.catalog.skus import add_image, arrange_images, replace_image
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, RefusedError, is_integer, read_array, read_object


def _sku(request: Request) -> tuple[Store, int]:
    store = store_of(request)
    return store, existing(store.skus, request, "SKU")


async def post_ean(request: Request) -> Response:
    """No body, in or out. A SKU may have many (VTEX known issue: nothing limits them)."""
    store, number = _sku(request)
    ean = request.path_params["ean"]
    if ean not in store.eans[number]:
        store.eans[number].append(ean)
    note(request, "ean.added", sku_id=number, ean=ean)
    return Response(status_code=200)


async def get_eans(request: Request) -> Response:
    store, number = _sku(request)
    return Json(store.eans[number])


async def delete_eans(request: Request) -> Response:
    store, number = _sku(request)
    ean = request.path_params.get("ean")
    if ean is not None and ean not in store.eans[number]:
        raise RefusedError(404, f"EAN {ean} not found")
    store.eans[number] = [other for other in store.eans[number] if ean is not None and other != ean]
    note(request, "ean.removed", sku_id=number, ean=ean)
    return Response(status_code=200)


async def post_image(request: Request) -> Response:
    store, number = _sku(request)
    body = await read_object(request)
    image = add_image(store, number, body)
    facts = {"sku_id": number, "image_id": image["Id"], "name": image["Name"]}
    note(request, "image.added", **facts, source_url=body["Url"], active=store.skus[number]["IsActive"])
    return Json([image])


async def put_image(request: Request) -> Response:
    store, number = _sku(request)
    image = replace_image(store, number, request.path_params["image"], await read_object(request))
    note(request, "image.updated", sku_id=number, image_id=image["Id"], name=image["Name"])
    return Json([image])


async def reorder_images(request: Request) -> Response:
    store, number = _sku(request)
    places = {}
    for each in await read_array(request):
        if not isinstance(each, dict) or not (
            is_integer(each.get("Id")) and is_integer(each.get("Position"))
        ):
            raise RefusedError(400, "The body must be [{Id, Position}]")
        places[each["Id"]] = each["Position"]
    arrange_images(store, number, places)
    note(request, "image.arranged", sku_id=number)
    return Response(status_code=200)


async def get_images(request: Request) -> Response:
    store, number = _sku(request)
    return Json(store.images[number])


async def delete_images(request: Request) -> Response:
    """The effect on an active SKU is undocumented; here it stays active."""
    store, number = _sku(request)
    image = request.path_params.get("image")
    kept = [other for other in store.images[number] if image is not None and other["Id"] != image]
    if image is not None and len(kept) == len(store.images[number]):
        raise RefusedError(404, f"File {image} not found")
    store.images[number] = kept
    note(request, "image.removed", sku_id=number, image_id=image)
    return Response(status_code=200)


async def get_policies(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.products, request, "Product")
    return Json([{"ProductId": number, "StoreId": policy} for policy in sorted(store.sales_policies[number])])


async def post_policy(request: Request) -> Response:
    store = store_of(request)
    number, policy = existing(store.products, request, "Product"), request.path_params["policy"]
    store.sales_policies[number].add(policy)
    note(request, "product.policy-added", id=number, policy=policy)
    return Response(status_code=200)


async def delete_policy(request: Request) -> Response:
    store = store_of(request)
    number, policy = existing(store.products, request, "Product"), request.path_params["policy"]
    store.sales_policies[number].discard(policy)
    note(request, "product.policy-removed", id=number, policy=policy)
    return Response(status_code=200)


SKU = f"{PVT}/stockkeepingunit/{{number:int}}"
POLICY = f"{PVT}/product/{{number:int}}/salespolicy"

ROUTES = [
    Route(f"{SKU}/ean", get_eans, methods=["GET"]),
    Route(f"{SKU}/ean", delete_eans, methods=["DELETE"]),
    Route(f"{SKU}/ean/{{ean}}", post_ean, methods=["POST"]),
    Route(f"{SKU}/ean/{{ean}}", delete_eans, methods=["DELETE"]),
    Route(f"{SKU}/file", get_images, methods=["GET"]),
    Route(f"{SKU}/file", post_image, methods=["POST"]),
    Route(f"{SKU}/file", delete_images, methods=["DELETE"]),
    Route(f"{SKU}/file/reorder", reorder_images, methods=["PUT"]),
    Route(f"{SKU}/file/{{image:int}}", put_image, methods=["PUT"]),
    Route(f"{SKU}/file/{{image:int}}", delete_images, methods=["DELETE"]),
    Route(POLICY, get_policies, methods=["GET"]),
    Route(f"{POLICY}/{{policy:int}}", post_policy, methods=["POST"]),
    Route(f"{POLICY}/{{policy:int}}", delete_policy, methods=["DELETE"]),
]
