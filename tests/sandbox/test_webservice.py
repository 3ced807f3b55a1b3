"""The SOAP webservice over the same store."""

from decimal import Decimal

import httpx2
import pytest
import zeep
from lxml import etree

from app.sandbox.state import Store
from tests.sandbox.conftest import BASIC, IMAGE, SOAP_PRODUCT, WEBSERVICE, Shop, Webservice


async def test_without_keys_it_asks_for_a_login(vtex: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Basic ???"}, {"Authorization": "Basic c2FuZGJveC1rZXk6d3Jvbmc="}):
        answer = await vtex.post(WEBSERVICE, content=b"", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic Realm="Please Login to VtexID"'


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not xml",
        b"<Envelope/>",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Nothing/></s:Body></s:Envelope>',
    ],
)
async def test_a_message_that_is_none_is_a_fault(vtex: httpx2.AsyncClient, document: bytes) -> None:
    answer = await vtex.post(WEBSERVICE, content=document, headers=BASIC)
    assert answer.status_code == 500
    fault = etree.fromstring(answer.content)[0][0]
    assert [child.tag for child in fault] == ["faultcode", "faultstring"]


async def test_a_refused_product_is_a_fault(soap: Webservice) -> None:
    with pytest.raises(zeep.exceptions.Fault, match="Brand 99 does not exist"):
        await soap.product(BrandId=99)


async def test_a_refused_sku_is_a_fault(soap: Webservice) -> None:
    await soap.product()
    with pytest.raises(zeep.exceptions.Fault, match="PackagedWeightKg"):
        await soap.sku(WeightKg=Decimal(0))


async def test_an_unknown_ref_id_answers_nil(soap: Webservice) -> None:
    answer = await soap.post("ProductGetByRefId", refId="NONE")
    result = etree.fromstring(answer.content)[0][0][0]
    assert result.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"


async def test_a_new_product_is_the_one_that_rest_reads(soap: Webservice, shop: Shop) -> None:
    assert (await soap.product(ListStoreId={"int": [1, 2]})).Id == 1
    assert (await shop.get("/api/catalog/pvt/product/1"))["RefId"] == "P1"
    found = await soap.call("ProductGet", idProduct=1)
    assert (found.LinkId, found.ListStoreId["int"]) == ("camisa", [1, 2])


async def test_the_ref_id_decides_between_insert_and_update(soap: Webservice, state: Store) -> None:
    await soap.product()
    assert (await soap.product(Name="Camisa Nova")).Id == 1
    assert [product["Name"] for product in state.products.values()] == ["Camisa Nova"]


async def test_an_update_replaces_the_members_left_out(soap: Webservice) -> None:
    await soap.product(Description="Typed by hand")
    await soap.product()
    assert (await soap.call("ProductGetByRefId", refId="P1")).Description in {None, ""}


async def test_an_update_without_category_deactivates_the_product(soap: Webservice) -> None:
    await soap.product()
    updated = await soap.product(CategoryId=None)
    assert (updated.CategoryId, updated.IsActive) == (1, False)


async def test_the_measures_of_the_parcel_have_other_names_in_rest(soap: Webservice, shop: Shop) -> None:
    await soap.product()
    created = await soap.sku(StockKeepingUnitEans={"StockKeepingUnitEanDTO": [{"Ean": "789"}]})
    sku = await shop.get("/api/catalog/pvt/stockkeepingunit/1001")
    assert (sku["PackagedHeight"], sku["PackagedWeightKg"], sku["Height"]) == (10, 550, 9)
    assert await shop.get("/api/catalog/pvt/stockkeepingunit/1001/ean") == ["789"]
    assert (created.Height, created.RealHeight, created.ProductName) == (Decimal(10), Decimal(9), "Camisa")


async def test_eans_are_replaced_when_present_and_kept_when_not(soap: Webservice, state: Store) -> None:
    await soap.product()
    await soap.sku(StockKeepingUnitEans={"StockKeepingUnitEanDTO": [{"Ean": "789"}, {"Ean": "790"}]})
    await soap.sku()
    assert state.eans[1001] == ["789", "790"]
    await soap.sku(StockKeepingUnitEans={"StockKeepingUnitEanDTO": [{"Ean": "791"}]})
    assert state.eans[1001] == ["791"]


async def test_an_active_sku_comes_back_inactive_until_it_has_an_image(
    soap: Webservice, vtex: httpx2.AsyncClient
) -> None:
    await soap.product()
    assert (await soap.sku(IsActive=True)).IsActive is False
    await vtex.post("/api/catalog/pvt/stockkeepingunit/1001/file", json=IMAGE)
    assert (await soap.call("StockKeepingUnitGetByRefId", refId="S1")).IsActive is True


async def test_prices_in_a_sku_change_nothing(soap: Webservice, state: Store) -> None:
    await soap.product()
    assert (await soap.sku()).Price is None
    assert state.prices == {}


async def test_a_member_out_of_order_is_lost_in_silence(soap: Webservice, state: Store) -> None:
    message = soap.codec.create_message(
        soap.codec.service, "ProductInsertUpdate", SOAP_PRODUCT | {"Title": "Camisa"}
    )
    dto = message[0][0][0]
    dto.insert(0, dto[-1])
    await soap.client.post(WEBSERVICE, content=etree.tostring(message), headers=BASIC)
    assert (state.products, dto[0].tag.rpartition("}")[2]) == ({}, "Title")


async def test_a_number_that_is_none_is_a_fault(soap: Webservice) -> None:
    message = soap.codec.create_message(soap.codec.service, "ProductGet", idProduct=1)
    message[0][0][0].text = "one"
    answer = await soap.client.post(WEBSERVICE, content=etree.tostring(message), headers=BASIC)
    assert answer.status_code == 500


async def test_a_member_that_the_wsdl_does_not_know_can_be_switched_on(
    soap: Webservice, state: Store
) -> None:
    await soap.product()
    state.webservice_unknown_member = True
    answer = await soap.post("ProductGet", idProduct=1)
    assert b"AddedLater" in answer.content
    with pytest.raises(etree.DocumentInvalid):
        await soap.call("ProductGet", idProduct=1)


async def test_the_wsdl_names_this_server(vtex: httpx2.AsyncClient) -> None:
    answer = await vtex.get(f"{WEBSERVICE}?wsdl", headers=BASIC)
    assert b'location="http://localhost/AdminWebService/Service.svc"' in answer.content
    assert (await vtex.get(f"{WEBSERVICE}?wsdl")).status_code == 401
