"""product, through both codecs: the ERP's fields are laid over what VTEX has."""

import pytest

from tests.changes.steps import PRODUCT, as_staff, calls, deliver, end, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox


async def test_without_a_name_a_product_cannot_be_created(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(either, "product", {"code": "P1", "brand_id": 1}, "failed")
    assert event["why"].endswith("send also: name, category or category_id")
    assert (await sandbox.state())["products"] == []


async def test_a_later_change_completes_what_was_missing(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await end(either, "product", {"code": "P1", "title": "Barro"}, "failed")
    await deliver(either, "product", PRODUCT)
    product = await record(sandbox, "products")
    assert (product["Name"], product["Title"]) == ("Vaso de Barro", "Barro")


async def test_a_brand_that_vtex_does_not_know_fails_with_its_words(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    event = await end(either, "product", PRODUCT | {"brand_id": 99}, "failed")
    assert "Brand 99 does not exist" in event["why"]
    assert (await sandbox.state())["products"] == []


async def test_a_new_product_has_what_the_erp_says(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(
        either,
        "product",
        PRODUCT
        | {"description": "De barro", "keywords": "barro, vaso", "score": 3, "tax_code": "T1"}
        | {"short_description": "Barro", "meta_description": "M", "link_id": "vaso", "active": True},
    )
    product = await record(sandbox, "products")
    assert product | {"SalesPolicies": 0, "ReleaseDate": 0} == {
        "SimilarCategories": [],
        "Id": 1,
        "Name": "Vaso de Barro",
        "DepartmentId": 1,
        "CategoryId": 1,
        "BrandId": 1,
        "LinkId": "vaso",
        "RefId": "P1",
        "IsVisible": False,
        "Description": "De barro",
        "DescriptionShort": "Barro",
        "ReleaseDate": 0,
        "KeyWords": "barro, vaso",
        "Title": "",
        "IsActive": True,
        "TaxCode": "T1",
        "MetaTagDescription": "M",
        "SupplierId": None,
        "ShowWithoutStock": False,
        "AdWordsRemarketingCode": None,
        "LomadeeCampaignCode": None,
        "Score": 3,
        "SalesPolicies": 0,
    }


async def test_a_product_that_exists_by_its_code_is_adopted(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    body = {"Name": "Typed by staff", "CategoryId": 1, "BrandId": 1, "RefId": "P1", "Title": "By staff"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", body)
    await deliver(either, "product", {"code": "P1", "name": "From the ERP"})
    product = await record(sandbox, "products")
    assert (product["Name"], product["Title"]) == ("From the ERP", "By staff")


async def test_what_staff_edited_by_hand_survives_an_update(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    edited = {
        "Description": "By staff",
        "MetaTagDescription": "By staff",
        "LinkId": "by-staff",
        "IsActive": True,
        "IsVisible": True,
        "ShowWithoutStock": True,
        "Score": 9,
        "SupplierId": 4,
        "ReleaseDate": "2020-01-02T03:04:05",
    }
    await sandbox.control("skus/S1/enrich", {"product": edited})
    before = await record(sandbox, "products")
    await deliver(either, "product", {"code": "P1", "name": "New name"})
    assert await record(sandbox, "products") == before | {"Name": "New name"}


async def test_null_clears_and_an_absent_field_says_nothing(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT | {"title": "Barro", "score": 3, "tax_code": "T1"})
    await deliver(either, "product", {"code": "P1", "title": None, "score": None})
    product = await record(sandbox, "products")
    assert (product["Title"], product["Score"], product["TaxCode"]) == ("", None, "T1")


async def test_the_same_again_makes_no_call(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(either, "product", PRODUCT)
    before = len((await sandbox.client.get("/sandbox/journal")).json())
    await end(either, "product", PRODUCT, "unchanged")
    assert len((await sandbox.client.get("/sandbox/journal")).json()) == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07"),
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07"),
        ("2026-03-04T22:00:00-03:00", "2026-03-05T01:00:00"),
    ],
)
async def test_a_release_date_keeps_its_moment(
    either: RunningBridge, sandbox: RunningSandbox, sent: str, kept: str
) -> None:
    await deliver(either, "product", PRODUCT | {"release_date": sent})
    assert (await record(sandbox, "products"))["ReleaseDate"] == kept


async def test_a_blank_at_the_end_never_reaches_vtex(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(either, "product", PRODUCT | {"code": " P1 ", "name": "Vaso ", "title": " Barro\t"})
    product = await record(sandbox, "products")
    assert (product["RefId"], product["Name"], product["Title"]) == ("P1", "Vaso", "Barro")


async def test_letters_of_every_language_and_markup_arrive_as_they_were(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    text = 'Vaso <b>çãõ</b> & "aspas" 日本 😀 ]]> \' \\'
    await deliver(either, "product", PRODUCT | {"code": "A/1 ç?&#%2F", "description": text})
    product = await record(sandbox, "products")
    assert (product["RefId"], product["Description"]) == ("A/1 ç?&#%2F", text)
    await deliver(either, "product", {"code": "A/1 ç?&#%2F", "title": "found again"})
    assert len((await sandbox.state())["products"]) == 1


async def test_a_control_character_that_no_xml_can_hold_is_refused_at_the_door(
    bridge: RunningBridge,
) -> None:
    answer = await bridge.client.post("/v1/changes/product", json=PRODUCT | {"title": "a\x0bb"})
    assert answer.status_code == 422
    [mistake] = answer.json()["errors"]
    assert mistake == {"pointer": "/title", "detail": "title must not contain the control character U+000B"}


async def test_only_the_newest_of_many_pending_changes_is_sent(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    ids = await either.post("product", [PRODUCT | {"title": f"Version {number}"} for number in range(20)])
    await either.reaches(ids[-1], "delivered")
    assert (await record(sandbox, "products"))["Title"] == "Version 19"
    assert len(await sandbox.effects()) == 1
    assert await calls(sandbox, "PUT", "/product/") == []
