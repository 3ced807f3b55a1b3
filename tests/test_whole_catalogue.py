"""The whole catalogue of a shop: in any order, told again, through both codecs and in both modes."""

from typing import Any

import pytest

from app.changes import KINDS
from tests.changes.steps import as_staff
from tests.running import RunningBridge, RunningSandbox, running_bridge, running_sandbox

Changes = list[tuple[str, dict[str, Any]]]

SKU, INVENTORY = "/api/catalog/pvt/stockkeepingunit", "/api/logistics/pvt/inventory/skus"
SKUS = ("ESCURO", "CLARO", "LARANJA")
#: Without orders; a goal that waits for VTEX itself is looked at each second.
PATIENT: dict[str, Any] = {"orders": {"sources": []}, "delivery": {"waiting_check_seconds": 1}}
MEASURES = dict.fromkeys(("packaged_height", "packaged_length", "packaged_width", "packaged_weight"), "1.5")
STRUCTURE: Changes = [
    ("category", {"code": "D", "name": "Artesanato"}),
    ("category", {"code": "C", "name": "Barro", "parent": "D"}),
    ("category", {"code": "S", "name": "Barro Vermelho", "parent": "C"}),
    ("brand", {"code": "B", "name": "DuBom"}),
    ("product", {"code": "P", "name": "Vaso", "brand": "B", "category": "S", "active": True}),
]


def of_sku(code: str, number: int) -> Changes:
    colour = {"group": "Cores", "type": "combo", "name": "Cor", "values": [code.title()]}
    return [
        (
            "sku",
            {"code": code, "product": "P", "name": f"Vaso {code}", "eans": [f"0012345678{number:02}"]}
            | MEASURES,
        ),
        ("specification", {"sku": code, "fields": [colour]}),
        ("image", {"sku": code, "images": [{"url": f"https://images.example.com/{code}.jpg"}]}),
        ("activation", {"sku": code, "active": True}),
        ("price", {"sku": code, "base": f"1{number}.90", "list_price": "99.00"}),
        ("stock", {"sku": code, "warehouse": "1_1", "quantity": number}),
    ]


MATERIAL = {"group": "Ficha", "type": "text", "name": "Material", "values": ["barro"]}
CATALOGUE: Changes = [
    *STRUCTURE,
    ("specification", {"product": "P", "fields": [MATERIAL]}),
    *(change for number, code in enumerate(SKUS, 1) for change in of_sku(code, number)),
]
#: One later change of each kind, as the ERP sends it: what it does not name is not its own.
LATER: Changes = [
    ("category", {"code": "C", "title": "Barro"}),
    ("brand", {"code": "B", "title": "A marca"}),
    ("product", {"code": "P", "description": "Feito a mão"}),
    ("sku", {"code": "CLARO", "packaged_weight": "2.5", "manufacturer_code": "M-1"}),
    ("specification", {"product": "P", "fields": [{"name": "Material", "values": ["vidro"]}]}),
    ("image", {"sku": "CLARO", "images": [{"url": "https://images.example.com/novo.png", "label": "Novo"}]}),
    ("activation", {"sku": "LARANJA", "active": False}),
    ("kit", {"code": "KIT", "components": [{"sku": "CLARO", "quantity": 2, "unit_price": "9.90"}]}),
    ("complement", {"code": "CLARO", "suggestions": ["ESCURO"]}),
    (
        "service",
        {
            "code": "W",
            "name": "Embalagem",
            "options": [{"code": "O", "name": "Papel", "price": "10", "cost": "5"}],
            "attachments": [{"sku": "CLARO", "option": "O", "name": "Embalagem"}],
        },
    ),
    ("price", {"sku": "CLARO", "fixed_prices": [{"trade_policy": "2", "value": "11.50", "min_quantity": 3}]}),
    ("stock", {"sku": "CLARO", "warehouse": "1_1", "quantity": 40, "lead_time": "2.00:00:00"}),
]
KIT: Changes = [("sku", {"code": "KIT", "product": "P", "name": "Conjunto", "kit": True} | MEASURES)]


async def told(bridge: RunningBridge, changes: Changes, *statuses: str) -> list[dict[str, Any]]:
    """One after the other, so that VTEX gives the same ids each time."""
    events = []
    for kind, change in changes:
        [event_id] = await bridge.post(kind, change)
        events.append(await bridge.reaches(event_id, *(statuses or ("delivered",)), seconds=60))
    return events


async def writes(sandbox: RunningSandbox) -> int:
    return len(await sandbox.effects())


