"""brand and category, through both codecs: joined by their binding, never by their name."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import as_staff, calls, deliver, end
from tests.running import RunningBridge, RunningSandbox

BRANDS = "/api/catalog/pvt/brand"
CATEGORIES = "/api/catalog/pvt/category"
KINDS = ["brand", "category"]
PLURAL = {"brand": "brands", "category": "categories"}
ADDRESS = {"brand": BRANDS, "category": CATEGORIES}
#: What staff type in VTEX's admin, beyond the name.
BY_STAFF = {
    "brand": {"Text": "By staff", "Keywords": "By staff", "SiteTitle": "By staff", "Active": True}
    | {"MenuHome": True, "AdWordsRemarketingCode": "A9", "LomadeeCampaignCode": "L9", "Score": 9},
    "category": {"Description": "By staff", "Keywords": "By staff", "Title": "By staff", "IsActive": True}
    | {"AdWordsRemarketingCode": "A9", "LomadeeCampaignCode": "L9", "Score": 9, "GlobalCategoryId": 166}
    | {"ShowInStoreFront": False, "ActiveStoreFrontLink": False, "ShowBrandFilter": False}
    | {"StockKeepingUnitSelectionMode": "LIST", "FatherCategoryId": None},
}

each_kind = pytest.mark.parametrize("kind", KINDS)


async def named(sandbox: RunningSandbox, kind: str, name: str) -> dict[str, Any]:
    """The only one of this name."""
    [only] = [each for each in (await sandbox.state())[PLURAL[kind]] if each["Name"] == name]
    found: dict[str, Any] = only
    return found


async def made_by_staff(sandbox: RunningSandbox, kind: str, name: str, vtex_id: int = 77) -> None:
    body = {"Name": name, **BY_STAFF[kind], "Id": vtex_id}
    await as_staff(sandbox, "POST", ADDRESS[kind], body)


@each_kind
async def test_without_a_name_it_cannot_be_created(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    event = await end(either, kind, {"code": "X"}, "failed")
    assert event["why"].endswith("send also: name")
    assert await sandbox.effects(f"{kind}.created") == []


@each_kind
async def test_a_namesake_in_vtex_is_refused_with_its_id(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    event = await end(either, kind, {"code": "X", "name": "integration "}, "failed")
    assert f"VTEX has a {kind} of this name already, 1: send vtex_id 1 if it is the same" in event["why"]
    assert await sandbox.effects() == []


@each_kind
async def test_a_namesake_of_another_code_is_refused_with_that_code(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    await deliver(either, kind, {"code": "A", "name": "DuBom"})
    event = await end(either, kind, {"code": "B", "name": "DUBOM"}, "failed")
    assert "it is A in the ERP's codes" in event["why"]
    assert len(await sandbox.effects(f"{kind}.created")) == 1


@each_kind
async def test_an_id_that_vtex_does_not_have_is_refused(either: RunningBridge, kind: str) -> None:
    event = await end(either, kind, {"code": "X", "name": "X", "vtex_id": 4711}, "failed")
    assert f"VTEX has no {kind} with the id 4711; correct vtex_id" in event["why"]


@each_kind
async def test_an_id_belongs_to_one_code(either: RunningBridge, kind: str) -> None:
    await deliver(either, kind, {"code": "A", "vtex_id": 1})
    event = await end(either, kind, {"code": "B", "vtex_id": 1}, "failed")
    assert "is A in the ERP's codes already" in event["why"]


@each_kind
async def test_one_that_vtex_has_is_joined_by_its_id(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    await made_by_staff(sandbox, kind, "Typed by staff")
    await deliver(either, kind, {"code": "X", "vtex_id": 77})
    await deliver(either, kind, {"code": "X", "name": "From the ERP"})
    found = await named(sandbox, kind, "From the ERP")
    assert found == BY_STAFF[kind] | {"Id": 77, "Name": "From the ERP", "LinkId": found["LinkId"]}


@each_kind
async def test_what_staff_edited_by_hand_survives_an_update(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    await deliver(either, kind, {"code": "X", "name": "DuBom"})
    before = await named(sandbox, kind, "DuBom")
    identity = {"Id": before["Id"]} if kind == "brand" else {}
    body = {"Name": "DuBom", **BY_STAFF[kind], **identity}
    await as_staff(sandbox, "PUT", f"{ADDRESS[kind]}/{before['Id']}", body)
    before = await named(sandbox, kind, "DuBom")
    await deliver(either, kind, {"code": "X", "title": "From the ERP"})
    title = "SiteTitle" if kind == "brand" else "Title"
    assert await named(sandbox, kind, "DuBom") == before | {title: "From the ERP"}


@each_kind
async def test_null_clears_and_an_absent_field_says_nothing(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    said = {"title": "T", "keywords": "K", "score": 3, "description": "D"}
    await deliver(either, kind, {"code": "X", "name": "DuBom", **said})
    await deliver(either, kind, {"code": "X", "title": None, "description": None})
    found = await named(sandbox, kind, "DuBom")
    names = ("SiteTitle", "Text") if kind == "brand" else ("Title", "Description")
    assert [found[name] for name in (*names, "Keywords", "Score")] == ["", "", "K", 3]


@each_kind
async def test_the_same_again_makes_no_call(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    change = {"code": "X", "name": "DuBom", "active": True}
    await deliver(either, kind, change)
    before = len((await sandbox.client.get("/sandbox/journal")).json())
    await end(either, kind, change, "unchanged")
    assert len((await sandbox.client.get("/sandbox/journal")).json()) == before


@each_kind
async def test_a_new_one_is_active_unless_the_erp_says_otherwise(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    await deliver(either, kind, {"code": "X", "name": "Said nothing"})
    await deliver(either, kind, {"code": "Y", "name": "Said no", "active": False})
    flag = "Active" if kind == "brand" else "IsActive"
    assert (await named(sandbox, kind, "Said nothing"))[flag] is True
    assert (await named(sandbox, kind, "Said no"))[flag] is False


@each_kind
async def test_many_at_once_are_each_created_once(
    either: RunningBridge, sandbox: RunningSandbox, kind: str
) -> None:
    ids = await either.post(kind, [{"code": f"C{each}", "name": f"Name {each}"} for each in range(12)])
    for event_id in ids:
        await either.reaches(event_id, "delivered")
    found = [each["Name"] for each in (await sandbox.state())[PLURAL[kind]]]
    assert sorted(found) == sorted({*found})
    assert len(await sandbox.effects(f"{kind}.created")) == 12


async def test_a_brand_deleted_in_vtex_is_created_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "brand", {"code": "X", "name": "DuBom"})
    gone = await named(sandbox, "brand", "DuBom")
    del sandbox.app.state.store.brands[gone["Id"]]
    await deliver(either, "brand", {"code": "X", "title": "Again"})
    found = await named(sandbox, "brand", "DuBom")
    assert (found["SiteTitle"], found["Id"] == gone["Id"]) == ("Again", False)


async def test_a_brand_has_every_field_that_the_erp_says(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    change = {"code": "X", "name": "DuBom", "active": True, "description": "D", "title": "T"}
    more = {"keywords": "K", "menu_home": True, "score": 5}
    legacy = {"adwords_remarketing_code": "A", "lomadee_campaign_code": "L"}
    await deliver(either, "brand", change | more | legacy)
    found = await named(sandbox, "brand", "DuBom")
    expected = {"Name": "DuBom", "Active": True, "Text": "D", "SiteTitle": "T", "Keywords": "K"}
    expected |= {"MenuHome": True, "Score": 5, "AdWordsRemarketingCode": "A", "LomadeeCampaignCode": "L"}
    assert found == expected | {"Id": found["Id"], "LinkId": "dubom"}


async def test_a_link_id_that_vtex_did_not_take_is_told(
    either: RunningBridge, sandbox: RunningSandbox, catalog: str
) -> None:
    event = await deliver(either, "brand", {"code": "X", "name": "DuBom", "link_id": "marca-dubom"})
    taken = (await named(sandbox, "brand", "DuBom"))["LinkId"]
    if catalog == "rest":
        assert (taken, event["why"]) == ("marca-dubom", None)
    else:
        assert taken == "dubom"
        assert "does not take link_id 'marca-dubom'" in event["why"]
    event = await deliver(either, "brand", {"code": "X", "link_id": "another"})
    assert "does not take link_id 'another'" in event["why"]
    assert (await named(sandbox, "brand", "DuBom"))["LinkId"] == taken


async def test_a_category_is_no_parent_of_its_own(bridge: RunningBridge) -> None:
    answer = await bridge.client.post("/v1/changes/category", json={"code": "X", "name": "X", "parent": "X"})
    assert answer.status_code == 422
    assert "parent must be another category" in answer.text


async def test_a_category_waits_for_its_parent_by_name(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(either, "category", {"code": "C", "name": "Barro", "parent": "D"}, "waiting")
    assert event["why"].startswith("category D is not in VTEX yet; it is sent as soon as the category is")
    await deliver(either, "category", {"code": "D", "name": "Artesanato"})
    await either.reaches(event["id"], "delivered")
    department = await named(sandbox, "category", "Artesanato")
    assert department["FatherCategoryId"] is None
    assert (await named(sandbox, "category", "Barro"))["FatherCategoryId"] == department["Id"]


async def test_names_may_repeat_below_different_parents(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    for code in ("A", "B"):
        await deliver(either, "category", {"code": code, "name": f"Department {code}"})
        await deliver(either, "category", {"code": f"{code}1", "name": "Acessórios", "parent": code})
    event = await end(either, "category", {"code": "B2", "name": "acessórios", "parent": "B"}, "failed")
    assert "it is B1 in the ERP's codes" in event["why"]
    names = [category["Name"] for category in (await sandbox.state())["categories"]]
    assert names.count("Acessórios") == 2


async def test_a_category_has_every_field_that_the_erp_says(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "category", {"code": "D", "name": "Artesanato"})
    texts = {"name": "Barro", "title": "T", "description": "D", "keywords": "K", "parent": "D"}
    flags = {"active": False, "show_in_store_front": False, "active_store_front_link": False}
    more = {"show_brand_filter": False, "stock_keeping_unit_selection_mode": "LIST", "score": 4}
    legacy = {"adwords_remarketing_code": "A", "lomadee_campaign_code": "L", "global_category_id": 166}
    await deliver(either, "category", {"code": "C", **texts, **flags, **more, **legacy})
    found = await named(sandbox, "category", "Barro")
    parent = (await named(sandbox, "category", "Artesanato"))["Id"]
    assert found == {
        "Id": found["Id"],
        "Name": "Barro",
        "FatherCategoryId": parent,
        "Title": "T",
        "Description": "D",
        "Keywords": "K",
        "IsActive": False,
        "LomadeeCampaignCode": "L",
        "AdWordsRemarketingCode": "A",
        "ShowInStoreFront": False,
        "ShowBrandFilter": False,
        "ActiveStoreFrontLink": False,
        "GlobalCategoryId": 166,
        "StockKeepingUnitSelectionMode": "LIST",
        "Score": 4,
        "LinkId": "barro",
    }


async def test_a_category_moves_below_another_parent_and_to_the_top(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    for code in ("A", "B"):
        await deliver(either, "category", {"code": code, "name": code})
    await deliver(either, "category", {"code": "C", "name": "C", "parent": "A"})
    await deliver(either, "category", {"code": "C", "parent": "B"})
    assert (await named(sandbox, "category", "C"))["FatherCategoryId"] == (
        await named(sandbox, "category", "B")
    )["Id"]
    await deliver(either, "category", {"code": "C", "parent": None})
    assert (await named(sandbox, "category", "C"))["FatherCategoryId"] is None


@each_kind
async def test_in_express_mode_a_new_one_is_inactive_and_then_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str, kind: str
) -> None:
    express = {"catalog": catalog, "mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    extra = {"menu_home": True} if kind == "brand" else {"show_in_store_front": False}
    async with starting(vtex=express) as bridge:
        await deliver(bridge, kind, {"code": "X", "name": "DuBom", "active": True, "title": "T", **extra})
        before = await named(sandbox, kind, "DuBom")
        assert before["Active" if kind == "brand" else "IsActive"] is False
        assert before["MenuHome" if kind == "brand" else "ShowInStoreFront"] is (kind == "brand")
        change = {"code": "X", "name": "Other", "title": None, "active": True}
        await deliver(bridge, kind, change | ({"parent": "ELSEWHERE"} if kind == "category" else {}))
    assert await named(sandbox, kind, "DuBom") == before
    assert await calls(sandbox, "PUT", ADDRESS[kind]) == [] or catalog == "webservice"
