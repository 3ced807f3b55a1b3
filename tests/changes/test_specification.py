"""specification, through both codecs: fields found or made by name, values set, changed and cleared."""

from typing import Any

import pytest

from app.sandbox.catalog.specifications import create_field, create_group
from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, as_staff, calls, deliver, end, sku_in_store
from tests.running import RunningBridge, RunningSandbox

VALUES = "/api/catalog/pvt/specificationvalue"
TYPES = {"text": 1, "multiline": 2, "number": 4, "combo": 5, "radio": 6, "checkbox": 7}
MATERIAL = {"name": "Material", "group": "Composição", "type": "checkbox", "values": ["Barro", "Vidro"]}
CARE = {"name": "Cuidados", "group": "Composição", "type": "text", "values": ["Não vai ao forno"]}
COLOUR = {"name": "Cor", "group": "Variação", "type": "radio", "values": ["Vermelho"]}


def of_product(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"product": "P1", "fields": list(fields)}


def of_sku(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"sku": "S1", "fields": list(fields)}


def made_by_staff(
    sandbox: RunningSandbox,
    name: str,
    field_type: str,
    *,
    of_skus: bool = False,
    category: int | None = 1,
    group: str = "",
) -> int:
    """A field in a group of its own, in the root where no category is named; its id."""
    store = sandbox.app.state.store
    made = create_group(store, {"CategoryId": category, "Name": group or f"Group of {name}"})
    field = {"FieldTypeId": TYPES[field_type], "FieldGroupId": made["Id"], "CategoryId": category}
    flags = {"IsStockKeepingUnit": of_skus, "IsActive": True}
    return int(create_field(store, {"Name": name, **field, **flags})["Id"])


async def held(sandbox: RunningSandbox, owners: str) -> list[tuple[str, str]]:
    """The names and values of the only product or SKU."""
    lines = (await sandbox.state())["specifications"][owners]
    return [(line["Name"], line["Value"]) for line in lines]


async def defined(sandbox: RunningSandbox, what: str = "fields") -> list[str]:
    return [each["Name"] for each in (await sandbox.state())["specifications"][what]]


async def refused(bridge: RunningBridge, change: dict[str, Any]) -> str:
    answer = await bridge.client.post("/v1/changes/specification", json=change)
    assert answer.status_code == 422
    return answer.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": [CARE]}, "send product or sku, one of them"),
        ({"product": "P1", "sku": "S1", "fields": [CARE]}, "send product or sku, one of them"),
        ({"product": "P1"}, "fields is required; add it"),
        ({"product": "P1", "fields": None}, "fields must be an array"),
        (of_product(CARE, CARE | {"name": "cuidados"}), "names a field twice"),
        (of_product({"name": "Cor"}), "values is required; add it"),
        (of_product(MATERIAL | {"values": ["Barro", "barro"]}), "Material holds a value twice"),
        (of_product(MATERIAL | {"name": "x" * 101}), "at most 100 characters"),
        (of_product(MATERIAL | {"values": ["x" * 101]}), "values of at most 100 characters"),
        (of_product(MATERIAL | {"type": "combo"}), "holds one value; send one"),
        (of_product(CARE | {"type": "number"}), "Cuidados is of type number: send a number"),
        (of_product(CARE | {"type": "number", "values": ["1,5"]}), "with a point before its fraction"),
        (of_product(CARE | {"type": "colour"}), "'text', 'multiline', 'number'"),
        (of_sku(CARE), "Cuidados is a SKU's: send the type combo or radio instead of text"),
        (of_sku({"name": "Cor", "values": ["A", "B"]}), "a SKU's, which takes exactly one value"),
    ],
)
async def test_what_no_field_can_hold_is_refused_at_the_door(
    bridge: RunningBridge, change: dict[str, Any], said: str
) -> None:
    assert said in await refused(bridge, change)


