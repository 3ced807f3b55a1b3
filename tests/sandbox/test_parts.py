"""Kits, complements, services and similar categories: not idempotent, and one store for both doors."""

import httpx2
import pytest
import zeep

from app.sandbox.state import Store
from tests.sandbox.conftest import IMAGE, SKU, Shop, Webservice

PVT = "/api/catalog/pvt"
PART = {"StockKeepingUnitParent": 1001, "StockKeepingUnitId": 1002, "Quantity": 2, "UnitPrice": 5.5}
COMPLEMENT = {"ParentSkuId": 1001, "SkuId": 1002, "ComplementTypeId": 1}


@pytest.fixture(autouse=True)
async def _skus(shop: Shop) -> None:
    await shop.sku(IsKit=True)
    await shop.sku(RefId="S2")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("stockkeepingunitkit", PART | {"StockKeepingUnitParent": 1002}),
        ("stockkeepingunitkit", PART | {"StockKeepingUnitId": 9}),
        ("stockkeepingunitkit", PART | {"Quantity": 0}),
        ("skucomplement", COMPLEMENT | {"ComplementTypeId": 4}),
        ("skucomplement", COMPLEMENT | {"SkuId": 9}),
        ("skuservicetype", {"IsActive": True}),
        ("skuservicevalue", {"SkuServiceTypeId": 9, "Name": "Red", "Value": 1, "Cost": 1}),
        ("product/1/similarcategory/9", {}),
    ],
)
async def test_what_names_nothing_or_too_little_is_refused(
    vtex: httpx2.AsyncClient, path: str, body: dict[str, object]
) -> None:
    assert (await vtex.post(f"{PVT}/{path}", json=body)).status_code == 400


async def test_a_kit_is_active_only_with_an_active_component(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    kit = await shop.sku(RefId="K", IsKit=True)
    wanted = SKU | {"RefId": "K", "ProductId": 1, "IsKit": True, "IsActive": True}
    address = f"{PVT}/stockkeepingunit/{kit['Id']}"
    part = PART | {"StockKeepingUnitParent": kit["Id"]}
    await vtex.post(f"{address}/file", json=IMAGE)
    assert (await vtex.put(address, json=wanted)).status_code == 400
    await vtex.post(f"{PVT}/stockkeepingunitkit", json=part)
    assert (await vtex.put(address, json=wanted)).status_code == 400
    await vtex.post(f"{PVT}/stockkeepingunit/1002/file", json=IMAGE)
    active = SKU | {"RefId": "S2", "ProductId": 1, "IsActive": True}
    assert (await vtex.put(f"{PVT}/stockkeepingunit/1002", json=active)).status_code == 200
    assert (await vtex.put(address, json=wanted)).status_code == 200


async def test_the_same_component_and_complement_again_are_second_ones(
    vtex: httpx2.AsyncClient, state: Store
) -> None:
    for _ in range(2):
        await vtex.post(f"{PVT}/stockkeepingunitkit", json=PART)
        await vtex.post(f"{PVT}/skucomplement", json=COMPLEMENT)
    assert (len(state.kit_parts), len(state.complements)) == (2, 2)
    assert (await vtex.delete(f"{PVT}/stockkeepingunitkit?parentSkuId=1001")).status_code == 200
    assert state.kit_parts == {}


async def test_the_webservice_tells_the_id_of_what_it_wrote_twice(soap: Webservice, state: Store) -> None:
    service = await soap.call("ServiceInsertUpdate", {"Name": "Wrapping", "IsActive": True})
    assert (service.serviceId, service.ServiceInsertUpdateResult.Id) == (134, 134)
    price = {"Name": "Red", "Price": 10, "ListPrice": 5, "ServiceId": 134}
    option = await soap.call("ServicePriceInsertUpdate", price)
    attached = {"ServiceId": 134, "ServicePriceId": option.servicePriceId, "StockKeepingUnitId": 1001}
    attachment = await soap.call("StockKeepingUnitServiceInsertUpdate", attached | {"Name": "Wrapping"})
    part = {"StockKeepingUnitParent": 1001, "StockKeepingUnitId": 1002, "Amount": 2, "UnitPrice": 5}
    kit = await soap.call("StockKeepingUnitKitInsertUpdate", part)
    assert state.services["skuservice"][attachment.stockKeepingUnitServiceId]["SkuId"] == 1001
    assert state.kit_parts[kit.stockKeepingUnitKitId]["Quantity"] == 2
    await soap.call("ServiceInsertUpdate", {"Id": 134, "Name": "Renamed"})
    assert [each["Name"] for each in state.services["skuservicetype"].values()] == ["Renamed"]


async def test_the_webservice_adds_complements_and_similar_categories(soap: Webservice, state: Store) -> None:
    members = {"ComplementType": "Sugestion", "StockKeepingUnitId": 1001}
    listed = {"StockKeepingUnitComplements": {"int": [1002]}}
    assert await soap.call("StockKeepingUnitComplementInsertUpdate", members | listed) is None
    assert [each["ComplementTypeId"] for each in state.complements.values()] == [2]
    assert await soap.call("ProductSetSimilarCategory", 1, 1) is None
    assert state.similar_categories[1] == {1}
    with pytest.raises(zeep.exceptions.Fault, match="Product 9 does not exist"):
        await soap.call("ProductSetSimilarCategory", 9, 1)


async def test_an_option_that_a_sku_uses_stays(vtex: httpx2.AsyncClient) -> None:
    names = "ShowOnProductFront ShowOnCartFront ShowOnAttachmentFront ShowOnFileUpload IsGiftCard IsRequired"
    kind = {"Name": "Wrapping", "IsActive": True} | dict.fromkeys(names.split(), False)
    await vtex.post(f"{PVT}/skuservicetype", json=kind)
    value = {"SkuServiceTypeId": 134, "Name": "Red", "Value": 1, "Cost": 1}
    await vtex.post(f"{PVT}/skuservicevalue", json=value)
    of_sku = {"SkuServiceTypeId": 134, "SkuServiceValueId": 301, "SkuId": 1001, "Name": "W", "Text": ""}
    await vtex.post(f"{PVT}/skuservice", json=of_sku | {"IsActive": True})
    assert (await vtex.delete(f"{PVT}/skuservicevalue/301")).status_code == 400
    assert (await vtex.delete(f"{PVT}/skuservice/401")).status_code == 200
    assert (await vtex.delete(f"{PVT}/skuservicevalue/301")).status_code == 200
