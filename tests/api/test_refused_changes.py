"""A change that is not valid: 422, the field and the fix named, nothing stored."""

from typing import Any

import pytest

from tests.api.intake import CHANGES, INVOICE, NOTHING, PRICE, Intake, mistakes

#: Kind, what is wrong with its change, the pointer, and the fix as the integrator reads it.
MISTAKES: list[tuple[str, dict[str, Any], str, str]] = [
    ("price", {"base": 0}, "/base", "base must be greater than 0"),
    ("price", {"base": "-1.00"}, "/base", "base must be greater than 0"),
    ("price", {"base": "1.234"}, "/base", "base must have at most 2 decimals"),
    ("price", {"base": 110.001}, "/base", "base must have at most 2 decimals"),
    ("price", {"base": "1" * 19}, "/base", "base must have at most 18 digits"),
    ("price", {"base": True}, "/base", 'base must be a number, such as 110.00 or "110.00"'),
    ("price", {"base": "1,10"}, "/base", 'base must be a number, such as 110.00 or "110.00"'),
    ("price", {"base": None}, "/base", 'base must be a number, such as 110.00 or "110.00"'),
    ("price", {"base": "NaN"}, "/base", "base must be a finite number"),
    ("price", {"markup": -1}, "/markup", "markup must be at least 0"),
    ("price", {"sku": ""}, "/sku", "sku must not be empty"),
    ("price", {"sku": "  "}, "/sku", "sku must not be empty"),
    ("price", {"sku": "1" * 51}, "/sku", "sku must have at most 50 characters"),
    ("price", {"sku": 123}, "/sku", "sku must be text in quotes"),
    ("price", {"sku": "a\x00b"}, "/sku", "sku must not contain the NUL character"),
    ("price", {"price": 1}, "/price", "price is no field here; the fields are sku, base, cost, markup,"),
    ("price", {"a/b~c": 1}, "/a~1b~0c", "a/b~c is no field here; the fields are sku,"),
    ("price", {"cost": 1, "markup": 1}, "", "send at most two of base, cost and markup"),
    ("price", {"fixed_prices": {}}, "/fixed_prices", "fixed_prices must be an array"),
    ("price", {"fixed_prices": [7]}, "/fixed_prices/0", "fixed_prices[0] must be an object"),
    (
        "price",
        {"fixed_prices": [{"trade_policy": "1", "value": 1, "valor": 1}]},
        "/fixed_prices/0/valor",
        "valor is no field here; the fields are trade_policy, value, list_price,",
    ),
    (
        "price",
        {"fixed_prices": [{"trade_policy": "1", "value": 1, "starts_at": "2026-11-27T00:00:00"}]},
        "/fixed_prices/0/starts_at",
        "starts_at must be a date and time with its zone, such as 2026-01-31T10:00:00Z",
    ),
    ("stock", {"quantity": -1}, "/quantity", "quantity must be at least 0"),
    ("stock", {"quantity": 2**31}, "/quantity", "quantity must be at most 2147483647"),
    ("stock", {"quantity": 10**30}, "/quantity", "quantity must be at most 2147483647"),
    ("stock", {"quantity": 2.5}, "/quantity", "quantity must be a whole number, such as 25"),
    ("stock", {"quantity": "25"}, "/quantity", "quantity must be a whole number, such as 25"),
    ("stock", {"quantity": True}, "/quantity", "quantity must be a whole number, such as 25"),
    ("stock", {"quantity": None}, "/quantity", "quantity must be a whole number, such as 25"),
    ("stock", {"unlimited": "yes"}, "/unlimited", "unlimited must be true or false"),
    ("stock", {"unlimited": 1}, "/unlimited", "unlimited must be true or false"),
    (
        "stock",
        {"warehouse": "1 1"},
        "/warehouse",
        "warehouse must be 1 to 100 characters long, of letters, digits, _, . and -",
    ),
    ("sku", {"eans": ["789"]}, "/eans/0", "eans[0] must be 8 to 14 characters long, of digits"),
    ("sku", {"eans": ["78912345", "78912345"]}, "/eans", "eans holds an EAN twice"),
    ("sku", {"eans": "78912345"}, "/eans", "eans must be an array"),
    ("sku", {"weight": 0}, "/weight", "weight must be greater than 0"),
    ("sku", {"measurement_unit": "pound"}, "/measurement_unit", "measurement_unit must be 'un', 'kg', 'g'"),
    ("product", {"name": ""}, "/name", "name must not be empty"),
    ("product", {"name": "x" * 151}, "/name", "name must have at most 150 characters"),
    ("product", {"description": "a\x00b"}, "/description", "description must not contain the NUL"),
    ("product", {"brand_id": 0}, "/brand_id", "brand_id must be greater than 0"),
    ("product", {"release_date": 5}, "/release_date", "release_date must be a date and time"),
    ("invoice", {"number": "1/2"}, "/number", "number must be 1 to 50 characters long, of letters"),
    ("invoice", {"order": "a b"}, "/order", "order must be 1 to 100 characters long"),
    ("invoice", {"type": "return"}, "/type", "type must be 'output' or 'input'"),
    ("invoice", {"items": []}, "/items", "items must not be empty"),
    ("invoice", {"issued_at": "2026-11-23T10:00:00"}, "/issued_at", "issued_at must be a date and time with"),
    ("invoice", {"issued_at": "yesterday"}, "/issued_at", "issued_at must be a date and time with its zone"),
    ("invoice", {"url": "nfe.example.com"}, "/url", "url must be a complete address, such as https://"),
    ("invoice", {"url": "ftp://nfe.example.com"}, "/url", "url must begin with http:// or https://"),
    (
        "invoice",
        {"items": [*INVOICE["items"], {"sku": "1", "quantity": 0, "price": 1}]},
        "/items/1/quantity",
        "quantity must be at least 1",
    ),
    (
        "invoice",
        {"items": [{"sku": "1", "quantity": 1, "price": 1, "total": 1}]},
        "/items/0/total",
        "total is no field here; the fields are price, sku, vtex_sku_id, quantity",
    ),
]


