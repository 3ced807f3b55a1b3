"""Components of kits in the Catalog API: no update, and the same one again is a second one.

VTEX's schema shows one component as the answer of a search by kit; here it is the list of all, as a kit has
many.
"""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, existing
from app.sandbox.catalog.shape import Field, conform
from app.sandbox.catalog.skus import activate_if_possible
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, query_integer, read_object

PART_FIELDS = {
    "StockKeepingUnitParent": Field("int", required=True),
    "StockKeepingUnitId": Field("int", required=True),
    "Quantity": Field("int", required=True),
    "UnitPrice": Field("number", required=True),
}


def add_part(store: Store, body: Mapping[str, object]) -> Record:
    part = conform(body, PART_FIELDS)
    kit = store.skus.get(part["StockKeepingUnitParent"])
    if kit is None or not kit["IsKit"]:
        raise RefusedError(400, f"SKU {part['StockKeepingUnitParent']} is no kit")
    if part["StockKeepingUnitId"] not in store.skus:
        raise RefusedError(400, f"SKU {part['StockKeepingUnitId']} does not exist")
    if part["Quantity"] < 1 or part["UnitPrice"] < 0:
        raise RefusedError(400, "Quantity and UnitPrice must be positive")
    number = store.next_id("kit part", store.kit_parts)
    store.kit_parts[number] = {"Id": number, **part}
    activate_if_possible(store, kit["Id"])
    return store.kit_parts[number]


def _asked(request: Request) -> Callable[[Record], bool]:
    """By kit, by component, or both."""
    names = {"parentSkuId": "StockKeepingUnitParent", "skuId": "StockKeepingUnitId"}
    asked = {names[name]: query_integer(request, name, 0) for name in names if name in request.query_params}
    if not asked:
        raise RefusedError(400, "skuId or parentSkuId is required")
    return lambda part: all(part[name] == value for name, value in asked.items())


async def post_part(request: Request) -> Response:
    part = add_part(store_of(request), await read_object(request))
    note(request, "kit.part-added", id=part["Id"], kit=part["StockKeepingUnitParent"])
    return Json(part)


async def find_parts(request: Request) -> Response:
    return Json([part for part in store_of(request).kit_parts.values() if _asked(request)(part)])


async def get_part(request: Request) -> Response:
    store = store_of(request)
    return Json(store.kit_parts[existing(store.kit_parts, request, "Kit component")])


async def delete_part(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.kit_parts, request, "Kit component")
    del store.kit_parts[number]
    note(request, "kit.part-removed", id=number)
    return Response(status_code=200)


async def delete_parts(request: Request) -> Response:
    store, asked = store_of(request), _asked(request)
    store.kit_parts = {number: part for number, part in store.kit_parts.items() if not asked(part)}
    note(request, "kit.part-removed")
    return Response(status_code=200)


KIT = f"{PVT}/stockkeepingunitkit"

ROUTES = [
    Route(KIT, post_part, methods=["POST"]),
    Route(KIT, find_parts, methods=["GET"]),
    Route(KIT, delete_parts, methods=["DELETE"]),
    Route(f"{KIT}/{{number:int}}", get_part, methods=["GET"]),
    Route(f"{KIT}/{{number:int}}", delete_part, methods=["DELETE"]),
]
