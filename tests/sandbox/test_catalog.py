"""The Catalog API's rules, refusals first."""

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import IMAGE, PRODUCT, SKU, Shop

PRODUCTS = "/api/catalog/pvt/product"
SKUS = "/api/catalog/pvt/stockkeepingunit"


@pytest.mark.parametrize(
    "change",
    [
        {"Name": "x" * 151},
        {"Name": None},
        {"Name": 7},
        {"CategoryId": 99},
        {"CategoryId": None},
        {"CategoryId": "1"},
        {"CategoryId": True},
        {"BrandId": 99},
        {"IsActive": "true"},
        {"Id": 0},
        {"Id": 2**31},
        {"ReleaseDate": "soon"},
    ],
)
async def test_a_wrong_product_is_refused(vtex: httpx2.AsyncClient, change: dict[str, object]) -> None:
    assert (await vtex.post(PRODUCTS, json=PRODUCT | change)).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"Name": "x" * 201},
        {"PackagedWeightKg": 0},
        {"PackagedWeightKg": None},
        {"PackagedHeight": "10"},
        {"ProductId": 99},
        {"IsActive": True},
        {"CommercialConditionId": 0},
        {"MeasurementUnit": "box"},
        {"RefId": None},
        {"RefId": "x" * 51},
    ],
)
async def test_a_wrong_sku_is_refused(
    vtex: httpx2.AsyncClient, shop: Shop, change: dict[str, object]
) -> None:
    await shop.product()
    assert (await vtex.post(SKUS, json=SKU | change)).status_code == 400


