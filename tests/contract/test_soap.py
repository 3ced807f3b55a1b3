"""The SOAP contract refuses each kind of mistake, and accepts what the WSDL declares."""

import pytest

from tests.contract.soap import SoapContract
from tests.contract.violation import ContractViolation

ACTION = '"http://tempuri.org/IService/BrandInsertUpdate"'
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
CONTRACTS = "http://schemas.datacontract.org/2004/07/Vtex.Commerce.WebApps.AdminWcfService.Contracts"
BRAND = "<v:IsActive>true</v:IsActive><v:Name>Acme</v:Name>"


def request(members: str = BRAND, operation: str = "BrandInsertUpdate", parameter: str = "brand") -> str:
    return f"<t:{operation}><t:{parameter}>{members}</t:{parameter}></t:{operation}>"


def envelope(body: str, namespace: str = SOAP_11, prolog: str = "", before: str = "") -> bytes:
    namespaces = f'xmlns:s="{namespace}" xmlns:t="http://tempuri.org/" xmlns:v="{CONTRACTS}"'
    return f"{prolog}<s:Envelope {namespaces}>{before}<s:Body>{body}</s:Body></s:Envelope>".encode()


DTD = '<!DOCTYPE s:Envelope [<!ENTITY x "boom">]>'
REFUSED = {
    "not well-formed": (b"<s:Envelope", "not well-formed"),
    "empty": (b"", "not well-formed"),
    "document type": (envelope(request(), prolog="<!DOCTYPE x>"), "document type"),
    "entity": (envelope(request("<v:Name>&x;</v:Name>"), prolog=DTD), "document type"),
    "SOAP 1.2": (
        envelope(request(), namespace="http://www.w3.org/2003/05/soap-envelope"),
        "no SOAP 1.1 envelope",
    ),
    "no envelope": (b"<Brand/>", "no SOAP 1.1 envelope"),
    "part that is no header": (envelope(request(), before="<t:Header/>"), "not a Header and a Body"),
    "empty body": (envelope(""), "the Body holds 0"),
    "two requests": (envelope(request() * 2), "the Body holds 2"),
    "text in the body": (envelope(f"now {request()}"), "text beside"),
    "unknown operation": (envelope(request(operation="BrandUpsert")), "no operation's input"),
    "answer as request": (envelope(request(operation="BrandInsertUpdateResponse")), "no operation's input"),
    "type as request": (envelope(f"<v:BrandDTO>{BRAND}</v:BrandDTO>"), "no operation's input"),
    "unknown parameter": (envelope(request(parameter="brandVO")), "brandVO"),
    "unknown member": (envelope(request("<v:Title>T</v:Title><v:Ttle/>")), "Ttle"),
    "member out of order": (envelope(request("<v:Name>A</v:Name><v:IsActive>true</v:IsActive>")), "IsActive"),
    "member of another namespace": (envelope(request("<t:Name>A</t:Name>")), "Name"),
    "wrong type": (envelope(request("<v:IsActive>yes</v:IsActive>")), "xs:boolean"),
    "beyond int": (envelope(request("<v:Id>2147483648</v:Id>")), "xs:int"),
    "no decimal of XML Schema": (
        envelope(
            "<t:StockKeepingUnitPriceUpdate><t:stockKeepintUnitId>1</t:stockKeepintUnitId>"
            "<t:price>1e-05</t:price></t:StockKeepingUnitPriceUpdate>"
        ),
        "xs:decimal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(soap_contract: SoapContract, name: str) -> None:
    content, reason = REFUSED[name]

    with pytest.raises(ContractViolation) as caught:
        soap_contract.check(content, ACTION)

    assert reason in str(caught.value)


@pytest.mark.parametrize("action", ["", '""', '"http://tempuri.org/IService/BrandGet"', "BrandInsertUpdate"])
def test_another_soap_action_is_refused(soap_contract: SoapContract, action: str) -> None:
    with pytest.raises(ContractViolation, match="SOAPAction"):
        soap_contract.check(envelope(request()), action)


@pytest.mark.parametrize("action", [ACTION, ACTION.strip('"')])
def test_accepted(soap_contract: SoapContract, action: str) -> None:
    soap_contract.check(envelope(request(), before="<s:Header/>"), action)


def test_members_of_all_three_schemas_are_accepted(soap_contract: SoapContract) -> None:
    arrays = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
    stores = f'<v:ListStoreId xmlns:a="{arrays}"><a:int>1</a:int></v:ListStoreId><v:Name>Vase</v:Name>'
    product = request(stores, "ProductInsertUpdate", "productVO")

    soap_contract.check(envelope(product), "http://tempuri.org/IService/ProductInsertUpdate")


def test_comments_are_no_elements(soap_contract: SoapContract) -> None:
    soap_contract.check(envelope(f"<!-- brand -->{request()}"), ACTION)


def test_nil_is_for_nillable_members_only(soap_contract: SoapContract) -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'

    soap_contract.check(envelope(request(f"<v:Name {nil}/>")), ACTION)
    sku = f"<v:VenderSeparadamente {nil}/>"
    content = envelope(request(sku, "StockKeepingUnitInsertUpdate", "stockKeepingUnitVO"))
    with pytest.raises(ContractViolation, match="nil"):
        soap_contract.check(content, "http://tempuri.org/IService/StockKeepingUnitInsertUpdate")
