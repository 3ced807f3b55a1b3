"""XML that is made to harm its reader: in the webservice's replies, in an invoice, in what we write."""

import tracemalloc
from typing import Any

import pytest
from pydantic import ValidationError

from app.changes.invoice import InvoiceChange
from app.errors import Retry
from app.vtex import guarded_xml
from app.vtex.catalog import Catalog
from tests.vtex.saying import Saying
from tests.vtex.test_webservice_answers import WHOLE, envelope, found

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DTD = "must not have a DTD"
HOSTILE = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY l0 "lol">{_LAUGHS}]><x>&l9;</x>', DTD),
    "billion laughs in an attribute": (f'<!DOCTYPE x [<!ENTITY l0 "lol">{_LAUGHS}]><x a="&l9;"/>', DTD),
    "quadratic blowup": (f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]><x>{"&a;" * 50_000}</x>', DTD),
    "a file": ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x>&f;</x>', DTD),
    "an address": ('<!DOCTYPE x [<!ENTITY f SYSTEM "http://127.0.0.1:9/">]><x>&f;</x>', DTD),
    "a parameter entity": ('<!DOCTYPE x [<!ENTITY % f SYSTEM "file:///etc/hostname"> %f;]><x/>', DTD),
    "an external DTD": ('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>', DTD),
    "a DTD without anything": ("<!DOCTYPE x><x/>", DTD),
    "deep": ("<a>" * 100 + "</a>" * 100, "must not be deeper than 64 elements"),
    "very deep": ("<a>" * 200_000, "must not be deeper than 64 elements"),
    "an entity of nobody": ("<x>&nobody;</x>", "must be whole XML"),
    "cut off": ("<x><y>", "must be whole XML"),
    "nothing": ("", "must be whole XML"),
    "a null byte": ("<x>\x00</x>", "must be whole XML"),
}
MANY = ("<x>" + "<y/>" * 300_000 + "</x>", "must not have more than 200000 elements")
LONG = ("<x>" + " " * 2**23 + "</x>", "must be at most 8388608 bytes long")
INVOICE = {
    "order": "1-01",
    "number": "7",
    "issued_at": "2026-11-23T16:30:00-03:00",
    "value": "1.00",
    "items": [{"sku": "A", "quantity": 1, "price": "1.00"}],
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_reply_is_not_read_and_its_outcome_unknown(
    soap: Catalog, vtex: Saying, name: str
) -> None:
    document, why = HOSTILE[name]
    vtex.says(200, document, content_type="text/xml")
    with pytest.raises(Retry) as raised:
        await soap.write_product(None, {"Name": "Vaso"})
    assert f"sent an answer that cannot be read: it {why}" in str(raised.value)
    assert raised.value.unknown_outcome


@pytest.mark.parametrize("document", [MANY, LONG])
async def test_a_huge_reply_is_not_read(soap: Catalog, vtex: Saying, document: tuple[str, str]) -> None:
    vtex.says(200, document[0], content_type="text/xml")
    with pytest.raises(Retry, match=document[1]):
        await soap.find_product("A1")


async def test_a_hostile_fault_is_not_read_either(soap: Catalog, vtex: Saying) -> None:
    document = f'<!DOCTYPE x [<!ENTITY l0 "Fault">{_LAUGHS}]><Fault>&l9;</Fault>'
    vtex.says(500, document, content_type="text/xml")
    with pytest.raises(Retry, match=DTD):
        await soap.find_product("A1")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_a_dtd_is_found_in_any_encoding(encoding: str) -> None:
    document = '<!DOCTYPE x [<!ENTITY e "boom">]><x>&e;</x>'
    with pytest.raises(guarded_xml.UnsafeXMLError):
        guarded_xml.check(document.encode(encoding))


async def test_an_external_reference_in_a_whole_reply_is_not_followed(soap: Catalog, vtex: Saying) -> None:
    include = (
        '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    )
    stylesheet = '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>'
    vtex.says(200, stylesheet + found(f"<a:Id>7</a:Id><a:Name>{include}</a:Name>"), content_type="text/xml")
    assert await soap.find_product("A1") == 7


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_costs_no_memory(name: str) -> None:
    document = HOSTILE[name][0].encode()
    tracemalloc.start()
    with pytest.raises(guarded_xml.UnsafeXMLError):
        guarded_xml.check(document)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


async def test_what_we_write_has_no_dtd_whatever_the_erp_sends(soap: Catalog, vtex: Saying) -> None:
    hostile = HOSTILE["a file"][0] + "]]>&lol;"
    vtex.says(200, WHOLE.replace("ProductGetByRefId", "ProductInsertUpdate"), content_type="text/xml")
    await soap.write_product(None, {"Name": hostile})
    guarded_xml.check(vtex.bodies[0])
    assert b"&lt;!DOCTYPE x" in vtex.bodies[0]


def invoice(xml: str) -> dict[str, Any]:
    return INVOICE | {"xml": xml}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "nothing"])
def test_an_invoice_with_hostile_xml_is_refused_with_the_rule(name: str) -> None:
    document, why = HOSTILE[name]
    with pytest.raises(ValidationError) as raised:
        InvoiceChange.model_validate(invoice(document))
    [error] = raised.value.errors()
    assert error["loc"] == ("xml",)
    # A null byte is refused in any text.
    assert why in error["msg"] or name == "a null byte"


def test_an_invoices_xml_may_have_a_mebibyte() -> None:
    with pytest.raises(ValidationError, match="must be at most 1048576 bytes long"):
        InvoiceChange.model_validate(invoice(f"<x>{'a' * 2**20}</x>"))


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16", "ISO-8859-1", "windows-1252"])
def test_what_encoding_an_invoice_declares_does_not_matter_it_is_text(encoding: str) -> None:
    written = f'<?xml version="1.0" encoding="{encoding}"?><NFe>ção</NFe>'
    assert InvoiceChange.model_validate(invoice(written)).xml == written


def test_an_ordinary_reply_passes() -> None:
    guarded_xml.check(WHOLE.encode())
    guarded_xml.check(envelope("<a/>" * 1000).encode())
