"""Specifications: by the field's name, made where they are missing, checked against the field's type."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import as_staff, deliver, end, sku_in_store
from tests.running import RunningBridge, RunningSandbox

GROUPS, FIELDS = "/api/catalog/pvt/specificationgroup", "/api/catalog/pvt/specification"


def of_product(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"product": "P1", "fields": list(fields)}


def of_sku(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"sku": "S1", "fields": list(fields)}


def field(name: str, *values: str, **others: Any) -> dict[str, Any]:
    return {"name": name, "values": list(values), **others}


async def assigned(sandbox: RunningSandbox) -> list[tuple[str, str, str]]:
    found = (await sandbox.state())["specifications"]["assigned"]
    return [(each["owner"][0], each["field"], each["value"]) for each in found]


async def fields(sandbox: RunningSandbox) -> dict[str, dict[str, Any]]:
    found = (await sandbox.state())["specifications"]["fields"]
    return {each["name"]: each for each in found}


async def staff_field(sandbox: RunningSandbox, name: str, type_id: int, **others: Any) -> int:
    group = await as_staff(sandbox, "POST", GROUPS, {"CategoryId": 1, "Name": f"Of {name}"})
    body = {"FieldTypeId": type_id, "CategoryId": 1, "FieldGroupId": group["Id"], "Name": name}
    return int((await as_staff(sandbox, "POST", FIELDS, body | {"IsActive": True} | others))["Id"])


async def writes(sandbox: RunningSandbox) -> int:
    return len(await sandbox.effects())


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"fields": [field("Cor", "Azul")]}, "send product or sku, one of them"),
        ({"product": "P1", "sku": "S1", "fields": [field("Cor", "Azul")]}, "one of them"),
        (of_sku(field("Cor", "Azul", type="text")), "a SKU's field Cor can only be of type combo or radio"),
        (of_sku(field("Cor", "Azul", "Verde")), "a SKU has one value in a field; Cor names 2"),
        (of_product(field("Cor", "Azul", "azul ")), "holds a value twice"),
        (of_product(field("Cor", "Azul"), field(" cor", "Verde")), "names a field twice"),
        (of_product(field("C" * 101, "Azul")), "at most 100 characters"),
        (of_product(), "fields must not be empty"),
    ],
)
async def test_what_vtex_cannot_hold_is_refused_at_the_door(
    bridge: RunningBridge, change: dict[str, Any], mistake: str
) -> None:
    answer = await bridge.client.post("/v1/changes/specification", json=change)
    assert answer.status_code == 422
    assert mistake in answer.text


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (field("Peso", "leve"), "the field Peso takes a number, such as 1.5, not 'leve'"),
        (field("Peso", "1", type="text"), "the field Peso is of type number in VTEX"),
        (field("Peso", "1", "2"), "the field Peso is of type number and takes one value, not 2"),
    ],
)
async def test_what_does_not_fit_vtexs_field_fails_before_anything_is_written(
    either: RunningBridge, sandbox: RunningSandbox, wanted: dict[str, Any], reason: str
) -> None:
    await sku_in_store(either)
    await staff_field(sandbox, "Peso", 4)
    before = await writes(sandbox)
    event = await end(either, "specification", of_product(field("Cor", "Azul"), wanted), "failed")
    assert reason in event["why"]
    assert [name for _, name, _ in await assigned(sandbox)] == []
    # The field that was right was made, and holds nothing.
    assert await writes(sandbox) - before <= 2


async def test_two_fields_of_one_name_need_the_group(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    for group in ("Um", "Dois"):
        made = await as_staff(sandbox, "POST", GROUPS, {"CategoryId": 1, "Name": group})
        body = {"FieldTypeId": 1, "CategoryId": 1, "FieldGroupId": made["Id"], "Name": "Cor"}
        await as_staff(sandbox, "POST", FIELDS, body)
    event = await end(either, "specification", of_product(field("Cor", "Azul")), "failed")
    assert "several fields named Cor; name the group: Dois, Um" in event["why"]
    await deliver(either, "specification", of_product(field("Cor", "Azul", group="um")))
    assert await assigned(sandbox) == [("product", "Cor", "Azul")]


async def test_missing_groups_fields_and_values_are_made_once(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    wanted = [
        field("Material", "ceramica", type="text", group="Ficha"),
        field("Uso", "Casa", "Jardim", type="checkbox", group="Ficha"),
    ]
    await deliver(either, "specification", of_product(*wanted))
    await deliver(either, "specification", of_sku(field("Cor", "Vermelho")))
    await deliver(either, "specification", of_sku(field("Cor", "Azul")))
    assert await assigned(sandbox) == [
        ("product", "Material", "ceramica"),
        ("product", "Uso", "Casa"),
        ("product", "Uso", "Jardim"),
        ("sku", "Cor", "Azul"),
    ]
    made = await fields(sandbox)
    assert (made["Material"]["group"], made["Material"]["type"]) == ("Ficha", 1)
    assert (made["Uso"]["type"], made["Uso"]["values"]) == (7, ["Casa", "Jardim"])
    assert (made["Cor"]["type"], made["Cor"]["of_skus"]) == (6, True)
    assert made["Cor"]["values"] == ["Azul", "Vermelho"]
    groups = await sandbox.effects("specification-group.created")
    assert [each["effect"]["name"] for each in groups] == ["Ficha", "Specifications"]


async def test_a_field_of_a_category_above_is_used(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await staff_field(sandbox, "Material", 1)
    await deliver(either, "category", {"code": "TOP", "vtex_id": 1})
    await deliver(either, "category", {"code": "MIDDLE", "name": "Middle", "parent": "TOP"})
    await deliver(either, "category", {"code": "DEEP", "name": "Deep", "parent": "MIDDLE"})
    product = {"code": "P1", "name": "Vaso", "brand_id": 1, "category": "DEEP"}
    await deliver(either, "product", product)
    await deliver(either, "specification", of_product(field("material", "ceramica")))
    assert await assigned(sandbox) == [("product", "Material", "ceramica")]
    assert len(await fields(sandbox)) == 1


async def test_what_the_erp_did_not_name_is_still_there(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    number = await staff_field(sandbox, "Da equipe", 1)
    by_hand = [{"Id": number, "Value": ["feito a mão"]}]
    await as_staff(sandbox, "POST", "/api/catalog_system/pvt/products/1/specification", by_hand)
    await deliver(either, "specification", of_product(field("Material", "ceramica")))
    await deliver(either, "specification", of_product(field("Uso", "Casa")))
    await deliver(either, "specification", of_product(field("Material")))
    assert await assigned(sandbox) == [("product", "Da equipe", "feito a mão"), ("product", "Uso", "Casa")]


@pytest.mark.parametrize("kind", ["text", "combo"])
async def test_an_empty_list_removes_the_value(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    await sku_in_store(either)
    await deliver(either, "specification", of_product(field("Material", "ceramica", type=kind)))
    await deliver(either, "specification", of_sku(field("Cor", "Azul")))
    await deliver(either, "specification", of_product(field("Material")))
    await deliver(either, "specification", of_sku(field("Cor")))
    assert await assigned(sandbox) == []


async def test_the_same_values_again_write_nothing(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    change = of_product(field("Uso", "Casa", "Jardim", type="combo"))
    event = await deliver(either, "specification", change)
    before = await writes(sandbox)
    await end(either, "specification", change, "unchanged")
    await either.client.post(f"/v1/events/{event['id']}/replay")
    await either.reaches(event["id"], "delivered", "unchanged", "superseded")
    assert await writes(sandbox) == before


async def test_it_waits_for_its_product_and_sku(either: RunningBridge, sandbox: RunningSandbox) -> None:
    [waits] = await either.post("specification", of_sku(field("Cor", "Azul")))
    event = await either.reaches(waits, "waiting")
    assert "SKU S1 is not in VTEX yet" in event["why"]
    await sku_in_store(either)
    await either.reaches(waits, "delivered")
    assert await assigned(sandbox) == [("sku", "Cor", "Azul")]


async def test_in_express_mode_a_value_that_is_there_is_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    express = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}, "catalog": catalog}
    async with starting(vtex=express) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "specification", of_product(field("Material", "ceramica")))
        change = of_product(field("Material", "barro"), field("Uso", "Casa"))
        await deliver(bridge, "specification", change)
    assert await assigned(sandbox) == [("product", "Material", "ceramica"), ("product", "Uso", "Casa")]


async def test_values_of_an_answer_that_was_lost_are_there_once(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    lost = {"action": "reset_after", "path_regex": "/specification$", "method": "POST", "times": 2}
    await sandbox.control("faults", lost)
    await deliver(either, "specification", of_sku(field("Cor", "Azul")))
    assert await assigned(sandbox) == [("sku", "Cor", "Azul")]
    assert len(await fields(sandbox)) == 1
