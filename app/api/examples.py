"""One example of each kind for our OpenAPI, with the values of VTEX's own guides."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "product": {
        "code": "1234567890",
        "name": "Vaso Artesanal de Barro Vermelho",
        "brand_id": 2000000,
        "category_id": 1,
        "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
        "short_description": "Vaso de barro vermelho artesanal",
        "keywords": "Barro, vaso, vermelho",
        "title": "Vaso Artesanal de Barro Vermelho",
        "meta_description": "feito a mão com barro do mar vermelho",
        "active": True,
        "visible": True,
    },
    "sku": {
        "code": "00123456",
        "product": "1234567890",
        "name": "Vaso Artesanal de Barro Vermelho Escuro",
        "eans": ["0123456789123"],
        "packaged_height": "1.80",
        "packaged_length": "1.52",
        "packaged_width": "2.78",
        "packaged_weight": "1.50",
        "unit_multiplier": 1,
        "measurement_unit": "un",
    },
    "price": {
        "sku": "00123456",
        "base": "110.00",
        "list_price": "150.00",
        "fixed_prices": [
            {
                "trade_policy": "1",
                "value": "99.90",
                "min_quantity": 2,
                "starts_at": "2026-11-27T00:00:00-03:00",
                "ends_at": "2026-11-30T23:59:59-03:00",
            }
        ],
    },
    "stock": {"sku": "00123456", "warehouse": "1_1", "quantity": 25},
    "invoice": {
        "order": "1172452900788-01",
        "number": "24382",
        "issued_at": "2026-11-23T10:00:00-03:00",
        "value": "230.00",
        "items": [{"sku": "00123456", "quantity": 2, "price": "110.00"}],
        "courier": "Correios",
        "tracking_number": "BR123456789BR",
        "tracking_url": "https://rastreamento.correios.com.br/",
    },
}
