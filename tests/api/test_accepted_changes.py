"""What a 202 says, and arrays: accepted whole, in order, folded entity by entity."""

import pytest

from tests.api.intake import CHANGES, PRICE, STOCK, Intake


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("product", "1234567890"),
        ("sku", "00123456"),
        ("price", "00123456"),
        ("stock", "00123456@1_1"),
        ("invoice", "1172452900788-01/24382"),
    ],
)
async def test_the_answer_names_the_event_and_its_entity(intake: Intake, kind: str, key: str) -> None:
    answer = await intake.post(kind, CHANGES[kind])
    assert answer.headers["content-type"] == "application/json"
    [event] = answer.json()["events"]
    assert event == {"id": event["id"], "kind": kind, "key": key, "status": "accepted"}
    stored = (await intake.client.get(f"/v1/events/{event['id']}")).json()
    assert (stored["key"], stored["payload"], stored["number"]) == (key, CHANGES[kind], 1)
    assert stored["attempts"] == []


async def test_decimals_are_kept_to_the_last_digit(intake: Intake) -> None:
    [event_id] = await intake.ids("price", {"sku": "1", "base": "1234567890123456.78", "cost": 110.1})
    payload = (await intake.client.get(f"/v1/events/{event_id}")).json()["payload"]
    assert payload == {"sku": "1", "base": "1234567890123456.78", "cost": "110.1"}


async def test_a_thousand_changes_are_accepted_whole_and_in_order(intake: Intake) -> None:
    changes = [{**STOCK, "sku": f"SKU-{number}", "quantity": number} for number in range(1000)]
    answer = await intake.post("stock", changes, Idempotency_Key="k")
    events = answer.json()["events"]
    assert [event["key"] for event in events] == [f"SKU-{number}@1_1" for number in range(1000)]
    ids = [event["id"] for event in events]
    assert ids == sorted(ids)
    assert await intake.stored() == {"event": 1000, "lane": 1000, "idempotency_key": 1}


async def test_two_changes_of_one_entity_in_an_array_follow_each_other_and_fold(intake: Intake) -> None:
    changes = [
        {"sku": "1", "base": "10.00", "list_price": "20.00"},
        PRICE,
        {"sku": "1", "base": "11.00"},
        {"sku": "1", "list_price": None},
    ]
    ids = await intake.ids("price", changes)
    numbers = [(await intake.client.get(f"/v1/events/{each}")).json()["number"] for each in ids]
    assert numbers == [1, 1, 2, 3]
    entity = (await intake.client.get("/v1/entities/price/1")).json()
    assert entity["desired"] == {"sku": "1", "base": "11.00", "list_price": None}


async def test_a_later_array_goes_on_counting_and_folding(intake: Intake) -> None:
    await intake.ids("stock", [STOCK, {**STOCK, "quantity": 1, "unlimited": True}])
    [third] = await intake.ids("stock", {**STOCK, "quantity": 7})
    assert (await intake.client.get(f"/v1/events/{third}")).json()["number"] == 3
    entity = (await intake.client.get("/v1/entities/stock/00123456@1_1")).json()
    assert entity["desired"] == {**STOCK, "quantity": 7, "unlimited": True}
