"""The webservice's wire contract, read from its WSDL: which members, in which order, of which type."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from lxml import etree

from app.sandbox.catalog.shape import date_time
from app.sandbox.wire import Record, RefusedError
from app.vtex import guarded_xml

TNS = "http://tempuri.org/"
XS = "{http://www.w3.org/2001/XMLSchema}"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSDL = Path(__file__).parents[2] / "vtex" / "webservice.wsdl"


@dataclass(frozen=True)
class Member:
    name: str
    #: The qualified name that it has on the wire.
    tag: str
    #: xs:string and the like, or the Clark name of a complex type of the contract.
    type: str
    nillable: bool
    many: bool


@dataclass(frozen=True)
class Contract:
    #: Complex types and request and response wrappers, by Clark name.
    types: dict[str, tuple[Member, ...]]

    def wrapper(self, name: str) -> tuple[Member, ...]:
        return self.types[f"element {{{TNS}}}{name}"]


@functools.cache
def wsdl() -> bytes:
    return WSDL.read_bytes()


@functools.cache
def contract() -> Contract:
    types: dict[str, tuple[Member, ...]] = {}
    for schema in parse(wsdl()).iter(f"{XS}schema"):
        space = schema.get("targetNamespace")
        for complex_type in schema.findall(f"{XS}complexType"):
            types[f"{{{space}}}{complex_type.get('name')}"] = _members(complex_type, space)
        for element in schema.findall(f"{XS}element"):
            inner = element.find(f"{XS}complexType")
            if inner is not None:
                types[f"element {{{space}}}{element.get('name')}"] = _members(inner, space)
    return Contract(types)


def _members(complex_type: etree._Element, space: str | None) -> tuple[Member, ...]:
    return tuple(
        Member(
            name=str(element.get("name")),
            tag=f"{{{space}}}{element.get('name')}",
            type=_type_name(element),
            nillable=element.get("nillable") == "true",
            many=element.get("maxOccurs") == "unbounded",
        )
        for element in complex_type.iter(f"{XS}element")
    )


def _type_name(element: etree._Element) -> str:
    prefix, _, name = str(element.get("type")).partition(":")
    return f"xs:{name}" if prefix == "xs" else f"{{{element.nsmap[prefix]}}}{name}"


def parse(document: bytes) -> etree._Element:
    """No DTD, no entities, no network: an envelope comes from outside."""
    try:
        guarded_xml.check(document)
    except guarded_xml.UnsafeXMLError as error:
        raise RefusedError(500, f"A message {error}") from error
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    return etree.fromstring(document, parser)


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


def _decimal(text: str) -> Decimal:
    if not set(text) <= set("+-.0123456789"):  # xs:decimal has neither exponent nor NaN
        raise ValueError(text)
    return Decimal(text)


READERS: dict[str, Callable[[str], object]] = {
    "xs:int": int,
    "xs:decimal": _decimal,
    "xs:boolean": _boolean,
    "xs:dateTime": date_time,
}


def read_members(parent: etree._Element, members: Iterable[Member]) -> Record:
    """Read members in contract order, as WCF does: one out of order or unknown is skipped in silence."""
    found: Record = {}
    left = list(members)
    for child in parent:
        position = next((index for index, member in enumerate(left) if member.tag == child.tag), None)
        if position is None:
            continue
        member = left[position]
        left = left[position if member.many else position + 1 :]
        value = _read_value(child, member)
        if member.many:
            found.setdefault(member.name, []).append(value)
        else:
            found[member.name] = value
    return found


def _read_value(element: etree._Element, member: Member) -> object:
    if element.get(XSI_NIL) in {"true", "1"}:
        return None
    # A type of the contract without members is an enumeration: text.
    if member.type in contract().types:
        return read_members(element, contract().types[member.type])
    text = element.text or ""
    reader = READERS.get(member.type)
    if reader is None:
        return text
    try:
        return reader(text.strip())
    except (ValueError, KeyError, InvalidOperation) as error:
        message = f"The member {member.name} does not deserialize: {text!r} is no {member.type[3:]}"
        raise RefusedError(500, message) from error


def write_members(parent: etree._Element, members: Iterable[Member], values: Record) -> None:
    """Write members in contract order; a missing nillable one is nil, another one is left out."""
    for member in members:
        value = values.get(member.name)
        for each in value or [] if member.many else [value]:
            if each is None and not member.nillable:
                continue
            _write_value(etree.SubElement(parent, member.tag), member, each)


def _write_value(element: etree._Element, member: Member, value: object) -> None:
    if value is None:
        element.set(XSI_NIL, "true")
    elif isinstance(value, dict):
        write_members(element, contract().types[member.type], value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif isinstance(value, Decimal):
        element.text = f"{value:f}"
    else:
        element.text = str(value)
