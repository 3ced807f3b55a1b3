"""The catalogue's structure, from departments to products: in any order, and alike through both codecs."""

from typing import Any

import pytest

from tests.changes.steps import as_staff
from tests.running import RunningBridge, RunningSandbox, running_bridge, running_sandbox

Changes = list[tuple[str, dict[str, Any]]]

DEPARTMENT = {"code": "ARTESANATO", "name": "Departamento Artesanato", "title": "Artesanato"}
CATEGORY = {"code": "BARRO", "name": "Artesanato de Barro", "parent": "ARTESANATO", "keywords": "Barro"}
SUBCATEGORY = {"code": "VERMELHO", "name": "Barro Vermelho", "parent": "BARRO", "show_in_store_front": False}
BRAND = {"code": "DUBOM", "name": "DuBom", "description": "Marca DuBom", "menu_home": True}
PRODUCT = {
    "code": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho",
    "brand": "DUBOM",
    "category": "VERMELHO",
    "trade_policies": [1, 2],
    "active": True,
}
COMPOSITION = {"group": "Composição", "type": "checkbox", "name": "Material"}
SPECIFICATION = {
    "product": "1234567890",
    "fields": [
        COMPOSITION | {"values": ["Barro", "Vidro"]},
        {"group": "Composição", "type": "multiline", "name": "Cuidados", "values": ["Não vai ao forno"]},
    ],
}
IN_ORDER: Changes = [
    ("category", DEPARTMENT),
    ("category", CATEGORY),
    ("category", SUBCATEGORY),
    ("brand", BRAND),
    ("product", PRODUCT),
    ("specification", SPECIFICATION),
]
#: What the ERP says later; every absent field is somebody else's.
UPDATES: Changes = [
    ("brand", {"code": "DUBOM", "title": "A marca", "menu_home": False}),
    ("category", {"code": "BARRO", "title": "Barro", "keywords": None, "score": 2}),
    ("category", {"code": "VERMELHO", "stock_keeping_unit_selection_mode": "LIST"}),
    ("product", {"code": "1234567890", "category": "BARRO", "trade_policies": [2, 3]}),
]
#: Once the product has moved, its new category makes fields of its own.
LAST: Changes = [
    (
        "specification",
        {
            "product": "1234567890",
            "fields": [COMPOSITION | {"values": ["Barro"]}, {"name": "Cuidados", "values": None}],
        },
    )
]


async def deliver_all(bridge: RunningBridge, changes: Changes) -> None:
    ids = [event_id for kind, change in changes for event_id in await bridge.post(kind, change)]
    for event_id in ids:
        await bridge.reaches(event_id, "delivered")


