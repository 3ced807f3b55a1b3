"""The envelopes of VTEX's own ERP guides come out of the corresponding ERP changes."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox import create_sandbox
from app.sandbox.catalog.products import create_product
from app.sandbox.catalog.skus import add_image, create_sku
from tests.running import RunningBridge, listening, running_bridge

GUIDES = Path(__file__).with_name("guides")
#: Of the guides' store, with their ids: what the changes below hang on.
DEPARTMENT, CATEGORY, SUBCATEGORY, BRAND = 1000018, 1000019, 1000020, 2000011
PRODUCT, DARK, LIGHT = 31018369, 31018371, 31018372
#: As VTEX demands today: the address in the guide does not end as that of a picture.
_PICTURE = "https://encrypted-tbn3.gstatic.com/vaso.jpg"
_DECIMAL = re.compile(r"\d+\.\d+")
WRAPPING, OPTION, ATTACHMENT = 134, 1, 123
_TEXTS = ("title", "description", "keywords")


def category(code: str, name: str, description: str, keywords: str, parent: str | None) -> dict[str, Any]:
    texts = dict(zip(_TEXTS, (name, description, keywords), strict=True))
    return {"code": code, "name": name, "active": True, **texts} | ({"parent": parent} if parent else {})


def sku(name: str) -> dict[str, Any]:
    """Both of the guides' SKUs have one RefId, which is wrong: the second would rewrite the first."""
    packaged = {"height": "1.800", "length": "1.52", "width": "2.780", "weight": "1.5"}
    return {
        "code": "00123456",
        "product": "PRODUCT",
        "name": name,
        "eans": ["0123456789123"],
        **{f"packaged_{measure}": value for measure, value in packaged.items()},
        "height": "1.740",
        "length": "1.60",
        "width": "1.7",
        "weight": "2.750",
        "cubic_weight": "100",
        "modal": "Vidro",
        "kit": False,
        "reward_value": "0",
        "unit_multiplier": "1",
    }


def field_of(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "group": "Vaso", "type": "combo", "values": [value]}


_WRAPPING = "Embalagem para presente"
_SHOWN = dict.fromkeys(("active", "show_on_product", "show_on_cart", "show_on_attachment"), True)
_NOT = dict.fromkeys(("file_upload", "gift_card", "required"), False)
_OPTION = {"code": "O", "vtex_id": OPTION, "name": _WRAPPING, "price": "10.0", "cost": "5.0"}
_ATTACHMENT = {"sku": "DARK", "option": "O", "vtex_id": ATTACHMENT, "name": _WRAPPING, "text": _WRAPPING}
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
    "07-ProductEspecificationInsert": (
        "specification",
        {"product": "PRODUCT", "fields": [field_of("Material", "ceramica")]},
    ),
    "08-StockKeepingUnitEspecificationInsert": (
        "specification",
        {"sku": "DARK", "fields": [field_of("Cor", "Vermelho")]},
    ),
    "02-StockKeepingUnitInsertUpdate": ("sku", sku("Vaso Artesanal de Barro Vermelho Escuro")),
    "13-StockKeepingUnitInsertUpdate": ("sku", sku("Vaso Artesanal de Barro Laranja Escuro")),
    "11-StockKeepingUnitActive": ("activation", {"sku": "DARK", "active": True}),
    "12-StockKeepingUnitActive": ("activation", {"sku": "LIGHT", "active": True}),
    "09-ImageServiceInsertUpdate": (
        "image",
        {"sku": "DARK", "images": [{"url": _PICTURE, "name": "Barro Vermelho Escuro"}]},
    ),
    # The guide's file has the id of its SKU, and so has the one that our store has already.
    "10-ImageServiceInsertUpdate": (
        "image",
        {
            "sku": "LIGHT",
            "images": [
                {
                    "url": "http://1.bp.blogspot.com/_ZANjG3oA2BI/TCJfvX-7daI/AAAAAAAADZ0/yO5MwjMtjdI"
                    "/s400/vaso_5cm.jpg",
                    "name": "Barro Vermelho Claro",
                }
            ],
        },
    ),
    # The guides send ids: of what is there already.
    "14-ServiceInsertUpdate": ("service", SERVICE),
    "15-ServicePriceInsertUpdate": ("service", SERVICE),
    "16-StockKeepingUnitServiceInsertUpdate": ("service", SERVICE),
}
#: Prices go through Pricing alone; whether it is available is VTEX's to say; REST knows no modal by an id.
_NOT_OF_A_SKU = {"ListPrice", "Price", "IsAvaiable", "ModalId"}
#: What the guides send and we do not. VTEX chooses the id of what is new.
NOT_SENT = {
    "01-ProductInsertUpdate": {"Id"},
    "02-StockKeepingUnitInsertUpdate": _NOT_OF_A_SKU | {"Id"},
    "13-StockKeepingUnitInsertUpdate": _NOT_OF_A_SKU,
}
#: What we send otherwise. A SKU without an image cannot be active, so that is said by an activation.
OTHERWISE = {
    # The guide leaves it empty: the webservice would take no id and no name, and 0 for the id.
    "08-StockKeepingUnitEspecificationInsert": {"idSku": str(DARK), "fieldName": "Cor", "string": "Vermelho"},
    "09-ImageServiceInsertUpdate": {"urlImage": _PICTURE},
    "02-StockKeepingUnitInsertUpdate": {"IsActive": "false"},
    "13-StockKeepingUnitInsertUpdate": {"IsActive": "false"},
}


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
    product = {"Id": PRODUCT, "Name": "Of the guides", "RefId": "PRODUCT", "BrandId": 1, "CategoryId": 1}
    create_product(store, product | {"IsActive": True})
    packaged = dict.fromkeys(("PackagedHeight", "PackagedLength", "PackagedWidth", "PackagedWeightKg"), 1)
    for vtex_id, code in ((DARK, "DARK"), (LIGHT, "LIGHT")):
        create_sku(store, {"Id": vtex_id, "ProductId": PRODUCT, "Name": code, "RefId": code, **packaged})
    add_image(store, DARK, {"Name": "By staff", "Url": _PICTURE})
    add_image(store, LIGHT, {"Name": "Barro Vermelho Claro", "Url": _PICTURE})["Id"] = LIGHT
    _services_of_the_guides(store)
    async with (
        listening(listener) as url,
        running_bridge(
            migrated_sqlite_url,
            url,
            # The guides' store weighs in kilograms.
            vtex={"catalog": "webservice", "store_weight_unit": "kg"},
            orders={"sources": []},
        ) as running,
    ):
        for code, vtex_id in (("DEPARTMENT", DEPARTMENT), ("CATEGORY", CATEGORY)):
            [event_id] = await running.post("category", {"code": code, "vtex_id": vtex_id})
            await running.reaches(event_id, "delivered")
        yield running


def _services_of_the_guides(store: Any) -> None:
    """Not yet as the guides want them."""
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
        "SkuId": DARK,
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
    left_out, otherwise = NOT_SENT.get(guide, set()), OTHERWISE.get(guide, {})
    expected = [
        (tag, otherwise.get(etree.QName(tag).localname, text))
        for tag, text in wanted
        if etree.QName(tag).localname not in left_out
    ]
    assert expected in ours


def members(envelope: bytes) -> list[tuple[str, str]]:
    """Every element below the body in its order: its qualified name, and its text without blanks.

    Decimals without the zeros at their end, which say nothing in XML.
    """
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False)
    body = etree.fromstring(envelope, parser).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body is not None
    texts = [(str(each.tag), (each.text or "").strip()) for each in body[0].iter()]
    return [(tag, text.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(text) else text) for tag, text in texts]
