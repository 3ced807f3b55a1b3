"""Complements of SKUs in the Catalog API: no update, and the same one again is a second one."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, existing
from app.sandbox.catalog.shape import Field, conform
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, read_object

COMPLEMENT_FIELDS = {
    "ParentSkuId": Field("int", required=True),
    "SkuId": Field("int", required=True),
    "ComplementTypeId": Field("int", required=True),
}
#: VTEX Catalog API: accessory, suggestion, similar, show together.
TYPES = frozenset({1, 2, 3, 5})


def add_complement(store: Store, body: Mapping[str, object]) -> Record:
    record = conform(body, COMPLEMENT_FIELDS)
    for name in ("ParentSkuId", "SkuId"):
        if record[name] not in store.skus:
            raise RefusedError(400, f"{name} {record[name]} does not exist")
    if record["ComplementTypeId"] not in TYPES:
        raise RefusedError(400, "ComplementTypeId must be 1, 2, 3 or 5")
    number = store.next_id("complement", store.complements)
    store.complements[number] = {"Id": number, **record}
    return store.complements[number]


async def post_complement(request: Request) -> Response:
    """VTEX's schema answers a list."""
    added = add_complement(store_of(request), await read_object(request))
    note(request, "complement.added", **{name.lower(): value for name, value in added.items()})
    return Json([added])


async def get_complements(request: Request) -> Response:
    store = store_of(request)
    parent, wanted = existing(store.skus, request, "SKU"), request.path_params.get("type")
    found = [each for each in store.complements.values() if each["ParentSkuId"] == parent]
    return Json([each for each in found if wanted in {None, each["ComplementTypeId"]}])


async def get_complement(request: Request) -> Response:
    store = store_of(request)
    return Json([store.complements[existing(store.complements, request, "Complement")]])


async def delete_complement(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.complements, request, "Complement")
    del store.complements[number]
    note(request, "complement.removed", id=number)
    return Response(status_code=200)


OF_SKU = f"{PVT}/stockkeepingunit/{{number:int}}/complement"

ROUTES = [
    Route(OF_SKU, get_complements, methods=["GET"]),
    Route(f"{OF_SKU}/{{type:int}}", get_complements, methods=["GET"]),
    Route(f"{PVT}/skucomplement", post_complement, methods=["POST"]),
    Route(f"{PVT}/skucomplement/{{number:int}}", get_complement, methods=["GET"]),
    Route(f"{PVT}/skucomplement/{{number:int}}", delete_complement, methods=["DELETE"]),
]