def by_name(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {record["Name"]: record for record in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("catalog", ["rest", "webservice"])
async def test_posted_in_reverse_order_each_is_there_once(
    migrated_database_url: str, sandbox: RunningSandbox, catalog: str
) -> None:
    async with running_bridge(migrated_database_url, sandbox.url, vtex={"catalog": catalog}) as bridge:
        ids = [
            event_id for kind, change in reversed(IN_ORDER) for event_id in await bridge.post(kind, change)
        ]
        events = [await bridge.reaches(event_id, "delivered") for event_id in ids]
    outcomes = {attempt["outcome"] for event in events for attempt in event["attempts"]}
    assert outcomes <= {"delivered", "waiting"}
    state = await sandbox.state()
    categories, brands = by_name(state["categories"]), by_name(state["brands"])
    department, category, subcategory = (
        categories[str(change["name"])] for change in (DEPARTMENT, CATEGORY, SUBCATEGORY)
    )
    fathers = [each["FatherCategoryId"] for each in (department, category, subcategory)]
    assert fathers == [None, department["Id"], category["Id"]]
    [product] = state["products"]
    placed = [product[name] for name in ("DepartmentId", "CategoryId", "BrandId")]
    assert placed == [department["Id"], subcategory["Id"], brands["DuBom"]["Id"]]
    created = [await sandbox.effects(f"{kind}.created") for kind in ("category", "brand", "product")]
    assert [len(each) for each in created] == [3, 1, 1]


@pytest.mark.parametrize("mode", ["complete", "express"])
async def test_both_codecs_leave_an_empty_store_in_the_same_state(
    migrated_sqlite_url: str, rest_contract: Any, mode: str
) -> None:
    states = [
        await _state_after(migrated_sqlite_url, rest_contract, catalog, mode, [IN_ORDER, UPDATES, LAST])
        for catalog in ("rest", "webservice")
    ]
    assert states[0] == states[1]
    assert by_name(states[0]["brands"])["DuBom"]["SiteTitle"] == ("A marca" if mode == "complete" else "")


@pytest.mark.parametrize("mode", ["complete", "express"])
async def test_both_codecs_leave_a_store_edited_by_hand_in_the_same_state(
    migrated_sqlite_url: str, rest_contract: Any, mode: str
) -> None:
    joined: Changes = [
        ("category", {"code": "ARTESANATO", "vtex_id": 70}),
        ("category", {"code": "BARRO", "vtex_id": 71}),
        ("category", SUBCATEGORY),
        ("brand", {"code": "DUBOM", "vtex_id": 70}),
        ("product", {"code": "1234567890", "title": "Vaso"}),
    ]
    states = [
        await _state_after(
            migrated_sqlite_url, rest_contract, catalog, mode, [joined, UPDATES, LAST], by_hand=True
        )
        for catalog in ("rest", "webservice")
    ]
    assert states[0] == states[1]
    brand = by_name(states[0]["brands"])["By staff"]
    assert (brand["Keywords"], brand["LinkId"]) == ("By staff", "by-staff")
    assert brand["SiteTitle"] == ("A marca" if mode == "complete" else "By staff")


async def _state_after(
    url: str,
    rest_contract: Any,
    catalog: str,
    mode: str,
    rounds: list[Changes],
    *,
    by_hand: bool = False,
) -> dict[str, Any]:
    vtex = {"catalog": catalog, "mode": mode, "defaults": {"category_id": 1, "brand_id": 1}}
    async with running_sandbox(rest_contract) as sandbox:
        if by_hand:
            await _staff_work(sandbox)
        database = url.replace("bridge.db", f"{catalog}.db")
        async with running_bridge(database, sandbox.url, vtex=vtex) as bridge:
            for each in rounds:
                await deliver_all(bridge, each)
        assert sandbox.recorder.violations == []
        return _comparable(await sandbox.state())


async def _staff_work(sandbox: RunningSandbox) -> None:
    texts = {"Keywords": "By staff", "AdWordsRemarketingCode": "A9", "LomadeeCampaignCode": "L9", "Score": 9}
    brand = {"Name": "By staff", "Text": "By staff", "SiteTitle": "By staff", "Active": True}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/brand", brand | texts | {"Id": 70, "MenuHome": True})
    category = texts | {"Title": "By staff", "Description": "By staff", "IsActive": True}
    category |= {"ShowInStoreFront": False, "ActiveStoreFrontLink": False, "ShowBrandFilter": False}
    category |= {"GlobalCategoryId": 166, "StockKeepingUnitSelectionMode": "LIST"}
    for vtex_id, father in ((70, None), (71, 70)):
        identity = {"Id": vtex_id, "Name": f"By staff {vtex_id}", "FatherCategoryId": father}
        await as_staff(sandbox, "POST", "/api/catalog/pvt/category", category | identity)
    product = {"Name": "Vaso", "RefId": "1234567890", "CategoryId": 71, "BrandId": 70, "IsVisible": True}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", product | {"Description": "By staff"})


def _comparable(state: dict[str, Any]) -> dict[str, Any]:
    """What differs by nature.

    VTEX's schema wants a number for the score when a category is updated through REST: none becomes 0. New
    ids are VTEX's own choice through the webservice, and ours through REST.
    """
    for category in state["categories"]:
        category["Score"] = category["Score"] or 0
    names = {each["Id"]: each["Name"] for each in state["categories"]}
    brands = {each["Id"]: each["Name"] for each in state["brands"]}
    for product in state["products"]:
        product |= {"BrandId": brands[product["BrandId"]]}
        product |= {name: names[product[name]] for name in ("CategoryId", "DepartmentId")}
    for category in state["categories"]:
        category |= {"FatherCategoryId": names.get(category["FatherCategoryId"])}
    for each in state["specifications"]["groups"] + state["specifications"]["fields"]:
        each |= {"CategoryId": names[each["CategoryId"]]}
    for name in ("brands", "categories"):
        state[name] = sorted(state[name], key=lambda each: str(each["Name"]))
        for each in state[name]:
            del each["Id"]
    return state
