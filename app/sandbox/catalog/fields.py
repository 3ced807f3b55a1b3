"""The Catalog API's specification groups, fields and values."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, SYSTEM, existing
from app.sandbox.catalog.specifications import create_field, create_group, create_value, fields_of
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Json, Record, read_object


async def post_group(request: Request) -> Response:
    group = create_group(store_of(request), await read_object(request))
    note(request, "specification-group.created", id=group["Id"], name=group["Name"])
    return Json(group)


async def get_group(request: Request) -> Response:
    groups = store_of(request).specification_groups
    return Json(groups[existing(groups, request, "Group")])


async def list_groups(request: Request) -> Response:
    groups, category = store_of(request).specification_groups, request.path_params["number"]
    return Json([group for group in groups.values() if group["CategoryId"] == category])


async def post_field(request: Request) -> Response:
    field = create_field(store_of(request), await read_object(request))
    note(request, "specification-field.created", id=field["Id"], name=field["Name"])
    return Json(field)


async def get_field(request: Request) -> Response:
    fields = store_of(request).specification_fields
    return Json(fields[existing(fields, request, "Specification")])


def _listed(field: Record) -> Record:
    names = ("Name", "CategoryId", "IsActive", "IsStockKeepingUnit")
    return {"FieldId": field["Id"], **{name: field[name] for name in names}}


async def list_fields(request: Request) -> Response:
    category = request.path_params["number"]
    return Json([_listed(field) for field in fields_of(store_of(request), [category])])


async def list_fields_with_root(request: Request) -> Response:
    """The category's own and the root's: as VTEX describes it, none of those in between."""
    category = request.path_params["number"]
    return Json([_listed(field) for field in fields_of(store_of(request), [None, category])])


async def post_value(request: Request) -> Response:
    value = create_value(store_of(request), await read_object(request))
    note(request, "specification-value.created", id=value["FieldValueId"], name=value["Name"])
    return Json(value)


async def list_values(request: Request) -> Response:
    values, field = store_of(request).specification_values.values(), request.path_params["number"]
    names = ("FieldValueId", "IsActive", "Position")
    return Json(
        [
            {"Value": value["Name"], **{name: value[name] for name in names}}
            for value in values
            if value["FieldId"] == field
        ]
    )


LISTS = f"{SYSTEM}/pub/specification"
BY_CATEGORY = f"{LISTS}/field/listByCategoryId/{{number:int}}"
WITH_ROOT = f"{LISTS}/field/listTreeByCategoryId/{{number:int}}"
GROUPS = f"{SYSTEM}/pvt/specification/groupbycategory/{{number:int}}"

ROUTES = [
    Route(f"{PVT}/specificationgroup", post_group, methods=["POST"]),
    Route(GROUPS, list_groups, methods=["GET"]),
    Route(f"{LISTS}/groupGet/{{number:int}}", get_group, methods=["GET"]),
    Route(f"{PVT}/specification", post_field, methods=["POST"]),
    Route(f"{PVT}/specification/{{number:int}}", get_field, methods=["GET"]),
    Route(BY_CATEGORY, list_fields, methods=["GET"]),
    Route(WITH_ROOT, list_fields_with_root, methods=["GET"]),
    Route(f"{PVT}/specificationvalue", post_value, methods=["POST"]),
    Route(f"{LISTS}/fieldvalue/{{number:int}}", list_values, methods=["GET"]),
]
