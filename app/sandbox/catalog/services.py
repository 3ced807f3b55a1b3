"""Services in the Catalog API: what they are, what they cost, which SKUs have them; none is ever listed."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, existing
from app.sandbox.catalog.shape import Field, conform
from app.sandbox.journal import note
from app.sandbox.state import SERVICE_NOUNS, Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, read_object

TYPE, VALUE, ATTACHMENT = SERVICE_NOUNS
_TRUTH = Field("bool", default=False)

FIELDS = {
    TYPE: {
        "Name": Field("str", required=True, max_length=100),
        "IsActive": _TRUTH,
        "ShowOnProductFront": _TRUTH,
        "ShowOnCartFront": _TRUTH,
        "ShowOnAttachmentFront": _TRUTH,
        "ShowOnFileUpload": _TRUTH,
        "IsGiftCard": _TRUTH,
        "IsRequired": _TRUTH,
    },
    VALUE: {
        "SkuServiceTypeId": Field("int", required=True),
        "Name": Field("str", required=True, max_length=100),
        "Value": Field("number", required=True),
        "Cost": Field("number", required=True),
    },
    ATTACHMENT: {
        "SkuServiceTypeId": Field("int", required=True),
        "SkuServiceValueId": Field("int", required=True),
        "SkuId": Field("int", required=True),
        "Name": Field("str", required=True, max_length=50),
        "Text": Field("str", "", max_length=100),
        "IsActive": _TRUTH,
    },
}


def keep_service(store: Store, noun: str, number: int | None, body: Mapping[str, object]) -> Record:
    """Create it without a number, else replace it."""
    record = conform(body, FIELDS[noun])
    known = {
        "SkuServiceTypeId": store.services[TYPE],
        "SkuServiceValueId": store.services[VALUE],
        "SkuId": store.skus,
    }
    for name in known.keys() & record.keys():
        if record[name] not in known[name]:
            raise RefusedError(400, f"{name} {record[name]} does not exist")
    number = number or store.next_id(noun, store.services[noun])
    store.services[noun][number] = {"Id": number, **record}
    return store.services[noun][number]


Handler = Callable[[Request], Awaitable[Response]]


def _handlers(noun: str) -> tuple[Handler, Handler, Handler, Handler]:
    async def post(request: Request) -> Response:
        record = keep_service(store_of(request), noun, None, await read_object(request))
        note(request, f"{noun}.created", id=record["Id"])
        return Json(record)

    async def get(request: Request) -> Response:
        records = store_of(request).services[noun]
        return Json(records[existing(records, request, noun)])

    async def put(request: Request) -> Response:
        store = store_of(request)
        number = existing(store.services[noun], request, noun)
        record = keep_service(store, noun, number, await read_object(request))
        note(request, f"{noun}.updated", id=number)
        return Json(record)

    async def delete(request: Request) -> Response:
        """What hangs on it is undocumented; here it must go first."""
        store = store_of(request)
        number = existing(store.services[noun], request, noun)
        field = {TYPE: "SkuServiceTypeId", VALUE: "SkuServiceValueId"}.get(noun)
        others = (each for records in store.services.values() for each in records.values())
        if field and any(each.get(field) == number for each in others):
            raise RefusedError(400, f"{noun} {number} is in use")
        del store.services[noun][number]
        note(request, f"{noun}.removed", id=number)
        return Response(status_code=200)

    return post, get, put, delete


def _routes(noun: str) -> list[Route]:
    post, get, put, delete = _handlers(noun)
    one = f"{PVT}/{noun}/{{number:int}}"
    return [
        Route(f"{PVT}/{noun}", post, methods=["POST"]),
        Route(one, get, methods=["GET"]),
        Route(one, put, methods=["PUT"]),
        Route(one, delete, methods=["DELETE"]),
    ]


ROUTES = [route for noun in SERVICE_NOUNS for route in _routes(noun)]
