"""The Catalog API's specifications of products and SKUs: which values they hold."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, SYSTEM, existing
from app.sandbox.catalog.specifications import (
    CHECKBOX,
    COMBO,
    RADIO,
    applicable_field,
    check_values,
    specify_product,
    specify_sku,
)
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, read_array, read_object


def _product(request: Request) -> tuple[Store, int]:
    store = store_of(request)
    return store, existing(store.products, request, "Product")


def _sku(request: Request) -> tuple[Store, int]:
    store = store_of(request)
    return store, existing(store.skus, request, "SKU")


async def get_of_product(request: Request) -> Response:
    store, number = _product(request)
    return Json(list(store.product_specifications[number].values()))


async def get_names_of_product(request: Request) -> Response:
    store, number = _product(request)
    values: dict[int, list[str]] = {}
    for held in store.product_specifications[number].values():
        values.setdefault(held["FieldId"], []).append(held["Text"])
    fields = store.specification_fields
    return Json([{"Id": each, "Name": fields[each]["Name"], "Value": values[each]} for each in values])


async def post_names_of_product(request: Request) -> Response:
    """Replaces the values of each field that is named, by Id alone (VTEX: by name it does not work)."""
    store, number = _product(request)
    wanted: list[tuple[Record, list[str]]] = []
    for each in await read_array(request):
        values = each.get("Value") if isinstance(each, dict) else None
        if not isinstance(each, dict) or not isinstance(values, list):
            raise RefusedError(400, "Value must be an array")
        field = applicable_field(store, number, each.get("Id"), of_skus=False)
        check_values(field, values)
        wanted.append((field, values))
    for field, values in wanted:
        specify_product(store, number, field, values)
    note(request, "product.specified", id=number, fields=[field["Name"] for field, _ in wanted])
    return Response(status_code=200)


async def delete_of_product(request: Request) -> Response:
    """Choices are found by their field, all else by the association, else 404."""
    store, number = _product(request)
    held, wanted = store.product_specifications[number], request.path_params["specification"]
    choices = (COMBO, RADIO, CHECKBOX)
    gone = [
        each["Id"]
        for each in held.values()
        if wanted == each["FieldId" if _type(store, each) in choices else "Id"]
    ]
    if not gone:
        raise RefusedError(404, f"Specification {wanted} not found")
    for each in gone:
        del held[each]
    note(request, "product.unspecified", id=number)
    return Response(status_code=200)


def _type(store: Store, held: Record) -> int:
    number: int = store.specification_fields[held["FieldId"]]["FieldTypeId"]
    return number


async def get_of_sku(request: Request) -> Response:
    store, number = _sku(request)
    return Json(list(store.sku_specifications[number].values()))


async def post_of_sku(request: Request) -> Response:
    store, number = _sku(request)
    body = await read_object(request)
    association = _specified(store, number, body, None)
    note(request, "sku.specified", id=number, specification=association["Id"])
    return Json(association)


async def put_of_sku(request: Request) -> Response:
    """Only FieldValueId changes."""
    store, number = _sku(request)
    body = await read_object(request)
    held = store.sku_specifications[number].get(body.get("Id", 0))
    if held is None or held["FieldId"] != body.get("FieldId"):
        raise RefusedError(404, f"Specification {body.get('Id')} not found")
    association = _specified(store, number, body, held["Id"])
    note(request, "sku.specified", id=number, specification=association["Id"])
    return Json([association])


def _specified(store: Store, sku: int, body: Record, number: int | None) -> Record:
    product = store.skus[sku]["ProductId"]
    field = applicable_field(store, product, body.get("FieldId"), of_skus=True)
    return specify_sku(store, sku, field, body.get("FieldValueId"), number)


async def delete_of_sku(request: Request) -> Response:
    store, number = _sku(request)
    wanted = request.path_params["specification"]
    if store.sku_specifications[number].pop(wanted, None) is None:
        raise RefusedError(404, f"Specification {wanted} not found")
    note(request, "sku.unspecified", id=number)
    return Response(status_code=200)


OF_PRODUCT = f"{PVT}/product/{{number:int}}/specification"
NAMES = f"{SYSTEM}/pvt/products/{{number:int}}/specification"
OF_SKU = f"{PVT}/stockkeepingunit/{{number:int}}/specification"

ROUTES = [
    Route(OF_PRODUCT, get_of_product, methods=["GET"]),
    Route(f"{OF_PRODUCT}/{{specification:int}}", delete_of_product, methods=["DELETE"]),
    Route(NAMES, get_names_of_product, methods=["GET"]),
    Route(NAMES, post_names_of_product, methods=["POST"]),
    Route(OF_SKU, get_of_sku, methods=["GET"]),
    Route(OF_SKU, post_of_sku, methods=["POST"]),
    Route(OF_SKU, put_of_sku, methods=["PUT"]),
    Route(f"{OF_SKU}/{{specification:int}}", delete_of_sku, methods=["DELETE"]),
]
