"""What VTEX may answer about specifications: nothing unreadable passes for "there is none"."""

import pytest

from app.errors import Refused, Retry, Unauthorized
from app.vtex.catalog.specifications import FieldWrite, Owner, SpecificationField
from app.vtex.store import VtexStore
from tests.vtex.saying import Saying
from tests.vtex.test_taxonomy_answers import ODD

PRODUCT, SKU = Owner("product", "P1", 1), Owner("sku", "S1", 1001)
LISTED = '[{"Name": "Cor", "CategoryId": 3, "FieldId": 7, "IsActive": true, "IsStockKeepingUnit": false}]'
DEPARTMENT = '{"Id": 3, "Name": "D", "FatherCategoryId": null}'
FIELD = '{"Id": 7, "FieldTypeId": 5, "FieldGroupId": 9, "Name": "Cor"}'
GROUP = '{"Id": 9, "CategoryId": 3, "Name": "Group", "Position": 1}'


def colour(*values: str, field_type: str = "combo", of_skus: bool = False) -> FieldWrite:
    field = SpecificationField(7, "Cor", field_type, "Group", 3, of_skus, active=True, shares_name=False)
    return FieldWrite(field, values, tuple(range(1, len(values) + 1)))


@pytest.mark.parametrize("body", ODD)
async def test_what_is_answered_oddly_is_tried_again(store: VtexStore, vtex: Saying, body: str) -> None:
    vtex.says(200, body)
    with pytest.raises(Retry):
        await store.fields.named(3, "Cor")
    with pytest.raises(Retry):
        await store.fields.values(7)
    with pytest.raises(Retry):
        await store.specifications.read(PRODUCT)
    with pytest.raises(Retry):
        await store.specifications.category_of(SKU)


async def test_a_field_without_its_group_is_tried_again(store: VtexStore, vtex: Saying) -> None:
    for body in (LISTED, DEPARTMENT, '{"Id": 7, "FieldTypeId": 5}'):
        vtex.says(200, body)
    with pytest.raises(Retry, match="answered a specification field without FieldGroupId"):
        await store.fields.named(3, "Cor")


async def test_what_is_made_without_an_id_has_an_unknown_outcome(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "[]")
    vtex.says(200, "{}")
    with pytest.raises(Retry, match="created a specification group without telling its id") as raised:
        await store.fields.create(3, "Group", "Cor", "combo", of_skus=False)
    assert raised.value.unknown_outcome
    with pytest.raises(Retry, match="created a specification value without telling its id") as raised:
        await store.fields.create_value(7, "Azul")
    assert raised.value.unknown_outcome


async def test_what_was_found_is_not_asked_for_again_at_once(store: VtexStore, vtex: Saying) -> None:
    for body in (LISTED, DEPARTMENT, FIELD, GROUP):
        vtex.says(200, body)
    for _ in range(3):
        [field] = await store.fields.named(3, "cor ")
        assert (field.field_id, field.type, field.group) == (7, "combo", "Group")
    assert len(vtex.asked) == 4


async def test_a_new_field_is_known_although_vtexs_list_lags(store: VtexStore, vtex: Saying) -> None:
    for body in ("[]", DEPARTMENT, "[]", GROUP, '{"Id": 7}', "[]", DEPARTMENT, FIELD, GROUP):
        vtex.says(200, body)
    assert await store.fields.named(3, "Cor") == []
    await store.fields.create(3, "Group", "Cor", "combo", of_skus=False)
    await store.fields.refresh(3)
    [field] = await store.fields.named(3, "Cor")
    assert field.field_id == 7


async def test_an_inherited_group_is_not_the_categorys_own(store: VtexStore, vtex: Saying) -> None:
    for body in ('[{"Id": 9, "CategoryId": 1, "Name": "Group"}]', GROUP, '{"Id": 7}'):
        vtex.says(200, body)
    await store.fields.create(3, "Group", "Cor", "combo", of_skus=False)
    assert vtex.asked[1] == "POST /api/catalog/pvt/specificationgroup"


@pytest.mark.parametrize(
    ("write", "number"), [(colour(), 7), (colour(field_type="text"), 41)], ids=["choice", "text"]
)
async def test_a_product_is_cleared_of_a_choice_by_its_field_and_of_a_text_by_its_own_id(
    store: VtexStore, vtex: Saying, write: FieldWrite, number: int
) -> None:
    vtex.says(200)
    vtex.says(404, "{No message}")
    present = [{"Id": 41, "FieldId": 7, "FieldValueId": 1, "Text": "Azul"}]
    await store.specifications.write(PRODUCT, [write], present)
    assert vtex.asked == [f"DELETE /api/catalog/pvt/product/1/specification/{number}"]
    # As VTEX documents it, for a number that is none of this product.
    with pytest.raises(Refused, match=r"404: \{No message\}"):
        await store.specifications.write(PRODUCT, [write], present)


async def test_a_sku_is_never_given_a_field_twice(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "[]")
    write, of_sku = colour("Azul", of_skus=True), "/api/catalog/pvt/stockkeepingunit/1001/specification"
    present = [{"Id": number, "FieldId": 7, "FieldValueId": 9, "Text": "Old"} for number in (41, 42)]
    await store.specifications.write(SKU, [write], present)
    assert vtex.asked == [f"PUT {of_sku}", f"DELETE {of_sku}/42"]


async def test_403_names_the_permission_of_groups_and_of_fields(store: VtexStore, vtex: Saying) -> None:
    vtex.says(403)
    with pytest.raises(Unauthorized, match="the resource Groups"):
        await store.fields.refresh(3)
    with pytest.raises(Unauthorized, match="the resource SKU management"):
        await store.fields.create_value(7, "Azul")
    with pytest.raises(Unauthorized, match="the resource SKUs"):
        await store.specifications.read(SKU)


async def test_a_value_that_vtex_refuses_is_told(store: VtexStore, vtex: Saying) -> None:
    vtex.says(400, "Sku Field can be only of the Radio or Combo type")
    with pytest.raises(Refused, match="can be only of the Radio or Combo type"):
        await store.specifications.write(SKU, [colour("Azul", of_skus=True)], [])