async def test_a_trailing_blank_is_refused_with_an_empty_body(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.post(PRODUCTS, json=PRODUCT | {"Title": "Camisa "})
    assert (answer.status_code, answer.content) == (400, b"")


async def test_a_body_that_is_not_json_is_refused(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.post(PRODUCTS, content=b"<product/>")).status_code == 400


async def test_a_request_without_keys_is_refused(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.get(f"{PRODUCTS}/1", headers={"X-VTEX-API-AppToken": "wrong"})
    assert answer.status_code == 401


async def test_a_ref_id_belongs_to_one_product(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product()
    assert (await vtex.post(PRODUCTS, json=PRODUCT)).status_code == 409


async def test_a_ref_id_belongs_to_one_sku(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    assert (await vtex.post(SKUS, json=SKU)).status_code == 409


async def test_an_id_is_given_once(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product(Id=77)
    assert (await vtex.post(PRODUCTS, json=PRODUCT | {"Id": 77, "RefId": "P2"})).status_code == 409


async def test_putting_an_unknown_product_is_not_found(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.put(f"{PRODUCTS}/1", json=PRODUCT)).status_code == 404


async def test_the_store_gives_ids_past_those_of_the_caller(shop: Shop) -> None:
    assert (await shop.product(Id=1))["Id"] == 1
    assert (await shop.product(RefId="P2"))["Id"] == 2


async def test_a_put_erases_what_it_omits(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product(Description="Typed by hand", IsVisible=True, KeyWords="camisa", Score=3)
    await vtex.put(f"{PRODUCTS}/1", json={"Name": "Camisa", "CategoryId": 1, "BrandId": 1})
    product = await shop.get(f"{PRODUCTS}/1")
    assert (product["Description"], product["KeyWords"], product["Score"]) == ("", "", None)
    assert (product["IsVisible"], product["IsActive"], product["RefId"]) == (False, False, "")


async def test_an_erased_ref_id_is_free_again(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product()
    await vtex.put(f"{PRODUCTS}/1", json={"Name": "Camisa", "CategoryId": 1, "BrandId": 1})
    assert (await shop.product())["Id"] == 2


async def test_an_unknown_product_ref_id_answers_null(shop: Shop) -> None:
    assert await shop.get("/api/catalog_system/pvt/products/productgetbyrefid/NONE") is None


async def test_a_product_is_found_by_a_ref_id_with_a_slash(shop: Shop) -> None:
    await shop.product(RefId="A/1")
    found = await shop.get("/api/catalog_system/pvt/products/productgetbyrefid/A%2F1")
    assert found["Id"] == 1


async def test_a_new_product_gets_a_link_and_a_release_date(shop: Shop) -> None:
    product = await shop.product(ReleaseDate=None)
    assert product["LinkId"] == "camisa-basica"
    assert product["ReleaseDate"].endswith("T00:00:00")


async def test_dates_come_back_in_utc_without_a_zone(shop: Shop) -> None:
    product = await shop.product(ReleaseDate="2026-01-01T00:00:00-03:00")
    assert product["ReleaseDate"] == "2026-01-01T03:00:00"


async def test_names_create_the_missing_category_path_and_brand(shop: Shop, state: Store) -> None:
    named = {"CategoryId": None, "BrandId": None, "CategoryPath": "Roupas/Camisas", "BrandName": "Acme"}
    product = await shop.product(**named)
    assert state.categories[product["CategoryId"]]["Name"] == "Camisas"
    assert state.categories[product["DepartmentId"]]["Name"] == "Roupas"
    assert state.brands[product["BrandId"]]["Name"] == "Acme"


async def test_a_refused_product_leaves_no_category_behind(vtex: httpx2.AsyncClient, state: Store) -> None:
    body = {"Name": "x" * 151, "CategoryPath": "Roupas", "BrandName": "Acme"}
    assert (await vtex.post(PRODUCTS, json=body)).status_code == 400
    assert list(state.categories) == [1]


async def test_an_unknown_sku_ref_id_is_not_found(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.get(SKUS, params={"RefId": "NONE"})).status_code == 404


async def test_a_sku_read_by_ref_id_has_lost_its_videos(shop: Shop) -> None:
    await shop.sku(Videos=["https://video.example.com/1"])
    assert (await shop.get(f"{SKUS}?RefId=S1"))["Videos"] == []
    assert (await shop.get(f"{SKUS}/1001"))["Videos"] == ["https://video.example.com/1"]


async def test_the_sku_id_by_ref_id_is_a_string(shop: Shop) -> None:
    await shop.sku()
    assert await shop.get("/api/catalog_system/pvt/sku/stockkeepingunitidbyrefid/S1") == "1001"


async def test_measures_come_back_with_a_fraction(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    assert b'"PackagedWeightKg":550.0' in (await vtex.get(f"{SKUS}/1001")).content


async def test_activating_without_an_image_is_refused(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    assert (await vtex.put(f"{SKUS}/1001", json=SKU | {"IsActive": True})).status_code == 400


async def test_a_sku_put_without_is_active_deactivates(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    await vtex.post(f"{SKUS}/1001/file", json=IMAGE)
    assert (await vtex.put(f"{SKUS}/1001", json=SKU | {"IsActive": True})).json()["IsActive"] is True
    assert (await vtex.put(f"{SKUS}/1001", json=SKU)).json()["IsActive"] is False


async def test_a_sku_becomes_active_with_its_first_image(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    assert (await shop.sku(ActivateIfPossible=True))["IsActive"] is False
    await vtex.post(f"{SKUS}/1001/file", json=IMAGE)
    assert (await shop.get(f"{SKUS}/1001"))["IsActive"] is True


async def test_a_sku_waits_for_its_product_to_be_active(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.product(IsActive=False)
    await vtex.post(SKUS, json=SKU | {"ActivateIfPossible": True})
    await vtex.post(f"{SKUS}/1001/file", json=IMAGE)
    assert (await shop.get(f"{SKUS}/1001"))["IsActive"] is False
    await vtex.put(f"{PRODUCTS}/1", json=PRODUCT)
    assert (await shop.get(f"{SKUS}/1001"))["IsActive"] is True


async def test_an_image_sent_twice_is_there_twice(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    for _ in range(2):
        assert (await vtex.post(f"{SKUS}/1001/file", json=IMAGE)).status_code == 200
    images = await shop.get(f"{SKUS}/1001/file")
    assert [image["IsMain"] for image in images] == [True, False]
    assert "erp.example.com" not in images[0]["Url"]


async def test_an_image_needs_a_web_address_of_a_picture(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    for url in ("ftp://erp.example.com/a.jpg", "https://erp.example.com/a.webp"):
        assert (await vtex.post(f"{SKUS}/1001/file", json=IMAGE | {"Url": url})).status_code == 400


async def test_one_image_is_deleted_by_its_id(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    image = (await vtex.post(f"{SKUS}/1001/file", json=IMAGE)).json()[0]
    assert (await vtex.delete(f"{SKUS}/1001/file/{image['Id'] + 1}")).status_code == 404
    assert (await vtex.delete(f"{SKUS}/1001/file/{image['Id']}")).status_code == 200
    assert await shop.get(f"{SKUS}/1001/file") == []


async def test_eans_are_added_and_removed_one_by_one(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    for ean in ("789", "790", "789"):
        assert (await vtex.post(f"{SKUS}/1001/ean/{ean}")).status_code == 200
    await vtex.delete(f"{SKUS}/1001/ean/789")
    assert await shop.get(f"{SKUS}/1001/ean") == ["790"]


async def test_the_link_of_a_brand_is_echoed_and_ignored(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    answer = await vtex.put(
        "/api/catalog/pvt/brand/1", json={"Name": "Acme", "Active": True, "LinkId": "acme"}
    )
    assert answer.json()["LinkId"] == "acme"
    assert (await shop.get("/api/catalog/pvt/brand/1"))["LinkId"] == "integration"


async def test_a_category_needs_all_of_its_keys(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.post("/api/catalog/pvt/category", json={"Name": "Roupas"})).status_code == 400


async def test_a_category_cannot_be_its_own_ancestor(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    await shop.product(CategoryId=None, CategoryPath="Roupas/Camisas")
    parent, child = sorted(state.categories)[1:]
    moved = state.categories[parent] | {"FatherCategoryId": child}
    assert (await vtex.put(f"/api/catalog/pvt/category/{parent}", json=moved)).status_code == 400


async def test_the_journal_holds_effects_but_no_keys(shop: Shop, journal: Journal) -> None:
    await shop.sku()
    effects = [effect["type"] for effect in journal.effects()]
    assert effects == ["product.created", "sku.created"]
    assert "sandbox-token" not in str(journal.entries)
