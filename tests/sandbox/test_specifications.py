"""Specifications of the stand-in store: its refusals, what is not idempotent, what a write leaves alone."""

from typing import Any

import httpx2
import pytest
import zeep

from app.sandbox.state import Store
from tests.sandbox.conftest import Shop, Webservice

GROUP = "/api/catalog/pvt/specificationgroup"
FIELD = "/api/catalog/pvt/specification"
VALUE = "/api/catalog/pvt/specificationvalue"
LISTS = "/api/catalog_system/pub/specification"
OF_PRODUCT = "/api/catalog/pvt/product/1/specification"
NAMES = "/api/catalog_system/pvt/products/1/specification"
OF_SKU = "/api/catalog/pvt/stockkeepingunit/1001/specification"
TEXT, NUMBER, COMBO, CHECKBOX = 1, 4, 5, 7


async def post(vtex: httpx2.AsyncClient, path: str, body: object) -> Any:
    answer = await vtex.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


async def field(vtex: httpx2.AsyncClient, name: str, field_type: int, **more: object) -> int:
    group = await post(vtex, GROUP, {"CategoryId": 1, "Name": "Group"})
    body = {"CategoryId": 1, "FieldGroupId": group["Id"], "FieldTypeId": field_type, "Name": name}
    made = await post(vtex, FIELD, body | {"IsActive": True} | more)
    return int(made["Id"])


async def value(vtex: httpx2.AsyncClient, field_id: int, name: str) -> int:
    made = await post(vtex, VALUE, {"FieldId": field_id, "Name": name, "IsActive": True})
    return int(made["FieldValueId"])


