"""The catalogue webservice (SOAP 1.1) over the same store as REST.

VTEX documents that Id and RefId decide insert or update, and that IsActive=true comes back false until the
SKU meets the requirements. What an update does with members left out is not documented: here it replaces, as
PUT does in the Catalog API, except that a product without CategoryId keeps its category and is deactivated
(VTEX's field table). The texts of faults are the sandbox's own.
"""

from collections.abc import Callable

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.products import create_product, replace_product
from app.sandbox.catalog.skus import activate_if_possible, activate_skus_of, create_sku, replace_sku
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.webservice.contract import SOAP, TNS, contract, parse, read_members, write_members, wsdl
from app.sandbox.webservice.images import IMAGE_OPERATIONS
from app.sandbox.webservice.parts import PART_OPERATIONS
from app.sandbox.webservice.specifications import SPECIFICATION_OPERATIONS
from app.sandbox.webservice.taxonomy import TAXONOMY_OPERATIONS
from app.sandbox.wire import Record, RefusedError

PATH = "/AdminWebService/Service.svc"
DTO = "http://schemas.datacontract.org/2004/07/Vtex.Commerce.WebApps.AdminWcfService.Contracts"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {"s": SOAP, "i": XSI, "t": TNS, "a": DTO}

#: The webservice's name of each SKU field that REST calls otherwise.
SKU_NAMES = {
    "Height": "PackagedHeight",
    "Length": "PackagedLength",
    "Width": "PackagedWidth",
    "WeightKg": "PackagedWeightKg",
    "RealHeight": "Height",
    "RealLength": "Length",
    "RealWidth": "Width",
    "RealWeightKg": "WeightKg",
    "VenderSeparadamente": "KitItensSellApart",
}
#: Members that are accepted and change nothing: prices go through Pricing, the rest has no place in REST.
IGNORED = ("ModalId", "Price", "ListPrice", "CostPrice", "InternalNote", "IsAvaiable")


def product_insert_update(request: Request, body: Record) -> Record | None:
    store, wanted = store_of(request), body.get("productVO")
    if not wanted:
        raise RefusedError(500, "productVO is required")
    number = _known(wanted, store.products, store.product_by_ref)
    if number is None:
        number = create_product(store, wanted)["Id"]
        effect = "product.created"
    else:
        if wanted.get("CategoryId") is None:
            wanted |= {"CategoryId": store.products[number]["CategoryId"], "IsActive": False}
        replace_product(store, number, wanted)
        activate_skus_of(store, number)
        effect = "product.updated"
    policies = (wanted.get("ListStoreId") or {}).get("int")
    if policies:
        store.sales_policies[number] = set(policies)
    note(request, effect, id=number, ref_id=store.products[number]["RefId"])
    return _product(store, number)


def sku_insert_update(request: Request, body: Record) -> Record | None:
    store, sent = store_of(request), body.get("stockKeepingUnitVO")
    if not sent:
        raise RefusedError(500, "stockKeepingUnitVO is required")
    number = _known(sent, store.skus, store.sku_by_ref)
    wanted = {SKU_NAMES.get(name, name): value for name, value in sent.items() if name not in IGNORED}
    # Active means "as soon as it can be": no error here, unlike in REST.
    wanted |= {"ActivateIfPossible": bool(sent.get("IsActive")), "IsActive": False}
    eans = _eans(wanted.pop("StockKeepingUnitEans", None))
    if number is None:
        number = create_sku(store, wanted | ({"Ean": eans[0]} if eans else {}))["Id"]
        effect = "sku.created"
    else:
        replace_sku(store, number, wanted)
        effect = "sku.updated"
    if eans is not None:
        store.eans[number] = eans
    activate_if_possible(store, number)
    ignored = [name for name in IGNORED if sent.get(name) is not None]
    facts = {"id": number, "ref_id": store.skus[number]["RefId"], "active": store.skus[number]["IsActive"]}
    note(request, effect, **facts, ignored=ignored)
    return _sku(store, number)


def _known(wanted: Record, records: dict[int, Record], by_ref: dict[str, int]) -> int | None:
    number = wanted.get("Id")
    if number is not None:
        return number if number in records else None
    return by_ref.get(wanted.get("RefId") or "")


def _eans(value: Record | None) -> list[str] | None:
    if value is None:
        return None
    listed = [each.get("Ean") for each in value.get("StockKeepingUnitEanDTO", []) if each]
    return [ean for ean in dict.fromkeys(listed) if ean]


def product_get(request: Request, body: Record) -> Record | None:
    return _product(store_of(request), body.get("idProduct") or 0)


def product_get_by_ref_id(request: Request, body: Record) -> Record | None:
    store = store_of(request)
    return _product(store, store.product_by_ref.get(body.get("refId") or "", 0))


def sku_get(request: Request, body: Record) -> Record | None:
    return _sku(store_of(request), body.get("id") or 0)


