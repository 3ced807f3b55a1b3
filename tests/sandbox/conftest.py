"""A new sandbox for each test, spoken to in-process with the store's own keys, by REST and by SOAP.

Envelopes are made and read by zeep, replies checked by XSD.
"""

import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
import zeep
from lxml import etree
from starlette.applications import Starlette

from app.sandbox import create_sandbox
from app.sandbox.erp import Erp
from app.sandbox.journal import Journal
from app.sandbox.state import Store

KEYS = {"X-VTEX-API-AppKey": "sandbox-key", "X-VTEX-API-AppToken": "sandbox-token"}
BASIC = {"Authorization": "Basic " + base64.b64encode(b"sandbox-key:sandbox-token").decode()}


@pytest.fixture
def sandbox() -> Starlette:
    return create_sandbox()


@pytest.fixture
def state(sandbox: Starlette) -> Store:
    store: Store = sandbox.state.store
    return store


@pytest.fixture
def journal(sandbox: Starlette) -> Journal:
    journal: Journal = sandbox.state.journal
    return journal


@pytest.fixture
def erp(sandbox: Starlette) -> Erp:
    erp: Erp = sandbox.state.erp
    return erp


@pytest.fixture
async def vtex(sandbox: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=sandbox)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=KEYS) as client:
        yield client


PRODUCT = {"Name": "Camisa Básica", "CategoryId": 1, "BrandId": 1, "RefId": "P1", "IsActive": True}
SKU = {
    "ProductId": 1,
    "Name": "Azul M",
    "RefId": "S1",
    "PackagedHeight": 10,
    "PackagedLength": 20.5,
    "PackagedWidth": 10,
    "PackagedWeightKg": 550,
}
PRICE = {"basePrice": 100, "costPrice": 50}
IMAGE = {"Name": "front", "Url": "https://erp.example.com/front.jpg"}


class Shop:
    """The few steps that most tests start from."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def product(self, **fields: object) -> dict[str, Any]:
        return await self._ok("POST", "/api/catalog/pvt/product", PRODUCT | fields)

    async def sku(self, **fields: object) -> dict[str, Any]:
        """A product P1 and its SKU S1, or another SKU of it."""
        if not fields.get("RefId"):
            await self.product()
        return await self._ok("POST", "/api/catalog/pvt/stockkeepingunit", SKU | fields)

    async def price(self, sku: int = 1001, **fields: object) -> None:
        await self.client.put(f"/sandboxstore/pricing/prices/{sku}", json=fields or PRICE)

    async def order(self, status: str = "ready-for-handling", quantity: int = 2) -> str:
        await self.sku()
        await self.price()
        return await self.another_order(status, quantity)

    async def another_order(self, status: str = "ready-for-handling", quantity: int = 2) -> str:
        items = [{"ref_id": "S1", "quantity": quantity}]
        answer = await self._ok("POST", "/sandbox/orders", {"items": items, "status": status})
        return str(answer["orderId"])

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _ok(self, method: str, path: str, body: object) -> dict[str, Any]:
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created


@pytest.fixture
def shop(vtex: httpx2.AsyncClient) -> Shop:
    return Shop(vtex)


WSDL = Path("app/vtex/webservice.wsdl").resolve()
WEBSERVICE = "/AdminWebService/Service.svc"
BINDING = "{http://tempuri.org/}BasicHttpBinding_IService"
XS = "{http://www.w3.org/2001/XMLSchema}"
SOAP_PRODUCT = {"Name": "Camisa", "CategoryId": 1, "BrandId": 1, "RefId": "P1", "IsActive": True}
SOAP_SKU = {
    "ProductId": 1,
    "Name": "Azul M",
    "RefId": "S1",
    "Height": Decimal(10),
    "Length": Decimal("20.5"),
    "Width": Decimal(10),
    "WeightKg": Decimal(550),
    "RealHeight": Decimal(9),
    "Price": Decimal(7),
}


@pytest.fixture(scope="module")
def codec() -> Any:
    return zeep.Client(str(WSDL))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The WSDL's three schemas, each in a file of its own so that they can import each other."""
    folder = tmp_path_factory.mktemp("schemas")
    schemas = {each.get("targetNamespace"): each for each in etree.parse(str(WSDL)).iter(f"{XS}schema")}
    files = {space: folder / f"{number}.xsd" for number, space in enumerate(schemas)}
    for space, each in schemas.items():
        for imported in each.iter(f"{XS}import"):
            imported.set("schemaLocation", files[imported.get("namespace")].name)
        files[space].write_bytes(etree.tostring(each))
    return etree.XMLSchema(etree.parse(str(files["http://tempuri.org/"])))


class Webservice:
    def __init__(self, codec: Any, client: httpx2.AsyncClient, schema: etree.XMLSchema) -> None:
        self.codec = codec
        self.client = client
        self.schema = schema

    async def post(self, operation: str, *arguments: object, **named: object) -> httpx2.Response:
        message = self.codec.create_message(self.codec.service, operation, *arguments, **named)
        headers = BASIC | {"Content-Type": "text/xml; charset=utf-8"}
        return await self.client.post(WEBSERVICE, content=etree.tostring(message), headers=headers)

    async def call(self, operation: str, *arguments: object, **named: object) -> Any:
        answer = await self.post(operation, *arguments, **named)
        if answer.status_code == 200:
            self.schema.assertValid(etree.fromstring(answer.content)[0][0])
        binding = self.codec.wsdl.bindings[BINDING]
        return binding.process_reply(self.codec, binding.get(operation), answer)

    async def product(self, **fields: object) -> Any:
        return await self.call("ProductInsertUpdate", SOAP_PRODUCT | fields)

    async def sku(self, **fields: object) -> Any:
        return await self.call("StockKeepingUnitInsertUpdate", SOAP_SKU | fields)


@pytest.fixture
def soap(codec: Any, vtex: httpx2.AsyncClient, schema: etree.XMLSchema) -> Webservice:
    return Webservice(codec, vtex, schema)
