"""The envelopes of VTEX's own ERP guides come out of the corresponding ERP changes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox import create_sandbox
from app.sandbox.catalog.skus import SKU_FIELDS
from tests.running import RunningBridge, listening, running_bridge

GUIDES = Path(__file__).with_name("guides")
#: Of the guides' store, with their ids: what the changes below hang on.
DEPARTMENT, CATEGORY, SUBCATEGORY, BRAND = 1000018, 1000019, 1000020, 2000011
SKU, WRAPPING, OPTION, ATTACHMENT = 31018371, 134, 1, 123
_TEXTS = ("title", "description", "keywords")


def category(code: str, name: str, description: str, keywords: str, parent: str | None) -> dict[str, Any]:
    texts = dict(zip(_TEXTS, (name, description, keywords), strict=True))
    return {"code": code, "name": name, "active": True, **texts} | ({"parent": parent} if parent else {})


_WRAPPING = "Embalagem para presente"
_SHOWN = dict.fromkeys(("active", "show_on_product", "show_on_cart", "show_on_attachment"), True)
_NOT = dict.fromkeys(("file_upload", "gift_card", "required"), False)
_OPTION = {"code": "O", "vtex_id": OPTION, "name": _WRAPPING, "price": "10.0", "cost": "5.0"}
_ATTACHMENT = {"sku": "SKU", "option": "O", "vtex_id": ATTACHMENT, "name": _WRAPPING, "text": _WRAPPING}
SERVICE = {"code": "W", "vtex_id": WRAPPING, "name": _WRAPPING, **_SHOWN, **_NOT} | {
    "options": [_OPTION],
    "attachments": [_ATTACHMENT],
}

CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "03-CategoryInsertUpdate": (
        "category",
        category("D", "Departamento Artesanato", "Departamento de Artesanato", "Departamento Keywords", None),
    ),
    "04-CategoryInsertUpdate": (
        "category",
        category("C", "Artesanato de Barro", "Artesanato de Barro", "Barro", "DEPARTMENT"),
    ),
    "05-CategoryInsertUpdate": (
        "category",
        category("S", "Artesanato de Barro Vermelho", "Barro Vermelho", "Barro Vermelho", "CATEGORY"),
    ),
    "06-BrandInsertUpdate": (
        "brand",
        {"code": "B", "name": "DuBom", "active": True, "title": "DuBom", "description": "Marca DuBom"}
        | {"keywords": "DuBom Keywords"},
    ),
    "01-ProductInsertUpdate": (
        "product",
        {
            "code": "1234567890",
            "name": "Vaso Artesanal de Barro Vermelho",
            "brand_id": BRAND,
            "category_id": SUBCATEGORY,
            "department_id": DEPARTMENT,
            "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
            "short_description": "Vaso de barro vermelho artesanal",
            "keywords": " Barro, vaso, vermelho",
            "title": "Vaso Artesanal de Barro Vermelho",
            "meta_description": "feito a mão com barro do mar vermelho",
            "trade_policies": [1, 2],
            "active": True,
            "visible": True,
        },
    ),
    # The guides send ids: of what is there already.
    "14-ServiceInsertUpdate": ("service", SERVICE),
    "15-ServicePriceInsertUpdate": ("service", SERVICE),
    "16-StockKeepingUnitServiceInsertUpdate": ("service", SERVICE),
}
#: What the guides send and we do not: VTEX chooses the id of what is new.
NOT_SENT = {"01-ProductInsertUpdate": {"Id"}}


@dataclass
class Listener:
    """The sandbox, and the envelopes that it was sent."""

    app: ASGIApp = field(default_factory=create_sandbox)
    envelopes: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard() -> Message:
            message = await receive()
            if scope["path"].startswith("/AdminWebService") and message.get("body"):
                self.envelopes.append(message["body"])
            return message

        await self.app(scope, heard, send)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def bridge(listener: Listener, migrated_sqlite_url: str) -> AsyncIterator[RunningBridge]:
    """Joined to a store that has the guides' categories and brand already."""
    store: Any = listener.app.state.store  # type: ignore[attr-defined]
    for vtex_id, father in ((DEPARTMENT, None), (CATEGORY, DEPARTMENT), (SUBCATEGORY, CATEGORY)):
        there = {"Id": vtex_id, "Name": f"Of the guides {vtex_id}", "FatherCategoryId": father}
        store.categories[vtex_id] = store.categories[1] | there
    store.brands[BRAND] = store.brands[1] | {"Id": BRAND, "Name": "Of the guides"}
    _services_of_the_guides(store)
    async with (
        listening(listener) as url,
        running_bridge(
            migrated_sqlite_url, url, vtex={"catalog": "webservice"}, orders={"sources": []}
        ) as running,
    ):
        for code, vtex_id in (("DEPARTMENT", DEPARTMENT), ("CATEGORY", CATEGORY)):
            [event_id] = await running.post("category", {"code": code, "vtex_id": vtex_id})
            await running.reaches(event_id, "delivered")
        yield running


def _services_of_the_guides(store: Any) -> None:
    """Not yet as the guides want them; the SKU's other fields do not matter here."""
    named = {"Id": SKU, "ProductId": 1, "RefId": "SKU", "Name": "Of the guides"}
    store.skus[SKU] = {name: each.default for name, each in SKU_FIELDS.items()} | named
    store.sku_by_ref["SKU"] = SKU
    store.products[1] = {"Id": 1, "Name": "Of the guides"}
    old = {"Name": "Old", "IsActive": False}
    flags = ("ShowOnProductFront", "ShowOnCartFront", "ShowOnAttachmentFront", "ShowOnFileUpload")
    store.services["skuservicetype"][WRAPPING] = (
        {"Id": WRAPPING} | old | dict.fromkeys((*flags, "IsGiftCard", "IsRequired"), False)
    )
    of_it = {"SkuServiceTypeId": WRAPPING}
    store.services["skuservicevalue"][OPTION] = {"Id": OPTION, **of_it, "Name": "Old", "Value": 1, "Cost": 1}
    store.services["skuservice"][ATTACHMENT] = {
        "Id": ATTACHMENT,
        **of_it,
        "SkuServiceValueId": OPTION,
        "SkuId": SKU,
        "Text": "",
    } | old


@pytest.mark.parametrize("guide", CHANGES)
async def test_a_change_makes_the_guides_envelope(
    bridge: RunningBridge, listener: Listener, guide: str
) -> None:
    kind, change = CHANGES[guide]
    [event_id] = await bridge.post(kind, change)
    await bridge.reaches(event_id, "delivered")
    wanted = members((GUIDES / f"{guide}.xml").read_bytes())
    ours = [members(each) for each in listener.envelopes]
    left_out = NOT_SENT.get(guide, set())
    expected = [each for each in wanted if etree.QName(each[0]).localname not in left_out]
    assert expected in ours


def members(envelope: bytes) -> list[tuple[str, str]]:
    """Every element below the body in its order: its qualified name, and its text without blanks."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False)
    body = etree.fromstring(envelope, parser).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body is not None
    return [(str(each.tag), (each.text or "").strip()) for each in body[0].iter()]
