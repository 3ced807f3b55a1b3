"""What is kept of an order in clear, and told of an erased one: its ids and amounts, and no customer."""

import json
from typing import Any

import pytest

from app import personal_data
from app.changes import KINDS
from app.config import parse
from app.orders.document import OrderCallback
from app.orders.impersonal import ids_and_amounts, impersonal
from app.orders.mapping import order_document
from tests.running import configuration


def texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(texts, value)) if value else set()
    return {value} if isinstance(value, str) else set()


@pytest.fixture
def customer(example: dict[str, Any]) -> set[str]:
    """All that VTEX's example says of people, places, payments and parcels; the store's name is no one's."""
    store = {example["hostname"], "delivery"}
    parts = ("clientProfileData", "shippingData", "paymentData", "packageAttachment", "invoiceData")
    said = texts({name: example.get(name) for name in parts} | {"mail": example["followUpEmail"]})
    return {word for word in said if len(word) > 5 and not word[0].isdigit() and word not in store}


def test_what_is_kept_of_an_order_says_nothing_of_its_customer(
    example: dict[str, Any], customer: set[str]
) -> None:
    whole = order_document(example, vtex_order=True)
    kept = ids_and_amounts(whole)
    assert any(word in json.dumps(whole, ensure_ascii=False) for word in customer)
    assert texts(kept) & customer == set()
    assert kept["order"]["id"] == example["orderId"]
    assert kept["order"]["total"] == whole["order"]["total"]
    assert [each["sku"] for each in kept["order"]["items"]] == [each["refId"] for each in example["items"]]
    assert ids_and_amounts(kept) == kept


def test_an_erased_order_is_told_in_the_same_shape_without_its_customer(
    example: dict[str, Any], customer: set[str]
) -> None:
    told = order_document(impersonal(example), vtex_order=True)
    assert texts(told) & customer == set()
    whole = order_document(example)
    assert told["order"].keys() == whole["order"].keys()
    assert ids_and_amounts(told) == ids_and_amounts(whole)
    OrderCallback.model_validate(told)


def test_an_order_without_anything_is_impersonal_too() -> None:
    told = order_document(impersonal({"orderId": "1-01", "status": "canceled", "items": None}))
    assert ids_and_amounts(told)["order"]["items"] == []


def test_every_fact_is_personal_and_keeps_fields_that_it_has() -> None:
    kept = personal_data.of(parse(configuration("sqlite:///bridge.db", "http://127.0.0.1:9"))).kept
    facts = [kind for kind in KINDS.values() if kind.fold is None]
    assert kept.keys() == {"order", "outcome", *(kind.name for kind in facts)}
    for kind in facts:
        assert kind.kept <= kind.change.model_fields.keys()
        assert kept[kind.name](kind.example)["order"] == kind.example["order"]
        # By it an erasure finds them.
        assert kind.target(kind.change.model_validate(kind.example)) == f"order:{kind.example['order']}"