@pytest.mark.parametrize("catalog", ["rest", "webservice"])
async def test_posted_in_reverse_order_all_is_right_each_once_and_nothing_failed(
    migrated_database_url: str, sandbox: RunningSandbox, catalog: str
) -> None:
    vtex = {"catalog": catalog}
    async with running_bridge(migrated_database_url, sandbox.url, vtex=vtex, **PATIENT) as bridge:
        posted = [(kind, await bridge.post(kind, change)) for kind, change in reversed(CATALOGUE)]
        ids = [event_id for _, events in posted for event_id in events]
        await _waits_are_readable(bridge, ids)
        events = [await bridge.reaches(event_id, "delivered", seconds=60) for event_id in ids]
    outcomes = {attempt["outcome"] for event in events for attempt in event["attempts"]}
    assert outcomes <= {"delivered", "waiting"}
    state = await sandbox.state()
    [product] = state["products"]
    assert (product["RefId"], product["IsActive"]) == ("P", True)
    skus = {sku["RefId"]: sku for sku in state["skus"]}
    assert sorted(skus) == sorted(SKUS)
    for number, code in enumerate(SKUS, 1):
        sku = skus[code]
        assert (sku["IsActive"], sku["Eans"]) == (True, [f"0012345678{number:02}"])
        assert [image["Name"] for image in sku["Images"]] == [code]
    assert sorted(price["basePrice"] for price in state["prices"]) == [11.9, 12.9, 13.9]
    assert sorted(row["totalQuantity"] for row in state["inventory"]) == [1, 2, 3]
    for kind, many in {"category": 3, "brand": 1, "product": 1, "sku": 3, "image": 3}.items():
        effect = f"{kind}.added" if kind == "image" else f"{kind}.created"
        assert len(await sandbox.effects(effect)) == many


async def _waits_are_readable(bridge: RunningBridge, ids: list[str]) -> None:
    """At any moment each entity says what it waits for, since when and what comes next."""
    seen = set()
    for event_id in ids:
        event = await bridge.event(event_id)
        entity = (await bridge.client.get(f"/v1/entities/{event['kind']}/{event['key']}")).json()
        pending = entity["pending"]
        if pending and pending["status"] == "waiting":
            assert pending["why"]
            assert pending["since"]
            assert pending["next"]
            seen.add(event["kind"])
    assert {"sku", "price", "stock", "image"} <= seen


@pytest.mark.parametrize("mode", ["complete", "express"])
@pytest.mark.parametrize("catalog", ["rest", "webservice"])
async def test_the_whole_catalogue_told_again_unchanged_writes_nothing(
    migrated_sqlite_url: str, sandbox: RunningSandbox, catalog: str, mode: str
) -> None:
    vtex = {"catalog": catalog, "mode": mode, "defaults": {"category_id": 1, "brand_id": 1}}
    async with running_bridge(migrated_sqlite_url, sandbox.url, vtex=vtex, **PATIENT) as bridge:
        if mode == "express":
            await _told_with_the_team_activating(bridge, sandbox)
        else:
            await told(bridge, CATALOGUE)
        before = await writes(sandbox)
        await told(bridge, CATALOGUE, "unchanged")
        assert await writes(sandbox) == before
        assert before > 0


