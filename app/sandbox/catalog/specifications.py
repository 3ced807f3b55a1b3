"""Specifications: the rules of groups, fields and values, and of what products and SKUs hold of them.

VTEX takes a second group, field or value of the same name, and a second association of a field.
"""

from collections.abc import Mapping, Sequence

from app.sandbox.catalog.products import category_path
from app.sandbox.catalog.shape import Field, conform
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError

COMBO, RADIO, CHECKBOX = 5, 6, 7
_CHOICES = (COMBO, RADIO, CHECKBOX)
_TYPES = (1, 2, 4, *_CHOICES, 8, 9)
_GROUP = {"CategoryId": Field("int"), "Name": Field("str", required=True, max_length=150)}
_FIELD = {
    "FieldTypeId": Field("int", required=True),
    "CategoryId": Field("int"),
    "FieldGroupId": Field("int", required=True),
    "Name": Field("str", required=True, max_length=100),
    "Description": Field("str"),
    "Position": Field("int", 0),
    "IsFilter": Field("bool", default=False),
    "IsRequired": Field("bool", default=False),
    "IsOnProductDetails": Field("bool", default=False),
    "IsStockKeepingUnit": Field("bool", default=False),
    "IsWizard": Field("bool"),
    "IsActive": Field("bool", default=False),
    "IsTopMenuLinkActive": Field("bool", default=False),
    "IsSideMenuLinkActive": Field("bool", default=False),
    "DefaultValue": Field("str"),
}
_VALUE = {
    "FieldId": Field("int", required=True),
    "Name": Field("str", required=True),
    "Text": Field("str"),
    "IsActive": Field("bool", default=False),
    "Position": Field("int", 0),
}


def create_group(store: Store, body: Mapping[str, object]) -> Record:
    group = conform(body, _GROUP)
    _check_category(store, group["CategoryId"])
    number = store.next_id("group", store.specification_groups)
    store.specification_groups[number] = {"Id": number, **group, "Position": len(store.specification_groups)}
    return store.specification_groups[number]


def create_field(store: Store, body: Mapping[str, object]) -> Record:
    field = conform(body, _FIELD)
    _check_category(store, field["CategoryId"])
    if field["FieldTypeId"] not in _TYPES:
        raise RefusedError(400, f"FieldTypeId must be one of {_TYPES}")
    group = store.specification_groups.get(field["FieldGroupId"])
    if group is None or group["CategoryId"] != field["CategoryId"]:
        # VTEX known issue: an inherited group does not count.
        raise RefusedError(400, "Field Group not found in the category")
    if field["IsStockKeepingUnit"] and field["FieldTypeId"] not in (COMBO, RADIO):
        raise RefusedError(400, "Sku Field can be only of the Radio or Combo type")
    number = store.next_id("field", store.specification_fields)
    store.specification_fields[number] = {"Id": number, **field}
    return store.specification_fields[number]


def create_value(store: Store, body: Mapping[str, object]) -> Record:
    value = conform(body, _VALUE)
    field = store.specification_fields.get(value["FieldId"])
    if field is None or field["FieldTypeId"] not in _CHOICES:
        raise RefusedError(400, f"Field {value['FieldId']} does not exist or has no values of its own")
    number = store.next_id("field value", store.specification_values)
    store.specification_values[number] = {"FieldValueId": number, **value}
    return store.specification_values[number]


def _check_category(store: Store, category: int | None) -> None:
    if category is not None and category not in store.categories:
        raise RefusedError(400, f"Category {category} does not exist")


def fields_of(store: Store, categories: Sequence[int | None]) -> list[Record]:
    return [each for each in store.specification_fields.values() if each["CategoryId"] in categories]


def applicable(store: Store, product: int, *, of_skus: bool) -> list[Record]:
    """The fields that a product or its SKUs can hold: its category's, inherited ones included."""
    path = category_path(store, store.products[product]["CategoryId"])
    found = fields_of(store, [None, *path])
    return [each for each in found if each["IsStockKeepingUnit"] is of_skus]


def applicable_field(store: Store, product: int, field_id: object, *, of_skus: bool) -> Record:
    for field in applicable(store, product, of_skus=of_skus):
        if field["Id"] == field_id:
            return field
    level = "SKU" if of_skus else "product"
    raise RefusedError(400, f"Field {field_id} is no {level} field of the category")


def specify_product(store: Store, product: int, field: Record, values: Sequence[str]) -> None:
    """Replace what the product holds of the field; other fields stay."""
    held = store.product_specifications[product]
    new = [_held(store, field, value) for value in values]
    for number in [number for number, each in held.items() if each["FieldId"] == field["Id"]]:
        del held[number]
    for each in new:
        number = store.next_id("specification", held)
        held[number] = {"Id": number, "ProductId": product, "FieldId": field["Id"], **each}


def specify_sku(store: Store, sku: int, field: Record, value_id: object, number: int | None = None) -> Record:
    """A new association without a number: also where the SKU has one of the field (VTEX known issue)."""
    value = store.specification_values.get(value_id if isinstance(value_id, int) else 0)
    if value is None or value["FieldId"] != field["Id"]:
        raise RefusedError(400, f"FieldValueId {value_id} is no value of field {field['Id']}")
    held = store.sku_specifications[sku]
    number = number or store.next_id("specification", held)
    association = {"Id": number, "SkuId": sku, "FieldId": field["Id"]}
    held[number] = association | {"FieldValueId": value["FieldValueId"], "Text": value["Name"]}
    return held[number]


def _held(store: Store, field: Record, value: str) -> Record:
    if field["FieldTypeId"] not in _CHOICES:
        return {"FieldValueId": None, "Text": value}
    return {"FieldValueId": value_named(store, field, value)["FieldValueId"], "Text": value}


def value_named(store: Store, field: Record, name: str) -> Record:
    for value in store.specification_values.values():
        if value["FieldId"] == field["Id"] and value["Name"] == name:
            return value
    raise RefusedError(400, f"{name} is no value of field {field['Name']}")


def check_values(field: Record, values: Sequence[str]) -> None:
    if not values:
        raise RefusedError(400, f"Field {field['Name']} needs a value")
    if len(values) > 1 and field["FieldTypeId"] != CHECKBOX:
        raise RefusedError(400, f"Field {field['Name']} holds one value")
    if field["FieldTypeId"] == 4 and not all(value.replace(".", "", 1).isdecimal() for value in values):
        raise RefusedError(400, f"Field {field['Name']} holds a number")


def dump_specifications(store: Store) -> Record:
    """Fields with their groups and values; what products and SKUs hold, by names."""
    fields = [
        {
            **field,
            "GroupName": store.specification_groups[field["FieldGroupId"]]["Name"],
            "Values": [
                value for value in store.specification_values.values() if value["FieldId"] == field["Id"]
            ],
        }
        for field in store.specification_fields.values()
    ]
    groups = list(store.specification_groups.values())
    products = _dump_held(store, store.product_specifications)
    return {
        "groups": groups,
        "fields": fields,
        "products": products,
        "skus": _dump_held(store, store.sku_specifications),
    }


def _dump_held(store: Store, held: Mapping[int, Mapping[int, Record]]) -> list[Record]:
    lines = [
        {"Id": owner, "Name": store.specification_fields[each["FieldId"]]["Name"], "Value": each["Text"]}
        for owner, associations in held.items()
        for each in associations.values()
    ]
    return sorted(lines, key=lambda line: (line["Id"], line["Name"], line["Value"]))