@pytest.mark.parametrize(("kind", "wrong", "pointer", "fix"), MISTAKES, ids=lambda value: str(value)[:40])
async def test_a_mistake_is_named_with_its_place_and_its_fix(
    intake_on_sqlite: Intake, kind: str, wrong: dict[str, Any], pointer: str, fix: str
) -> None:
    answer = await intake_on_sqlite.post(kind, {**CHANGES[kind], **wrong})
    found = mistakes(answer)
    assert list(found) == [pointer]
    assert found[pointer].startswith(fix)
    assert answer.json()["detail"].startswith("nothing was stored; ")
    assert await intake_on_sqlite.stored() == NOTHING


@pytest.mark.parametrize(
    ("kind", "field"), [("price", "sku"), ("stock", "quantity"), ("stock", "warehouse"), ("invoice", "items")]
)
async def test_a_missing_field_is_named(intake_on_sqlite: Intake, kind: str, field: str) -> None:
    change = {name: value for name, value in CHANGES[kind].items() if name != field}
    answer = await intake_on_sqlite.post(kind, change)
    assert mistakes(answer) == {f"/{field}": f"{field} is required; add it"}


async def test_a_change_that_says_nothing_is_refused(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("price", {"sku": "00123456"})
    assert mistakes(answer)[""].startswith("name at least one of base, cost, markup, list_price")


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
async def test_a_number_that_is_none_is_refused(intake_on_sqlite: Intake, word: bytes) -> None:
    answer = await intake_on_sqlite.post_raw("price", b'{"sku": "1", "base": %s}' % word)
    assert mistakes(answer) == {"/base": "base must be a finite number"}


async def test_every_mistake_of_a_change_is_listed(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("stock", {"quantity": -1, "warehouse": "", "colour": "red"})
    assert set(mistakes(answer)) == {"/sku", "/warehouse", "/quantity", "/colour"}
    assert "(and 3 more)" in answer.json()["detail"]


async def test_an_array_is_refused_whole_with_the_index_of_each_mistake(intake: Intake) -> None:
    changes = [{**PRICE, "sku": str(number)} for number in range(300)]
    changes[7]["base"] = "-1"
    changes[298]["base"] = "1.001"
    answer = await intake.post("price", changes, Idempotency_Key="k")
    assert mistakes(answer) == {
        "/7/base": "base must be greater than 0",
        "/298/base": "base must have at most 2 decimals",
    }
    assert await intake.stored() == NOTHING


async def test_at_most_a_hundred_mistakes_are_listed_and_all_are_counted(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("price", [{"sku": "1", "base": 0}] * 150)
    assert len(mistakes(answer)) == 100
    assert "(and 149 more)" in answer.json()["detail"]


async def test_an_array_of_an_array_is_refused(intake_on_sqlite: Intake) -> None:
    assert mistakes(await intake_on_sqlite.post("price", [[PRICE]])) == {
        "/0": "each price change must be an object"
    }


@pytest.mark.parametrize("body", [b"7", b'"text"', b"null", b"true"])
async def test_a_body_that_is_no_object_is_refused(intake_on_sqlite: Intake, body: bytes) -> None:
    answer = await intake_on_sqlite.post_raw("price", body)
    assert mistakes(answer) == {"": "each price change must be an object"}


async def test_an_empty_array_is_refused(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("price", [], Idempotency_Key="k")
    assert mistakes(answer) == {"": "the array is empty; send at least one change"}
    assert await intake_on_sqlite.stored() == NOTHING


async def test_more_than_a_thousand_changes_at_once_are_refused(intake_on_sqlite: Intake) -> None:
    answer = await intake_on_sqlite.post("price", [PRICE] * 1001)
    assert mistakes(answer) == {"": "the array has 1001 changes; send at most 1000 at once"}
    assert await intake_on_sqlite.stored() == NOTHING
