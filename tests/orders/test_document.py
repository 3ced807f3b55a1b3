"""VTEX's own example of an order becomes the documented callback, member by member."""

from typing import Any

from openapi_schema_validator import OAS31Validator

from app.api.application import openapi_document
from app.changes import KINDS
from app.orders.document import OrderCallback
from app.orders.mapping import order_document

OPENAPI = openapi_document()
TAX = "0a9df101-330c-41ad-a4c7-5a0bd521bc9u"

ADDRESS: dict[str, Any] = {
    "type": "residential",
    "receiver": "Rodrigo Smith",
    "postal_code": "22630-011",
    "country": "BRA",
    "state": "RJ",
    "city": "Rio de Janeiro",
    "neighborhood": "Barra da Tijuca",
    "street": "Avenida Lúcio Costa",
    "number": "126",
    "complement": "10",
    "reference": "apartment",
    "longitude": "-43.3373718",
    "latitude": "-23.0105873",
}
CUSTOMER: dict[str, Any] = {
    "first_name": "Rodrigo",
    "last_name": "Smith",
    "document_type": "cpf",
    "document": "845.134.270-19",
    "phone": "+5561992227222",
    "email": "rodrigo.smith@email.com",
    "is_corporate": False,
    "corporate_name": None,
    "trade_name": None,
    "corporate_document": None,
    "corporate_phone": None,
    "state_inscription": None,
    "customer_class": None,
    "customer_code": "933d29f5-c7c5-4d12-b0c8-c30079c33b21",
    "user_profile_id": "5660c55f-714d-4b14-88a7-b03e9bfbdd2y",
    "locale": "en-US",
    "newsletter": True,
}
ITEM: dict[str, Any] = {
    "sku": "BIGBML",
    "vtex_sku_id": 18,
    "vtex_product_id": 6,
    "seller_sku": "18",
    "unique_id": "94913BB553334977BFD669A24E678C69",
    "name": "Bay Max L",
    "ean": "3256873",
    "quantity": 1,
    "measurement_unit": "un",
    "unit_multiplier": 1,
    "price": "9.90",
    "list_price": "19.90",
    "manual_price": None,
    "selling_price": "9.90",
    "total": "9.90",
    "cost_price": "5.20",
    "tax": "0.00",
    "tax_code": "product_Free",
    "price_tags": [],
    "commission": 0,
    "freight_commission": 0,
    "seller": "1",
    "is_gift": False,
    "brand": "Lux Brand",
    "brand_id": 2000000,
    "category_ids": [9],
    "parent_item_index": 0,
    "parent_assembly": "assembly_product_warranty",
    "components": [],
    "services": [{"vtex_id": "12", "name": None, "quantity": 2, "price": None}],
    "attachments": [],
}
SHIPPING: dict[str, Any] = {
    "address": ADDRESS,
    "contacts": [
        {
            "first_name": "U**",
            "last_name": "H*****",
            "document_type": "cpf",
            "document": "845.134.270-19",
            "phone": "556196842267",
            "email": "contact@email.com",
        }
    ],
    "deliveries": [
        {
            "item_index": 0,
            "sla": "Normal",
            "channel": "delivery",
            "courier": "All CEPs",
            "price": "30.00",
            "list_price": "30.00",
            "selling_price": "30.00",
            "estimate": "4bd",
            "estimated_at": "2024-03-09T10:13:40.1020453+00:00",
            "transit_time": "3d",
            "window": None,
            "pickup_point": None,
            "warehouses": [
                {
                    "id": "warehouse_68d7",
                    "quantity": 1,
                    "dock": "dock_1f95",
                    "courier_id": "136769c",
                    "courier": "Correios",
                }
            ],
        }
    ],
    "tracking_hints": [
        {
            "tracking_id": "701-1947797-1739404_DBA",
            "courier": "Amazon Label",
            "url": (
                "https://storeName.vtexcommercestable.com.br/api/integration-amazon/logistic-program/dba"
                "/labels?orderId=d9xsHobRJCIWbbub0"
            ),
            "label": "Amazon Label",
        }
    ],
}
PAYMENT: dict[str, Any] = {
    "id": "A536832D9B95439DB73A11558B6F2C2C",
    "transaction_id": "E4CFCEA1A2BF42AE9A3FAE8ED460CBFE",
    "is_active": True,
    "merchant": "luxstore",
    "method": "Visa",
    "method_id": "2",
    "group": "creditCard",
    "installments": 1,
    "value": "39.90",
    "reference_value": "39.90",
    "due_date": None,
    "tid": "65738757",
    "nsu": None,
    "authorization_code": "738757",
    "acquirer": None,
    "card": {"holder": None, "first_digits": "444433", "last_digits": "1111"},
    "bank_slip": {
        "number": "23797770100000019003099260100022107500729050",
        "formatted_number": "32534.95739 75945.24534 54395.734214 5",
        "bar_code": "325349573975945245345439573421443986734065",
        "bar_code_type": "i25",
    },
    "gift_card": None,
    "details": None,
    "details_missing": None,
    "wallet": "PayPal",
    "billing_address": {
        "type": None,
        "receiver": None,
        "postal_code": "04538132",
        "country": "BRA",
        "state": "SP",
        "city": "São Paulo",
        "neighborhood": "Itaim Bibi",
        "street": "Brigadeiro Faria Lima Avenue",
        "number": "4440",
        "complement": "10th Floor",
        "reference": None,
        "longitude": "-51.065948486328125",
        "latitude": "0.014090900309383867",
    },
}
CUSTOM_DATA: dict[str, Any] = {
    "marketplace_payments": [
        {
            "app": "integration-marketplace-example",
            "methods": "CreditCard",
            "acquirer_cnpjs": "11.222.333/0001-44",
            "authorization_codes": "XYZ",
            "card_brands": "Visa",
        }
    ],
    "apps": [
        {
            "id": "integration-marketplace-example",
            "major": 1,
            "fields": {
                "marketplacePaymentCnpjAcquirers": "11.222.333/0001-44",
                "marketplacePaymentAuthorizationCodes": "XYZ",
                "marketplacePaymentCreditCardBrands": "Visa",
                "marketplacePaymentMethods": "CreditCard",
            },
        }
    ],
    "fields": [
        {
            "entity_type": "item",
            "entity_id": "B2949D0A45244825B177D2F9F96DC711",
            "name": "Cost Center",
            "value": "CC3",
        }
    ],
}
INVOICE: dict[str, Any] = {
    "number": "24382",
    "type": "Input",
    "value": "10.15",
    "key": "CFe35201100063960001504590006629690333214542150",
    "url": "https://luxstore.com/invoices/24382.pdf",
    "issued_at": "2024-02-09T10:10:20.5322681+00:00",
    "courier": "PAC Correios",
    "tracking_number": "TRK-48960684",
    "tracking_url": "https://tracking.fastdelivery.com/track/146/TRK-48960684-01/24382",
    "is_delivered": True,
    "delivered_at": "2024-02-15T10:17:40.5322681+00:00",
    "items": [{"item_index": 0, "quantity": 1, "price": "0.00"}],
}
EXPECTED: dict[str, Any] = {
    "id": "1172452900788-01",
    "sequence": "502556",
    "marketplace_order_id": "1172452900788-01",
    "seller_order_id": "00-v502556llux-01",
    "order_group": "1415461749731",
    "order_form_id": "33c887b2-bf49-4a18-8a0a-acc6b0d724bf",
    "status": "handling",
    "workflow_is_in_error": False,
    "created_at": "2024-02-04T20:09:43.899958+00:00",
    "changed_at": "2024-02-06T20:46:11.7010747+00:00",
    "authorized_at": "2024-02-04T20:46:11.7010747+00:00",
    "invoiced_at": "2024-02-09T10:17:40.5322681+00:00",
    "origin": "Marketplace",
    "affiliate_id": "GHB",
    "account": "luxstore",
    "merchant": "luxstore",
    "sales_channel": "1",
    "currency": "BRL",
    "total": "11.60",
    "totals": {"Items": "0.99", "Discounts": "0.00", "Shipping": "3.00", "Tax": "0.00"},
    "rounding_error": "0.00",
    "cancellation": {
        "reason": "Item size was too large.",
        "at": "2024-02-11T09:14:41.3695207Z",
        "requested_by": ["customer"],
    },
    "checked_in_pickup_point_id": "storeNameExample_901",
    "note": None,
    "commercial_condition": "Commercial conditions information.",
    "customer": CUSTOMER,
    "invoicing": {"address": None, "subject": None, "payment_methods": []},
    "items": [ITEM],
    "shipping": SHIPPING,
    "payments": [PAYMENT],
    "gift_cards": [],
    "sellers": [{"id": "1", "name": "Lux Store"}],
    "marketplace": {
        "name": "luxstore",
        "is_certified": True,
        "url": "http://oms.vtexinternal.com.br/api/oms?an=luxstore",
    },
    "promotions": [
        {
            "id": "2a7acc17-1eb9-4541-8ac6-2776ce9628e6",
            "name": "Shipping promo $100",
            "description": "Promotion of the week",
        }
    ],
    "taxes": {
        "designated_by_marketplace": True,
        "items": [
            {
                "item_index": 0,
                "vtex_sku_id": 18,
                "price_tags": [
                    {
                        "name": "Taxes (Magazine Luisa)",
                        "type": "tax",
                        "value": "1.93",
                        "percentage": None,
                        "identifier": TAX,
                    }
                ],
            }
        ],
    },
    "marketing": {
        "coupon": "sale",
        "utm_source": "fb",
        "utm_medium": "utm medium name",
        "utm_campaign": "christmas",
        "utm_partner": "utm partner name",
        "tags": ["vtex-subscription"],
    },
    "custom_data": CUSTOM_DATA,
    "subscriptions": [
        {
            "group": "A64AC73C0FB8693A7ADB4AC69CA4FD5F",
            "item_index": 0,
            "execution": 724,
            "type": "RECURRING_PAYMENT",
            "periodicity": "MONTH",
            "interval": 1,
            "begins_at": "2024-02-09T09:14:41.3695207Z",
            "ends_at": "2026-02-11T09:14:41.3695207Z",
        }
    ],
    "gift_registry": {
        "id": "154",
        "type": "9",
        "type_name": "Wedding list",
        "description": "Alanna & Daniel",
    },
    "call_center_operator": {"name": "sandraDaves", "email": "sandra.daves@luxstore.com"},
    "invoices": [INVOICE],
    "changes": [
        {
            "reason": "The customer wanted to change.",
            "at": "2019-02-06T20:46:04.4003606+00:00",
            "discount": "32.90",
            "increment": "0.00",
            "added": [],
            "removed": [{"vtex_sku_id": 1234568358, "name": "Bay Max L", "quantity": 1, "price": "32.90"}],
        }
    ],
}


