"""Images of a SKU: their order through REST, and what the webservice knows of them."""

import httpx2
import pytest
import zeep

from tests.sandbox.conftest import IMAGE, Shop, Webservice

FILES = "/api/catalog/pvt/stockkeepingunit/1001/file"


async def test_images_are_arranged_all_or_not_at_all(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    ids = [(await vtex.post(FILES, json=IMAGE)).json()[0]["Id"] for _ in range(2)]
    answer = await vtex.put(f"{FILES}/reorder", json=[{"Id": ids[1], "Position": 0}])
    assert (answer.status_code, answer.text) == (400, "All files are required")
    places = [{"Id": ids[0], "Position": 1}, {"Id": ids[1], "Position": 0}]
    assert (await vtex.put(f"{FILES}/reorder", json=places)).status_code == 200
    assert [image["IsMain"] for image in await shop.get(FILES)] == [False, True]


async def test_an_order_of_anything_else_is_refused(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.sku()
    answer = await vtex.put(f"{FILES}/reorder", json=[{"Id": "1", "Position": 0}])
    assert (answer.status_code, answer.text) == (400, "The body must be [{Id, Position}]")


async def test_the_webservice_needs_a_sku_and_a_picture(soap: Webservice, shop: Shop) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="SKU 1001 not found"):
        await soap.call("ImageServiceInsertUpdate", IMAGE["Url"], "front", 1001)
    await shop.sku()
    with pytest.raises(zeep.exceptions.Fault, match="Url must be http"):
        await soap.call("ImageServiceInsertUpdate", "https://erp.example.com/front", "front", 1001)


async def test_through_the_webservice_an_image_without_its_id_is_another_one(
    soap: Webservice, shop: Shop
) -> None:
    await shop.sku()
    for _ in range(2):
        await soap.call("ImageServiceInsertUpdate", IMAGE["Url"], "front", 1001)
    listed = await soap.call("ImageListByStockKeepingUnitId", 1001)
    assert [(image.Name, image.IsMain) for image in listed] == [("front", True), ("front", False)]


async def test_through_the_webservice_an_update_keeps_the_label(
    vtex: httpx2.AsyncClient, soap: Webservice, shop: Shop
) -> None:
    await shop.sku()
    before = (await vtex.post(FILES, json=IMAGE | {"Label": "Front"})).json()[0]
    await soap.call("ImageServiceInsertUpdate", "https://erp.example.com/2.jpg", "front", 1001, before["Id"])
    [after] = await shop.get(FILES)
    assert after["Url"] != before["Url"]
    assert after | {"Url": "", "FileLocation": ""} == before | {"Url": "", "FileLocation": ""}
