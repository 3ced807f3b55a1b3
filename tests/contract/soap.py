"""Every SOAP request of ours against the webservice's WSDL."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from tests.contract.violation import ContractViolation

_WSDL = Path(__file__).resolve().parents[2] / "app" / "vtex" / "webservice.wsdl"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_XS = "http://www.w3.org/2001/XMLSchema"
_NAMESPACES = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xs": _XS,
}


@dataclass(frozen=True)
class SoapOperation:
    name: str
    action: str


class SoapContract:
    def __init__(self, wsdl: Path = _WSDL) -> None:
        definitions = etree.parse(wsdl, _parser()).getroot()
        self._schema = _schema(definitions)
        #: By the qualified name of the input element.
        self._operations = _operations(definitions)

    def check(self, envelope: bytes, soap_action: str) -> None:
        """`soap_action` as the header has it, with or without its quotes."""
        try:
            root = etree.fromstring(envelope, _parser())
        except etree.XMLSyntaxError as error:
            raise ContractViolation("SOAP request", [f"not well-formed: {error}"]) from None
        request = _request(root)
        operation = self._operations.get(request.tag)
        if operation is None:
            raise ContractViolation("SOAP request", [f"{request.tag} is no operation's input"])
        mistakes = []
        if soap_action.strip().removeprefix('"').removesuffix('"') != operation.action:
            mistakes.append(f"SOAPAction is {soap_action or 'missing'}, not {operation.action}")
        if not self._schema.validate(request):
            log = self._schema.error_log
            mistakes += [f"line {error.line}: {error.message}" for error in log]  # type: ignore[attr-defined]
        if mistakes:
            raise ContractViolation(f"SOAP {operation.name}", mistakes)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _request(root: etree._Element) -> etree._Element:
    """The one element in the Body of a SOAP 1.1 envelope."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise ContractViolation("SOAP request", ["a document type declaration is forbidden in SOAP"])
    if root.tag != f"{{{_ENVELOPE}}}Envelope":
        raise ContractViolation("SOAP request", [f"{root.tag} is no SOAP 1.1 envelope"])
    parts = [part.tag for part in _elements(root)]
    body, header = f"{{{_ENVELOPE}}}Body", f"{{{_ENVELOPE}}}Header"
    if parts not in ([body], [header, body]):
        raise ContractViolation("SOAP request", [f"the envelope holds {parts}, not a Header and a Body"])
    requests = _elements(_elements(root)[-1])
    if len(requests) != 1:
        raise ContractViolation("SOAP request", [f"the Body holds {len(requests)} elements, not one"])
    return requests[0]


def _elements(parent: etree._Element) -> list[etree._Element]:
    texts = [parent.text, *(child.tail for child in parent)]
    if any(text and text.strip() for text in texts):
        raise ContractViolation("SOAP request", [f"text beside the elements of {parent.tag}"])
    return list(parent.iterchildren("*"))


def _operations(definitions: etree._Element) -> dict[str, SoapOperation]:
    namespace = definitions.get("targetNamespace")
    inputs = {}
    for part in definitions.iterfind("wsdl:message/wsdl:part", _NAMESPACES):
        message = part.getparent()
        assert message is not None
        inputs[message.get("name")] = _qualified(part, part.get("element", ""))
    actions = {
        operation.getparent().get("name"): operation.get("soapAction", "")  # type: ignore[union-attr]
        for operation in definitions.iterfind("wsdl:binding/wsdl:operation/soap:operation", _NAMESPACES)
    }
    operations = {}
    for declared in definitions.iterfind("wsdl:portType/wsdl:operation", _NAMESPACES):
        name = declared.get("name", "")
        given = declared.find("wsdl:input", _NAMESPACES)
        assert given is not None
        message_name = _qualified(given, given.get("message", "")).removeprefix(f"{{{namespace}}}")
        operations[inputs[message_name]] = SoapOperation(name, actions[name])
    return operations


def _qualified(node: etree._Element, name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{node.nsmap[prefix or None]}}}{local}"


def _schema(definitions: etree._Element) -> etree.XMLSchema:
    """The inline schemas import one another by namespace alone; as files they can name each other."""
    inline = definitions.findall("wsdl:types/xs:schema", _NAMESPACES)
    files = {schema.get("targetNamespace"): f"{index}.xsd" for index, schema in enumerate(inline)}
    with TemporaryDirectory() as folder:
        whole = etree.Element(f"{{{_XS}}}schema")
        for schema in inline:
            for imported in schema.iterfind("xs:import", _NAMESPACES):
                imported.set("schemaLocation", files[imported.get("namespace")])
            namespace = schema.get("targetNamespace", "")
            etree.ElementTree(schema).write(Path(folder) / files[namespace])
            etree.SubElement(whole, f"{{{_XS}}}import", namespace=namespace, schemaLocation=files[namespace])
        entry = Path(folder) / "whole.xsd"
        etree.ElementTree(whole).write(entry)
        return etree.XMLSchema(etree.parse(entry))