async def test_a_field_that_is_missing_needs_a_group_and_a_type(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    event = await end(either, "specification", of_product({"name": "Cor", "values": ["A"]}), "failed")
    assert (
        "VTEX has no field Cor in category 1 or above it; to make it, send also: group, type" in event["why"]
    )
    assert await defined(sandbox) == []


@pytest.mark.parametrize(
    ("of_skus", "field_type", "item", "said"),
    [
        (False, "combo", {"type": "text", "values": ["A"]}, "is of type combo in VTEX, the change says text"),
        (False, "radio", {"values": ["A", "B"]}, "VTEX's field Cor is of type radio, which holds one value"),
        (False, "number", {"values": ["A"]}, "VTEX's field Cor is of type number: send a number"),
        (False, "combo", {"values": ["x" * 101]}, "send values of at most 100 characters"),
        (
            True,
            "combo",
            {"type": "radio", "values": ["A"]},
            "is of type combo in VTEX, the change says radio",
        ),
        (
            True,
            "combo",
            {"group": "Elsewhere", "values": ["A"]},
            "in the group Group of Cor, not in Elsewhere",
        ),
    ],
)
async def test_what_vtexs_field_cannot_hold_is_refused_before_anything_is_made(
    either: RunningBridge,
    sandbox: RunningSandbox,
    of_skus: bool,
    field_type: str,
    item: dict[str, Any],
    said: str,
) -> None:
    await sku_in_store(either)
    made_by_staff(sandbox, "Cor", field_type, of_skus=of_skus)
    # A good one beside it is not made either.
    change = (of_sku if of_skus else of_product)({"name": "Cor", **item}, COLOUR | {"name": "New"})
    event = await end(either, "specification", change, "failed")
    assert said in event["why"]
    assert await defined(sandbox) == ["Cor"]


async def test_several_fields_of_one_name_are_told_apart_by_group(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    made_by_staff(sandbox, "Cor", "combo", category=None)
    other = made_by_staff(sandbox, "Cor", "combo", group="Other")
    item = {"name": "Cor", "values": ["Azul"]}
    event = await end(either, "specification", of_product(item), "failed")
    assert (
        "several fields Cor in this category, in the groups Group of Cor and Other: send the group"
        in (event["why"])
    )
    await deliver(either, "specification", of_product(item | {"group": "Other"}))
    [association] = sandbox.app.state.store.product_specifications[1].values()
    assert association["FieldId"] == other


async def test_a_field_that_two_replicas_made_at_once_is_one(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    """The same name, group, category and type: the first is taken by all."""
    await sku_in_store(either)
    first, _ = (made_by_staff(sandbox, "Cor", "combo", group="Variação") for _ in range(2))
    await deliver(either, "specification", of_product({"name": "Cor", "values": ["Azul"]}))
    [association] = sandbox.app.state.store.product_specifications[1].values()
    assert association["FieldId"] == first


async def test_what_is_missing_is_made_once_with_its_type(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "specification", of_product(MATERIAL, CARE))
    await deliver(either, "specification", of_sku(COLOUR))
    made = (await sandbox.state())["specifications"]
    facts = [(each["Name"], each["GroupName"], each["FieldTypeId"]) for each in made["fields"]]
    assert facts == [("Cuidados", "Composição", 1), ("Material", "Composição", 7), ("Cor", "Variação", 6)]
    assert [each["IsStockKeepingUnit"] for each in made["fields"]] == [False, False, True]
    assert [each["CategoryId"] for each in made["groups"]] == [1, 1]
    values = [[value["Name"] for value in each["Values"]] for each in made["fields"]]
    assert values == [[], ["Barro", "Vidro"], ["Vermelho"]]
    expected = [("Cuidados", "Não vai ao forno"), ("Material", "Barro"), ("Material", "Vidro")]
    assert await held(sandbox, "products") == expected
    assert await held(sandbox, "skus") == [("Cor", "Vermelho")]


async def test_many_products_that_want_the_same_new_field_share_one(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    codes = [f"P{each}" for each in range(8)]
    for code in codes:
        await deliver(either, "product", PRODUCT | {"code": code})
    ids = await either.post("specification", [{"product": code, "fields": [MATERIAL]} for code in codes])
    for event_id in ids:
        await either.reaches(event_id, "delivered")
    assert (await defined(sandbox), await defined(sandbox, "groups")) == (["Material"], ["Composição"])
    assert len(await sandbox.effects("specification-value.created")) == 2
    assert len(await held(sandbox, "products")) == 16


async def test_a_field_that_a_parent_category_has_is_used(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "category", {"code": "D", "name": "Department"})
    await deliver(either, "category", {"code": "C", "name": "Category", "parent": "D"})
    await deliver(either, "category", {"code": "S", "name": "Subcategory", "parent": "C"})
    change = {key: value for key, value in PRODUCT.items() if key != "category_id"}
    await deliver(either, "product", change | {"category": "S"})
    names = {each["Name"]: each["Id"] for each in (await sandbox.state())["categories"]}
    for name, category in (("Root", None), ("Top", names["Department"]), ("Middle", names["Category"])):
        made_by_staff(sandbox, name, "text", category=category)
    items = [{"name": name, "values": [name]} for name in ("root", "TOP", "middle")]
    await deliver(either, "specification", of_product(*items))
    assert await held(sandbox, "products") == [("Middle", "middle"), ("Root", "root"), ("Top", "TOP")]
    assert len(await defined(sandbox)) == 3


async def test_what_staff_filled_in_stays_and_null_or_nothing_clears(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    by_staff = made_by_staff(sandbox, "By staff", "text")
    await deliver(either, "specification", of_product(MATERIAL, CARE))
    names = "/api/catalog_system/pvt/products/1/specification"
    await as_staff(sandbox, "POST", names, [{"Id": by_staff, "Value": ["ours"]}])
    await deliver(either, "specification", of_product(MATERIAL | {"values": ["Vidro"]}))
    expected = [("By staff", "ours"), ("Cuidados", "Não vai ao forno"), ("Material", "Vidro")]
    assert await held(sandbox, "products") == expected
    await deliver(either, "specification", of_product({"name": "material", "values": []}))
    await deliver(either, "specification", of_product({"name": "Cuidados", "values": None}))
    assert await held(sandbox, "products") == [("By staff", "ours")]
    # The field and its values are everybody's: they are not removed.
    assert await defined(sandbox) == ["By staff", "Cuidados", "Material"]


async def test_a_skus_value_is_changed_in_place_and_cleared(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    size = made_by_staff(sandbox, "Tamanho", "combo", of_skus=True)
    value = await as_staff(sandbox, "POST", VALUES, {"FieldId": size, "Name": "M", "IsActive": True})
    of_s1 = "/api/catalog/pvt/stockkeepingunit/1001/specification"
    await as_staff(sandbox, "POST", of_s1, {"FieldId": size, "FieldValueId": value["FieldValueId"]})
    await deliver(either, "specification", of_sku(COLOUR))
    await deliver(either, "specification", of_sku(COLOUR | {"values": ["Azul"]}))
    assert await held(sandbox, "skus") == [("Cor", "Azul"), ("Tamanho", "M")]
    await deliver(either, "specification", of_sku({"name": "Cor", "values": None}))
    assert await held(sandbox, "skus") == [("Tamanho", "M")]


async def test_a_skus_duplicates_of_a_field_become_one(starting: Starting, sandbox: RunningSandbox) -> None:
    async with starting() as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "specification", of_sku(COLOUR))
        [association] = sandbox.app.state.store.sku_specifications[1001].values()
        of_s1 = "/api/catalog/pvt/stockkeepingunit/1001/specification"
        wanted = {name: association[name] for name in ("FieldId", "FieldValueId")}
        await as_staff(sandbox, "POST", of_s1, wanted)
        assert await held(sandbox, "skus") == [("Cor", "Vermelho")] * 2
        await deliver(bridge, "specification", of_sku(COLOUR | {"values": ["Azul"]}))
    assert await held(sandbox, "skus") == [("Cor", "Azul")]


async def test_a_value_that_vtex_spells_otherwise_is_the_same(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "specification", of_product(MATERIAL))
    await deliver(either, "specification", of_product({"name": "MATERIAL", "values": ["barro"]}))
    assert await held(sandbox, "products") == [("Material", "Barro")]
    assert len(await sandbox.effects("specification-value.created")) == 2


async def test_clearing_what_nobody_has_makes_nothing(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    before = await sandbox.effects()
    await deliver(either, "specification", of_product({"name": "Cor", "values": None}))
    assert await sandbox.effects() == before


async def test_a_later_change_may_leave_out_group_and_type(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    """They are still known when the field is not in VTEX yet."""
    [first] = await either.post("specification", of_product(MATERIAL))
    await either.reaches(first, "waiting")
    [second] = await either.post("specification", of_product({"name": "material", "values": ["Barro"]}))
    await deliver(either, "product", PRODUCT)
    await either.reaches(second, "delivered")
    assert await held(sandbox, "products") == [("Material", "Barro")]


async def test_a_field_that_staff_deactivated_is_filled_and_told(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    number = made_by_staff(sandbox, "Cuidados", "text")
    sandbox.app.state.store.specification_fields[number]["IsActive"] = False
    event = await deliver(either, "specification", of_product(CARE | {"group": None}))
    assert event["why"] == "VTEX shows no inactive field: activate Cuidados there"
    assert await held(sandbox, "products") == [("Cuidados", "Não vai ao forno")]


async def test_it_waits_for_its_product_and_its_sku(either: RunningBridge, sandbox: RunningSandbox) -> None:
    waiting = [
        await end(either, "specification", change, "waiting") for change in (of_product(CARE), of_sku(COLOUR))
    ]
    assert waiting[0]["why"].startswith("product P1 is not in VTEX yet")
    assert waiting[1]["why"].startswith("SKU S1 is not in VTEX yet")
    await sku_in_store(either)
    for event in waiting:
        await either.reaches(event["id"], "delivered")
    assert (await held(sandbox, "products"), await held(sandbox, "skus")) == (
        [("Cuidados", "Não vai ao forno")],
        [("Cor", "Vermelho")],
    )


async def test_it_waits_for_a_product_that_staff_deleted(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    store = sandbox.app.state.store
    store.product_by_ref.pop("P1")
    store.products.pop(1)
    event = await end(either, "specification", of_product(CARE), "waiting")
    assert event["why"].startswith("product P1 is no")
    await deliver(either, "product", PRODUCT | {"title": "Again"})
    await either.reaches(event["id"], "delivered")
    assert await held(sandbox, "products") == [("Cuidados", "Não vai ao forno")]


async def test_the_same_again_writes_nothing(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    for change in (of_product(MATERIAL, CARE), of_sku(COLOUR)):
        await deliver(either, "specification", change)
    before = await sandbox.effects()
    for change in (of_product(MATERIAL, CARE), of_sku(COLOUR)):
        event = await end(either, "specification", change, "unchanged")
        await either.client.post(f"/v1/events/{event['id']}/replay")
        await either.reaches(event["id"], "delivered")
    assert await sandbox.effects() == before


async def test_in_express_mode_they_are_the_store_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    express = {"catalog": catalog, "mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    async with starting(vtex=express) as bridge:
        await sku_in_store(bridge)
        event = await deliver(bridge, "specification", of_product(CARE))
        assert 'configure express_owns.specification = ["fields"]' in event["why"]
    assert await defined(sandbox) == []
    async with starting(vtex=express | {"express_owns": {"specification": ["fields"]}}) as bridge:
        await deliver(bridge, "specification", of_product(CARE | {"values": ["Frágil"]}))
    assert await held(sandbox, "products") == [("Cuidados", "Frágil")]


async def test_the_webservice_is_told_several_choices_in_one_call(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    async with starting(vtex={"catalog": "webservice"}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "specification", of_product(MATERIAL, CARE, MATERIAL | {"name": "Verniz"}))
    told = [each.get("operation") for each in await calls(sandbox, "POST", "/AdminWebService")]
    assert [each for each in told if each and "Especification" in each] == [
        "ProductEspecificationInsertByListFieldIds",
        "ProductEspecificationTextInsertByFieldId",
    ]
    lines = await held(sandbox, "products")
    assert [name for name, _ in lines] == ["Cuidados", "Material", "Material", "Verniz", "Verniz"]


async def test_the_webservice_writes_the_values_and_then_the_record_that_shows_them(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    async with starting(vtex={"catalog": "webservice"}) as bridge:
        await sku_in_store(bridge)
        before = len(await sandbox.effects())
        await deliver(bridge, "specification", of_product(MATERIAL))
        await deliver(bridge, "specification", of_sku(COLOUR))
        effects = [each["effect"]["type"] for each in (await sandbox.effects())[before:]]
    made = ["specification-group.created", "specification-field.created"]
    value = "specification-value.created"
    assert effects == [
        *made, value, value, "product.specified", "product.updated",
        *made, value, "sku.specified", "sku.updated",
    ]  # fmt: skip
    assert await calls(sandbox, "PUT", "/specification") == []