async def refused(vtex: httpx2.AsyncClient, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = await vtex.request(method, path, json=body)
    return answer.status_code, answer.text


async def test_a_skus_field_is_a_combo_or_radio(vtex: httpx2.AsyncClient) -> None:
    group = await post(vtex, GROUP, {"CategoryId": 1, "Name": "Group"})
    body = {"CategoryId": 1, "FieldGroupId": group["Id"], "Name": "Cor", "IsStockKeepingUnit": True}
    said = await refused(vtex, "POST", FIELD, body | {"FieldTypeId": CHECKBOX})
    assert said == (400, "Sku Field can be only of the Radio or Combo type")


async def test_a_field_is_put_into_a_group_of_its_own_category(
    vtex: httpx2.AsyncClient, state: Store
) -> None:
    state.categories[2] = state.categories[1] | {"Id": 2, "FatherCategoryId": 1}
    group = await post(vtex, GROUP, {"CategoryId": 1, "Name": "Group"})
    body = {"CategoryId": 2, "FieldGroupId": group["Id"], "Name": "Cor", "FieldTypeId": TEXT}
    assert await refused(vtex, "POST", FIELD, body) == (400, "Field Group not found in the category")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GROUP, {"CategoryId": 99, "Name": "Group"}),
        (GROUP, {"CategoryId": 1}),
        (FIELD, {"FieldTypeId": 3, "FieldGroupId": 1, "Name": "Cor"}),
        (FIELD, {"FieldTypeId": TEXT, "FieldGroupId": 1, "Name": "x" * 101}),
        (VALUE, {"FieldId": 99, "Name": "Azul"}),
    ],
)
async def test_what_is_wrong_is_refused(vtex: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> None:
    assert (await refused(vtex, "POST", path, body))[0] == 400


async def test_a_text_has_no_values_of_its_own(vtex: httpx2.AsyncClient) -> None:
    text = await field(vtex, "Cuidados", TEXT)
    assert (await refused(vtex, "POST", VALUE, {"FieldId": text, "Name": "A"}))[0] == 400


async def test_names_may_repeat(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    first, second = [await field(vtex, "Cor", COMBO) for _ in range(2)]
    assert first != second
    assert await value(vtex, first, "Azul") != await value(vtex, first, "Azul")
    listed = await shop.get(f"{LISTS}/field/listByCategoryId/1")
    assert [each["FieldId"] for each in listed] == [first, second]


async def test_a_list_has_the_categorys_and_the_roots_fields(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    own = await field(vtex, "Own", TEXT)
    of_root = own + 1
    state.specification_fields[of_root] = state.specification_fields[own] | {
        "Id": of_root,
        "CategoryId": None,
    }
    tree = await shop.get(f"{LISTS}/field/listTreeByCategoryId/1")
    plain = await shop.get(f"{LISTS}/field/listByCategoryId/1")
    assert [[each["FieldId"] for each in listed] for listed in (tree, plain)] == [[own, of_root], [own]]


@pytest.mark.parametrize(
    ("field_type", "values"),
    [(COMBO, ["None such"]), (TEXT, ["A", "B"]), (NUMBER, ["A"]), (TEXT, []), (TEXT, None)],
)
async def test_a_product_takes_what_its_field_can_hold(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store, field_type: int, values: object
) -> None:
    await shop.product()
    number = await field(vtex, "Cor", field_type)
    assert (await refused(vtex, "POST", NAMES, [{"Id": number, "Value": values}]))[0] == 400
    assert state.product_specifications[1] == {}


async def test_a_products_values_are_replaced_field_by_field(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product()
    material, care = await field(vtex, "Material", CHECKBOX), await field(vtex, "Cuidados", TEXT)
    ids = [await value(vtex, material, name) for name in ("Barro", "Vidro")]
    both = [{"Id": material, "Value": ["Barro", "Vidro"]}, {"Id": care, "Value": ["Frágil"]}]
    await post(vtex, NAMES, both)
    await post(vtex, NAMES, [{"Id": material, "Value": ["Vidro"]}])
    held = [(each["FieldId"], each["FieldValueId"], each["Text"]) for each in await shop.get(OF_PRODUCT)]
    assert sorted(held, key=str) == sorted([(material, ids[1], "Vidro"), (care, None, "Frágil")], key=str)
    assert {each["Name"]: each["Value"] for each in await shop.get(NAMES)} == {
        "Material": ["Vidro"],
        "Cuidados": ["Frágil"],
    }


async def test_a_products_choice_is_removed_by_its_field_and_a_text_by_its_own_id(
    vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    await shop.product()
    combo, text = await field(vtex, "Cor", COMBO), await field(vtex, "Cuidados", TEXT)
    await value(vtex, combo, "Azul")
    await post(vtex, NAMES, [{"Id": combo, "Value": ["Azul"]}, {"Id": text, "Value": ["Frágil"]}])
    own = {each["FieldId"]: each["Id"] for each in await shop.get(OF_PRODUCT)}
    for wrong in (own[combo], text):
        assert (await refused(vtex, "DELETE", f"{OF_PRODUCT}/{wrong}"))[0] == 404
    for right in (combo, own[text]):
        assert (await refused(vtex, "DELETE", f"{OF_PRODUCT}/{right}"))[0] == 200
    assert await shop.get(OF_PRODUCT) == []


async def test_a_sku_may_hold_a_field_twice(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    colour = await field(vtex, "Cor", COMBO, IsStockKeepingUnit=True)
    blue, red = await value(vtex, colour, "Azul"), await value(vtex, colour, "Vermelho")
    associations = [await post(vtex, OF_SKU, {"FieldId": colour, "FieldValueId": blue}) for _ in range(2)]
    body = {"Id": associations[0]["Id"], "FieldId": colour, "FieldValueId": red}
    assert (await refused(vtex, "PUT", OF_SKU, body))[0] == 200
    assert [each["Text"] for each in await shop.get(OF_SKU)] == ["Vermelho", "Azul"]
    assert (await refused(vtex, "DELETE", f"{OF_SKU}/{associations[1]['Id']}"))[0] == 200
    assert (await refused(vtex, "DELETE", f"{OF_SKU}/{associations[1]['Id']}"))[0] == 404
    assert (await refused(vtex, "PUT", OF_SKU, body | {"Id": 1}))[0] == 404


async def test_a_products_field_is_none_of_a_sku(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    combo = await field(vtex, "Cor", COMBO)
    body = {"FieldId": combo, "FieldValueId": await value(vtex, combo, "Azul")}
    assert (await refused(vtex, "POST", OF_SKU, body))[0] == 400


async def test_the_webservice_cannot_empty_a_text(
    soap: Webservice, vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    await shop.product()
    text = await field(vtex, "Cuidados", TEXT)
    await soap.call("ProductEspecificationTextInsertByFieldId", 1, text, "Frágil")
    with pytest.raises(zeep.exceptions.Fault, match="needs a value"):
        await soap.call("ProductEspecificationTextInsertByFieldId", 1, text, "")
    assert [each["Text"] for each in await shop.get(OF_PRODUCT)] == ["Frágil"]


async def test_the_webservice_writes_by_name_and_by_id(
    soap: Webservice, vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    await shop.sku()
    material = await field(vtex, "Material", CHECKBOX)
    colour = await field(vtex, "Cor", COMBO, IsStockKeepingUnit=True)
    for number, name in ((material, "Barro"), (material, "Vidro"), (colour, "Azul"), (colour, "Vermelho")):
        await value(vtex, number, name)
    barro, vidro = {"string": ["Barro"]}, {"string": ["Vidro"]}
    await soap.call("ProductEspecificationInsert", 1, "Material", {"string": ["Barro", "Vidro"]})
    await soap.call("ProductEspecificationInsertByFieldId", 1, material, barro)
    listed = {"ProductFieldIdDTO": [{"fieldId": material, "fieldValues": vidro, "productid": 1}]}
    await soap.call("ProductEspecificationInsertByListFieldIds", listed)
    assert [each["Text"] for each in await shop.get(OF_PRODUCT)] == ["Vidro"]
    await soap.call("StockKeepingUnitEspecificationInsert", 1001, "Cor", {"string": ["Azul"]})
    await soap.call("StockKeepingUnitEspecificationInsertByFieldId", 1001, colour, {"string": ["Vermelho"]})
    assert [each["Text"] for each in await shop.get(OF_SKU)] == ["Vermelho"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("ProductEspecificationInsert", (1, "None such", {"string": ["A"]})),
        ("ProductEspecificationInsert", (99, "Cor", {"string": ["A"]})),
        ("ProductEspecificationInsertByFieldId", (1, 99, {"string": ["A"]})),
        ("StockKeepingUnitEspecificationInsert", (1001, "None such", {"string": ["A"]})),
        ("StockKeepingUnitEspecificationInsertByFieldId", (99, 1, {"string": ["A"]})),
    ],
)
async def test_what_is_not_there_is_a_fault(
    soap: Webservice, shop: Shop, operation: str, arguments: tuple[Any, ...]
) -> None:
    await shop.sku()
    with pytest.raises(zeep.exceptions.Fault, match=r"not exist|no product field"):
        await soap.call(operation, *arguments)