def test_vtexs_own_example_becomes_the_documented_callback(example: dict[str, Any]) -> None:
    document = order_document(example)
    assert {name: value for name, value in document.items() if name != "order"} == {
        "version": 1,
        "type": "order.handling",
        "vtex_order": None,
    }
    assert set(document["order"]) == set(EXPECTED)
    for name, expected in EXPECTED.items():
        assert document["order"][name] == expected, name


def test_the_callback_is_valid_against_our_published_webhook(example: dict[str, Any]) -> None:
    schema = OPENAPI["webhooks"]["order"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = OAS31Validator(schema | {"components": OPENAPI["components"]})
    assert [error.message for error in validator.iter_errors(order_document(example))] == []
    nearly_nothing = order_document({"orderId": "1-01", "status": "ready-for-handling"})
    assert [error.message for error in validator.iter_errors(nearly_nothing)] == []


def test_nothing_that_pays_stands_in_the_callback(example: dict[str, Any]) -> None:
    [payment] = example["paymentData"]["transactions"][0]["payments"]
    payment |= {"cardNumber": "4444333322221111", "redemptionCode": "GIFT-CODE"}
    told = str(order_document(example))
    assert "4444333322221111" not in told
    assert "GIFT-CODE" not in told
    assert "'351'" not in told
    assert "2029" not in told
    assert "12/29" not in told


def test_no_model_of_the_callback_has_the_name_of_a_changes_model() -> None:
    ours = set(OrderCallback.model_json_schema()["$defs"])
    theirs = {
        name
        for kind in KINDS.values()
        for name in [kind.change.__name__, *kind.change.model_json_schema().get("$defs", {})]
    }
    assert ours & theirs == set()
