"""Brands and categories through the webservice: one store with REST, and what its DTOs do not know stays."""

from typing import Any

import pytest
import zeep

from app.sandbox.state import Store
from tests.sandbox.conftest import Shop, Webservice

BRAND = {"Name": "DuBom", "IsActive": True, "Title": "A marca", "Description": "Marca DuBom"}
CATEGORY = {"Name": "Barro", "IsActive": True, "FatherCategoryId": 1}


async def test_a_brand_without_a_name_is_a_fault(soap: Webservice) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="Name is required"):
        await soap.call("BrandInsertUpdate", {"IsActive": True})


async def test_a_category_below_none_is_a_fault(soap: Webservice) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="Category 99 does not exist"):
        await soap.call("CategoryInsertUpdate", CATEGORY | {"FatherCategoryId": 99})


@pytest.mark.parametrize(("kind", "record"), [("Brand", BRAND), ("Category", CATEGORY)])
async def test_an_id_of_zero_is_a_fault(soap: Webservice, kind: str, record: dict[str, Any]) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="Id must be a positive integer"):
        await soap.call(f"{kind}InsertUpdate", record | {"Id": 0})


@pytest.mark.parametrize("kind", ["Brand", "Category"])
async def test_what_is_not_there_answers_nil(soap: Webservice, kind: str) -> None:
    found = await soap.call(f"{kind}Get", 99)
    assert found is None or found.Id is None
    found = await soap.call(f"{kind}GetByName", "None such")
    assert found is None or found.Id is None


async def test_a_new_brand_is_the_one_that_rest_reads(soap: Webservice, shop: Shop) -> None:
    created = await soap.call("BrandInsertUpdate", BRAND)
    brand = await shop.get(f"/api/catalog/pvt/brand/{created.Id}")
    assert (brand["Text"], brand["SiteTitle"], brand["Active"]) == ("Marca DuBom", "A marca", True)
    assert (await soap.call("BrandGetByName", "dubom")).Id == created.Id


async def test_a_new_category_is_shown(soap: Webservice, shop: Shop) -> None:
    created = await soap.call("CategoryInsertUpdate", CATEGORY)
    category = await shop.get(f"/api/catalog/pvt/category/{created.Id}")
    flags = ("ShowInStoreFront", "ActiveStoreFrontLink", "ShowBrandFilter")
    assert ([category[flag] for flag in flags], category["TreePathIds"]) == ([True] * 3, [1, created.Id])


async def test_a_name_without_an_id_is_another_one(soap: Webservice, state: Store) -> None:
    first, second = [(await soap.call("BrandInsertUpdate", BRAND)).Id for _ in range(2)]
    assert first != second
    assert (await soap.call("BrandGetByName", "DuBom")).Id == first
    assert len(state.brands) == 4


async def test_an_update_replaces_its_members_and_keeps_what_it_does_not_know(
    soap: Webservice, state: Store
) -> None:
    state.brands[1] |= {"Text": "By staff", "MenuHome": True}
    state.categories[1] |= {"Description": "By staff", "GlobalCategoryId": 166, "ShowInStoreFront": False}
    await soap.call("BrandInsertUpdate", {"Id": 1, "Name": "Renamed"})
    await soap.call("CategoryInsertUpdate", {"Id": 1, "Name": "Renamed"})
    brand, category = state.brands[1], state.categories[1]
    assert (brand["Name"], brand["Text"], brand["Active"], brand["MenuHome"]) == ("Renamed", "", False, True)
    assert (category["Description"], category["ShowBrandFilter"]) == ("", False)
    assert (category["GlobalCategoryId"], category["ShowInStoreFront"]) == (166, False)
