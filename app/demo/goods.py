"""What the play's ERP sells: the product of VTEX's own guide for ERPs, and what the store's team adds."""

from typing import Any

Record = dict[str, Any]

PRODUCT_CODE = "1234567890"
SKU_CODES = ("00123456", "00123457", "00123458")
DARK, LIGHT, LARGE = SKU_CODES
WAREHOUSE = "1_1"

PRODUCT: Record = {
    "code": PRODUCT_CODE,
    "name": "Vaso Artesanal de Barro Vermelho",
    "brand_id": 1,
    "category_id": 1,
    "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
    "short_description": "Vaso de barro vermelho, feito a mão",
    "keywords": "Barro, vaso, vermelho",
    "title": "Vaso Artesanal de Barro Vermelho",
    "meta_description": "Vaso de barro vermelho, feito a mão",
}

#: Centimetres and kilograms, as this ERP measures; the store weighs in grams.
_SIZES: Record = {
    "packaged_height": "30",
    "packaged_length": "22.5",
    "packaged_width": "22.5",
    "packaged_weight": "2.35",
    "height": "25",
    "length": "18",
    "width": "18",
    "weight": "1.9",
}


def _sku(code: str, variant: str, ean: str, **sizes: str) -> Record:
    name = f"Vaso Artesanal de Barro Vermelho {variant}"
    identity = {"code": code, "product": PRODUCT_CODE, "name": name, "eans": [ean]}
    return identity | {"measurement_unit": "un", "unit_multiplier": "1"} | _SIZES | sizes


SKUS = [
    _sku(DARK, "Escuro", "0123456789123"),
    _sku(LIGHT, "Claro", "0123456789130"),
    _sku(LARGE, "Grande", "0123456789147", packaged_height="52", packaged_weight="5.8", weight="4.9"),
]
PRICES: list[Record] = [
    {"sku": DARK, "base": "110.00", "list_price": "150.00"},
    {"sku": LIGHT, "base": "110.00", "list_price": "150.00"},
    {"sku": LARGE, "base": "189.90", "list_price": "249.90"},
]
STOCK: list[Record] = [
    {"sku": DARK, "warehouse": WAREHOUSE, "quantity": 25},
    {"sku": LIGHT, "warehouse": WAREHOUSE, "quantity": 40},
    {"sku": LARGE, "warehouse": WAREHOUSE, "quantity": 8},
]

#: Typed into the store's admin by its team; the ERP never mentions any of it.
STAFF_PRODUCT: Record = {"IsActive": True, "IsVisible": True, "Score": 10, "LinkId": "vaso-de-barro-vermelho"}
#: A club's price for the dark vase, beside the ERP's own price.
STAFF_POLICY, STAFF_PRICE = "2", "99.90"