def sku_get_by_ref_id(request: Request, body: Record) -> Record | None:
    store = store_of(request)
    return _sku(store, store.sku_by_ref.get(body.get("refId") or "", 0))


def sku_active(request: Request, body: Record) -> Record | None:
    """What a SKU that is not ready does to it is not documented: here it is refused, as in REST."""
    store, number = store_of(request), body.get("idStockKeepingUnit") or 0
    if number not in store.skus:
        raise RefusedError(500, f"SKU {number} not found")
    replace_sku(store, number, store.skus[number] | {"IsActive": True})
    note(request, "sku.updated", id=number, ref_id=store.skus[number]["RefId"], active=True)
    return None


def skus_by_product(request: Request, body: Record) -> Record | None:
    store = store_of(request)
    numbers = sorted(store.product_skus.get(body.get("idProduct") or 0, ()))
    return {"StockKeepingUnitDTO": [_sku(store, number) for number in numbers]}


def _product(store: Store, number: int) -> Record | None:
    product = store.products.get(number)
    return product and product | {"ListStoreId": {"int": sorted(store.sales_policies[number])}}


def _sku(store: Store, number: int) -> Record | None:
    sku = store.skus.get(number)
    if sku is None:
        return None
    renamed = {soap: sku[rest] for soap, rest in SKU_NAMES.items()}
    eans = {"StockKeepingUnitEanDTO": [{"Ean": ean} for ean in store.eans[number]]}
    texts = {"ProductName": store.products[sku["ProductId"]]["Name"], "StockKeepingUnitEans": eans}
    kept = {name: value for name, value in sku.items() if name not in SKU_NAMES.values()}
    changed = store.moment().strftime("%Y-%m-%dT%H:%M:%S")
    return kept | renamed | texts | {"IsAvaiable": sku["IsActive"], "DateUpdated": changed}


OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "ProductInsertUpdate": product_insert_update,
    "ProductGet": product_get,
    "ProductGetByRefId": product_get_by_ref_id,
    "StockKeepingUnitInsertUpdate": sku_insert_update,
    "StockKeepingUnitGet": sku_get,
    "StockKeepingUnitGetByRefId": sku_get_by_ref_id,
    "StockKeepingUnitActive": sku_active,
    "StockKeepingUnitGetAllByProduct": skus_by_product,
    **TAXONOMY_OPERATIONS,
    **IMAGE_OPERATIONS,
    **SPECIFICATION_OPERATIONS,
    **PART_OPERATIONS,
}


async def call(request: Request) -> Response:
    try:
        name, body = _read_envelope(await request.body())
        request.scope["sandbox.operation"] = name
        result = OPERATIONS[name](request, body)
    except RefusedError as error:
        return _fault("s:Client" if error.status == 400 else "s:Server", str(error))
    return _reply(name, result, unknown_member=store_of(request).webservice_unknown_member)


def _read_envelope(document: bytes) -> tuple[str, Record]:
    envelope = parse(document)
    body = envelope.find(f"{{{SOAP}}}Body")
    if envelope.tag != f"{{{SOAP}}}Envelope" or body is None or not len(body):
        raise RefusedError(500, "The message is no SOAP 1.1 envelope")
    operation = etree.QName(body[0])
    if operation.namespace != TNS or operation.localname not in OPERATIONS:
        raise RefusedError(500, f"The operation {operation.localname} is not in the sandbox")
    return operation.localname, read_members(body[0], contract().wrapper(operation.localname))


def _reply(name: str, result: Record | None, *, unknown_member: bool) -> Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=NAMESPACES)
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    response = etree.SubElement(body, f"{{{TNS}}}{name}Response")
    members = contract().wrapper(f"{name}Response")
    # Four operations tell the id once more, next to their result.
    out: Record = {member.name: (result or {}).get("Id") for member in members}
    write_members(response, members, out | {f"{name}Result": result})
    if unknown_member and result is not None:
        # In the middle, where a schema grows: VTEX added members between 2014 and 2019.
        etree.SubElement(response[0], f"{{{DTO}}}AddedLater").text = "1"
        response[0].insert(len(response[0]) // 2, response[0][-1])
    return _xml(envelope, 200)


def _fault(code: str, message: str) -> Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=NAMESPACES)
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = code
    text = etree.SubElement(fault, "faultstring")
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "pt-BR")
    text.text = message
    return _xml(envelope, 500)


def _xml(envelope: etree._Element, status: int) -> Response:
    content = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return Response(content, status_code=status, media_type="text/xml; charset=utf-8")


async def describe(request: Request) -> Response:
    """The WSDL with this server's address in it, so that soapUI can load it and call."""
    address = f"{request.url.scheme}://{request.url.netloc}{PATH}"
    document = parse(wsdl())
    for element in document.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address"):
        element.set("location", address)
    return Response(etree.tostring(document, xml_declaration=True, encoding="utf-8"), media_type="text/xml")


ROUTES = [Route(PATH, call, methods=["POST"]), Route(PATH, describe, methods=["GET"])]
