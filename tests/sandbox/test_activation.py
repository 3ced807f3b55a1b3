"""Activating through the webservice, and the SKUs of a product, in both of VTEX's APIs."""

import pytest
import zeep

from tests.sandbox.conftest import IMAGE, Shop, Webservice

BY_PRODUCT = "/api/catalog_system/pvt/sku/stockkeepingunitByProductId"


async def test_a_sku_that_is_not_there_is_a_fault(soap: Webservice) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="SKU 1001 not found"):
        await soap.call("StockKeepingUnitActive", 1001)


async def test_activating_too_early_is_a_fault(soap: Webservice, shop: Shop) -> None:
    await shop.sku()
    with pytest.raises(zeep.exceptions.Fault, match="cannot be active without an image"):
        await soap.call("StockKeepingUnitActive", 1001)
    assert (await soap.call("StockKeepingUnitGet", 1001)).IsActive is False


async def test_with_an_image_it_is_activated_and_keeps_the_rest(soap: Webservice, shop: Shop) -> None:
    await shop.sku()
    await soap.call("ImageServiceInsertUpdate", IMAGE["Url"], "front", 1001)
    before = await shop.get("/api/catalog/pvt/stockkeepingunit/1001")
    await soap.call("StockKeepingUnitActive", 1001)
    assert await shop.get("/api/catalog/pvt/stockkeepingunit/1001") == before | {"IsActive": True}


async def test_the_skus_of_a_product_are_listed(soap: Webservice, shop: Shop) -> None:
    await shop.sku()
    [rest] = await shop.get(f"{BY_PRODUCT}/1")
    [found] = await soap.call("StockKeepingUnitGetAllByProduct", 1)
    assert (rest["Id"], rest["IsActive"]) == (found.Id, found.IsActive) == (1001, False)
    assert not await soap.call("StockKeepingUnitGetAllByProduct", 99)