async def _told_with_the_team_activating(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    """In express mode the store's team makes the product active; the SKUs' goal waits for it."""
    await told(bridge, [each for each in CATALOGUE if each[0] != "activation"])
    sandbox.app.state.store.products[1]["IsActive"] = True
    await told(bridge, [each for each in CATALOGUE if each[0] == "activation"])


@pytest.mark.parametrize("by_hand", [False, True], ids=["from-empty", "edited-by-hand"])
@pytest.mark.parametrize("mode", ["complete", "express"])
@pytest.mark.parametrize(("kind", "change"), LATER, ids=[kind for kind, _ in LATER])
async def test_both_codecs_bring_the_store_to_the_same_state(
    migrated_sqlite_url: str,
    rest_contract: Any,
    kind: str,
    change: dict[str, Any],
    mode: str,
    by_hand: bool,
) -> None:
    states = []
    for catalog in ("rest", "webservice"):
        async with running_sandbox(rest_contract) as sandbox:
            database = migrated_sqlite_url.replace("bridge.db", f"{catalog}.db")
            vtex = {"catalog": catalog, "mode": mode, "defaults": {"category_id": 1, "brand_id": 1}}
            async with running_bridge(database, sandbox.url, vtex=vtex, **PATIENT) as bridge:
                await _told_with_the_team_activating(bridge, sandbox)
                await told(bridge, KIT)
                if by_hand:
                    await _edited_by_hand(sandbox)
                before = await sandbox.state()
                await told(bridge, [(kind, change)])
            assert sandbox.recorder.violations == []
            state = await sandbox.state()
            states.append(_comparable(state))
            if by_hand:
                _what_the_erp_did_not_say_is_there(before, state)
    for part in states[0]:
        assert (part, states[0][part]) == (part, states[1][part])


async def _edited_by_hand(sandbox: RunningSandbox) -> None:
    """What the store's team fills in; none of it is the ERP's to name."""
    store = sandbox.app.state.store
    for record in (*store.brands.values(), *store.categories.values()):
        record |= {"Keywords": "By staff", "AdWordsRemarketingCode": "A9"}
    for product in store.products.values():
        product |= {"KeyWords": "By staff", "MetaTagDescription": "By staff"}
    file = {"Name": "By staff", "Url": "https://images.example.com/staff.jpg"}
    balance = {"quantity": 7, "unlimitedQuantity": False, "leadTime": "3.00:00:00"}
    for number, sku in store.skus.items():
        sku |= {"ModalType": "FURNITURE", "CommercialConditionId": 2}
        await as_staff(sandbox, "POST", f"{SKU}/{number}/file", file)
        await as_staff(sandbox, "PUT", f"{INVENTORY}/{number}/warehouses/sp", balance)
        if not sku["IsKit"]:
            fixed = [{"tradePolicyId": "9", "value": 5, "minQuantity": 1}]
            await as_staff(sandbox, "PATCH", f"/sandboxstore/pricing/prices/{number}/fixed", fixed)
    first, second = list(store.skus)[:2]
    beside = {"ParentSkuId": first, "SkuId": second, "ComplementTypeId": 3}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/skucomplement", beside)


def _what_the_erp_did_not_say_is_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The blind-PUT trap, whatever the kind."""
    assert {each["Keywords"] for each in after["brands"]} == {"By staff"}
    assert {each["Keywords"] for each in after["categories"]} == {"By staff"}
    assert [(each["KeyWords"], each["MetaTagDescription"]) for each in after["products"]] == [
        ("By staff", "By staff")
    ]
    for sku in after["skus"]:
        assert (sku["ModalType"], sku["CommercialConditionId"]) == ("FURNITURE", 2)
        assert "By staff" in [image["Name"] for image in sku["Images"]]
    fixed = [price["tradePolicyId"] for each in after["prices"] for price in each["fixedPrices"]]
    assert fixed.count("9") == len(before["prices"])
    of_staff = [row for row in after["inventory"] if row["warehouseId"] == "sp"]
    assert {(row["totalQuantity"], row["leadTime"]) for row in of_staff} == {(7, "3.00:00:00")}
    assert [each["ComplementTypeId"] for each in before["complements"]] == [3]
    assert 3 in [each["ComplementTypeId"] for each in after["complements"]]


def _comparable(state: dict[str, Any]) -> Any:
    """Ids are VTEX's own choice: records by name, references by what they lead to.

    REST's schema wants a number for the score of a category that is updated: none becomes 0. Through the
    webservice an active SKU is one that shall be active as soon as it can, which REST has a field for.
    """
    for sku in state["skus"]:
        del sku["ActivateIfPossible"]
    names = {
        kind: {each["Id"]: each["Name"] for each in state[kind]}
        for kind in ("brands", "categories", "products")
    }
    for category in state["categories"]:
        category |= {"Score": category["Score"] or 0, "LinkId": ""}
        category["FatherCategoryId"] = names["categories"].get(category["FatherCategoryId"])
    for product in state["products"]:
        product["BrandId"] = names["brands"][product["BrandId"]]
        product |= {name: names["categories"][product[name]] for name in ("CategoryId", "DepartmentId")}
    for each in state["specifications"]["groups"] + state["specifications"]["fields"]:
        each["CategoryId"] = names["categories"][each["CategoryId"]]
    return _without_ids(state)


#: Of records that only VTEX numbers, and moments.
_IDS = frozenset("Id ArchiveId Url FileLocation CreationDate ReleaseDate".split())


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items() if name not in _IDS}
    if isinstance(value, list):
        return sorted((_without_ids(each) for each in value), key=str)
    return value


def test_every_kind_of_state_is_in_the_table() -> None:
    states = {kind.name for kind in KINDS.values() if kind.fold is not None}
    assert {kind for kind, _ in LATER} == states
