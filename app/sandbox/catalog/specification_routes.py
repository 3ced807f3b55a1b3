"""Specifications over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, SYSTEM, existing
from app.sandbox.catalog.specifications import LISTED, TYPE_NAMES
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, decode, is_integer, read_object


async def post_group(request: Request) -> Response:
    store = store_of(request)
    group = store.specifications.add_group(await read_object(request), store.categories)
    note(request, "specification-group.created", id=group["Id"], name=group["Name"])
    return Json(group)


async def get_groups(request: Request) -> Response:
    number = request.path_params["number"]
    groups = store_of(request).specifications.groups.values()
    return Json([group for group in groups if group["CategoryId"] == number])


async def post_field(request: Request) -> Response:
    field = store_of(request).specifications.add_field(await read_object(request))
    note(request, "specification-field.created", id=field["Id"], name=field["Name"])
    return Json(field)


def _field(request: Request) -> Record:
    found = store_of(request).specifications.fields.get(request.path_params["number"])
    if found is None:
        raise RefusedError(404, "Field not found")
    return found


async def get_field(request: Request) -> Response:
    return Json(_field(request))


async def get_field_with_group(request: Request) -> Response:
    field, groups = _field(request), store_of(request).specifications.groups
    names = {"FieldId": field["Id"], "FieldTypeName": TYPE_NAMES[field["FieldTypeId"]], "FieldValueId": None}
    return Json(field | names | {"FieldGroupName": groups[field["FieldGroupId"]]["Name"]})


async def get_fields(request: Request) -> Response:
    return Json(list(store_of(request).specifications.of_category(request.path_params["number"])))


async def post_value(request: Request) -> Response:
    value = store_of(request).specifications.add_value(await read_object(request))
    note(request, "specification-value.created", id=value["FieldValueId"], name=value["Name"])
    return Json(value)


async def get_values(request: Request) -> Response:
    values = store_of(request).specifications.values_of(request.path_params["number"])
    same = ("FieldValueId", "IsActive", "Position")
    return Json([{name: value[name] for name in same} | {"Value": value["Name"]} for value in values])


def _owner(request: Request) -> tuple[Store, tuple[str, int]]:
    store = store_of(request)
    if "/stockkeepingunit/" in request.url.path:
        return store, ("sku", existing(store.skus, request, "SKU"))
    return store, ("product", existing(store.products, request, "Product"))


async def get_assigned(request: Request) -> Response:
    store, owner = _owner(request)
    name = "SkuId" if owner[0] == "sku" else "ProductId"
    return Json([{**each, name: owner[1]} for each in store.specifications.of(owner)])


async def post_product_values(request: Request) -> Response:
    """Sets all values of the fields that it names; those must be there already."""
    store, owner = _owner(request)
    body = decode(await request.body())
    if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
        raise RefusedError(400, "The request body must be a JSON array of objects")
    for each in body:
        number, values = each.get("Id"), each.get("Value")
        if not is_integer(number) or not isinstance(values, list):
            raise RefusedError(400, "Id and Value are required")
        store.specifications.replace(owner, number, values)
    note(request, "specification.written", product_id=owner[1], fields=[each["Id"] for each in body])
    return Response(status_code=200)


def _chosen(store: Store, body: Record) -> tuple[Record, str]:
    """The field, and the name of the value that the body chooses."""
    field = store.specifications.fields.get(body.get("FieldId") or 0)
    value = store.specifications.values.get(body.get("FieldValueId") or 0)
    if field is None or value is None or value["FieldId"] != field["Id"]:
        raise RefusedError(400, "FieldId and FieldValueId must belong together")
    return field, str(value["Name"])


async def post_sku_value(request: Request) -> Response:
    store, owner = _owner(request)
    field, name = _chosen(store, await read_object(request))
    assigned = store.specifications.assign(owner, field["Id"], name)
    note(request, "specification.written", sku_id=owner[1], fields=[field["Id"]])
    return Json({**assigned, "SkuId": owner[1]})


async def put_sku_value(request: Request) -> Response:
    store, owner = _owner(request)
    body = await read_object(request)
    _, name = _chosen(store, body)
    found = [each for each in store.specifications.of(owner) if each["Id"] == body.get("Id")]
    if not found:
        raise RefusedError(404, "Specification not found")
    found[0].update(FieldValueId=body["FieldValueId"], Text=name)
    note(request, "specification.written", sku_id=owner[1], fields=[found[0]["FieldId"]])
    return Json([{**found[0], "SkuId": owner[1]}])


async def delete_assigned(request: Request) -> Response:
    """VTEX: of a product's field with listed values it wants the field's id, otherwise the association's."""
    store, owner = _owner(request)
    number, assigned = request.path_params["assigned"], store.specifications.of(owner)
    listed = {
        each["Id"]
        for each in assigned
        if owner[0] == "product" and store.specifications.fields[each["FieldId"]]["FieldTypeId"] in LISTED
    }
    gone = [each for each in assigned if number == (each["FieldId" if each["Id"] in listed else "Id"])]
    if not gone:
        raise RefusedError(404, "Specification not found")
    store.specifications.assigned[owner] = [each for each in assigned if each not in gone]
    note(request, "specification.removed", owner=list(owner), fields=[each["FieldId"] for each in gone])
    return Response(status_code=200)


NUMBER = "{number:int}"
PRODUCT, SKU = f"{PVT}/product/{NUMBER}/specification", f"{PVT}/stockkeepingunit/{NUMBER}/specification"

ROUTES = [
    Route(f"{PVT}/specificationgroup", post_group, methods=["POST"]),
    Route(f"{SYSTEM}/pvt/specification/groupbycategory/{NUMBER}", get_groups, methods=["GET"]),
    Route(f"{PVT}/specification", post_field, methods=["POST"]),
    Route(f"{PVT}/specification/{NUMBER}", get_field, methods=["GET"]),
    Route(f"{SYSTEM}/pub/specification/fieldGet/{NUMBER}", get_field_with_group, methods=["GET"]),
    Route(f"{SYSTEM}/pub/specification/field/listByCategoryId/{NUMBER}", get_fields, methods=["GET"]),
    Route(f"{SYSTEM}/pub/specification/field/listTreeByCategoryId/{NUMBER}", get_fields, methods=["GET"]),
    Route(f"{PVT}/specificationvalue", post_value, methods=["POST"]),
    Route(f"{SYSTEM}/pub/specification/fieldvalue/{NUMBER}", get_values, methods=["GET"]),
    Route(f"{SYSTEM}/pvt/products/{NUMBER}/specification", post_product_values, methods=["POST"]),
    Route(PRODUCT, get_assigned, methods=["GET"]),
    Route(f"{PRODUCT}/{{assigned:int}}", delete_assigned, methods=["DELETE"]),
    Route(SKU, get_assigned, methods=["GET"]),
    Route(SKU, post_sku_value, methods=["POST"]),
    Route(SKU, put_sku_value, methods=["PUT"]),
    Route(f"{SKU}/{{assigned:int}}", delete_assigned, methods=["DELETE"]),
]
