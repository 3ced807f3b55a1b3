"""The same table through the webservice, and what only SOAP can get wrong."""

from datetime import timedelta

import pytest

from app.errors import DeliveryError, Refused, Retry, Throttled, Unauthorized
from app.vtex.catalog import Catalog
from tests.vtex.saying import Saying

DTO = "http://schemas.datacontract.org/2004/07/Vtex.Commerce.WebApps.AdminWcfService.Contracts"


def envelope(body: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><s:Body>{body}</s:Body></s:Envelope>'
    )


def found(members: str, attributes: str = "") -> str:
    return envelope(
        f'<ProductGetByRefIdResponse xmlns="http://tempuri.org/" xmlns:a="{DTO}">'
        f"<ProductGetByRefIdResult{attributes}>{members}</ProductGetByRefIdResult></ProductGetByRefIdResponse>"
    )


def fault(code: str, text: str) -> str:
    return envelope(f"<s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></s:Fault>")


async def failure(soap: Catalog) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await soap.find_product("A1")
    return raised.value


async def test_401_asks_to_check_the_keys(soap: Catalog, vtex: Saying) -> None:
    vtex.says(401, www_authenticate='Basic Realm="Please Login to VtexID"')
    error = await failure(soap)
    assert isinstance(error, Unauthorized)
    assert "check vtex.app_key and vtex.app_token" in error.reason


async def test_403_names_the_access_profile(soap: Catalog, vtex: Saying) -> None:
    vtex.says(403)
    assert "WebService (an access profile)" in (await failure(soap)).reason


async def test_a_throttle_waits_as_long_as_it_says(soap: Catalog, vtex: Saying) -> None:
    vtex.says(503, "busy", retry_after="9")
    error = await failure(soap)
    assert isinstance(error, Throttled)
    assert error.after == timedelta(seconds=9)


@pytest.mark.parametrize("body", ["Runtime Error", "<html>Default Fault</html>", "<html>Fault", ""])
async def test_a_500_of_text_has_an_unknown_outcome(soap: Catalog, vtex: Saying, body: str) -> None:
    vtex.says(500, body, content_type="text/html")
    error = await failure(soap)
    assert type(error) is Retry
    assert error.unknown_outcome


async def test_a_client_fault_is_refused_with_its_text(soap: Catalog, vtex: Saying) -> None:
    vtex.says(500, fault("s:Client", "CategoryId 9 does not exist"), content_type="text/xml")
    error = await failure(soap)
    assert type(error) is Refused
    assert "CategoryId 9 does not exist" in error.reason


@pytest.mark.parametrize("code", ["s:Server", "a:InternalServiceFault", ""])
async def test_any_other_fault_has_an_unknown_outcome(soap: Catalog, vtex: Saying, code: str) -> None:
    vtex.says(500, fault(code, "Timeout expired"), content_type="text/xml")
    error = await failure(soap)
    assert isinstance(error, Retry)
    assert error.unknown_outcome
    assert "Timeout expired" in error.reason


async def test_a_key_that_a_fault_echoes_is_not_in_the_reason(soap: Catalog, vtex: Saying) -> None:
    vtex.says(500, fault("s:Client", "sandbox-key may not"), content_type="text/xml")
    assert "sandbox-key" not in (await failure(soap)).reason


WHOLE = found("<a:Id>7</a:Id><a:Name>Vaso</a:Name>")


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>please log in</body></html>",
        "<html><body>please log in",
        "please log in",
        "",
        envelope(""),
        *(WHOLE[: len(WHOLE) - cut] for cut in (1, 40, 120, 140, 160)),
        '<!DOCTYPE x [<!ENTITY e "boom">]>' + found("<a:Id>7</a:Id><a:Name>&e;</a:Name>"),
    ],
)
async def test_a_200_that_is_no_whole_soap_is_tried_again(soap: Catalog, vtex: Saying, body: str) -> None:
    vtex.says(200, body, content_type="text/xml")
    error = await failure(soap)
    assert isinstance(error, Retry)
    assert error.unknown_outcome


async def test_a_search_answered_without_an_id_is_tried_again(soap: Catalog, vtex: Saying) -> None:
    vtex.says(200, found("<a:Name>Vaso</a:Name>"), content_type="text/xml")
    assert "without an id" in (await failure(soap)).reason


@pytest.mark.parametrize("members", ["", "<a:Name>Vaso</a:Name>", '<a:Id xmlns:i="x">abc</a:Id>'])
async def test_a_write_answered_without_an_id_has_an_unknown_outcome(
    soap: Catalog, vtex: Saying, members: str
) -> None:
    reply = found(members).replace("ProductGetByRefId", "ProductInsertUpdate")
    vtex.says(200, reply, content_type="text/xml")
    with pytest.raises(Retry) as raised:
        await soap.write_product(None, {"Name": "Vaso"})
    assert raised.value.unknown_outcome


async def test_a_character_that_xml_cannot_hold_is_refused_before_sending(
    soap: Catalog, vtex: Saying
) -> None:
    with pytest.raises(Refused, match="cannot be written as XML"):
        await soap.write_product(None, {"Name": "a\x0bb"})
    assert vtex.asked == []


async def test_nil_means_there_is_none(soap: Catalog, vtex: Saying) -> None:
    vtex.says(200, found("", ' i:nil="true"'), content_type="text/xml")
    assert await soap.find_product("A1") is None


async def test_a_member_that_was_added_later_is_tolerated(soap: Catalog, vtex: Saying) -> None:
    members = "<a:BrandId>2</a:BrandId><a:AddedLater>x</a:AddedLater><a:Id>7</a:Id><a:Name>Vaso</a:Name>"
    vtex.says(200, found(members), content_type="text/xml")
    assert await soap.find_product("A1") == 7
    assert await soap.read_product(7, "A1") == {"BrandId": 2, "Name": "Vaso"}
