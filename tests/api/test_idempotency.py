"""The same request again is stored once; an Idempotency-Key belongs to one connection and one route."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.intake import CHANGES, PRICE, STOCK, Intake, bearer, open_intake, problem

ONE = {"event": 1, "lane": 1, "idempotency_key": 1}
HEADERS = pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])


@HEADERS
async def test_another_body_under_the_same_key_is_a_conflict(intake: Intake, header: str) -> None:
    await intake.ids("price", PRICE, **{header: "k"})
    answer = await intake.post("price", {**PRICE, "base": "1.00"}, **{header: "k"})
    detail = "this Idempotency-Key was used for another body; use a new key for a new body"
    assert problem(answer, "idempotency-conflict")["detail"] == detail
    assert await intake.stored() == ONE


async def test_a_body_that_differs_only_in_blanks_is_a_conflict(intake: Intake) -> None:
    body = b'{"sku":"1","base":1}'
    assert (await intake.post_raw("price", body, Idempotency_Key="k")).status_code == 202
    answer = await intake.post_raw("price", body + b"\n", Idempotency_Key="k")
    problem(answer, "idempotency-conflict")


@HEADERS
async def test_the_same_request_repeats_the_first_answer(intake: Intake, header: str) -> None:
    changes = [PRICE, {**PRICE, "sku": "2"}]
    first = await intake.post("price", changes, **{header: "k"})
    again = await intake.post("price", changes, **{header: "k"})
    assert (again.status_code, again.content) == (202, first.content)
    assert await intake.stored() == {"event": 2, "lane": 2, "idempotency_key": 1}


async def test_twenty_at_once_are_stored_once(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.post("price", PRICE, Idempotency_Key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert await intake.stored() == ONE


async def test_of_different_bodies_at_once_one_is_accepted(intake: Intake) -> None:
    bodies = [{**PRICE, "base": f"{number}.00"} for number in range(1, 11)]
    answers = await asyncio.gather(*(intake.post("price", body, Idempotency_Key="k") for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert await intake.stored() == ONE


async def test_two_replicas_store_it_once(intake_on_postgres: Intake, migrated_postgres_url: str) -> None:
    async with open_intake(migrated_postgres_url) as replica:
        answers = await asyncio.gather(
            *(each.post("price", PRICE, Idempotency_Key="k") for each in [intake_on_postgres, replica] * 10)
        )
    assert len({answer.content for answer in answers}) == 1
    assert await intake_on_postgres.stored() == ONE


async def test_without_a_key_each_request_is_stored(intake: Intake) -> None:
    first, second = await intake.ids("price", PRICE), await intake.ids("price", PRICE)
    assert first != second
    assert await intake.stored() == {"event": 2, "lane": 1, "idempotency_key": 0}


async def test_a_key_of_another_kind_is_another_key(intake: Intake) -> None:
    for kind, change in CHANGES.items():
        await intake.ids(kind, change, Idempotency_Key="k")
    assert (await intake.stored())["event"] == len(CHANGES)


async def test_a_key_of_another_connection_is_another_key(intake: Intake) -> None:
    mine = await intake.ids("price", PRICE, Idempotency_Key="k")
    theirs = await intake.ids(
        "price", {**PRICE, "base": "7"}, Idempotency_Key="k", **bearer(intake.other_key)
    )
    assert mine != theirs
    assert await intake.stored() == {"event": 2, "lane": 2, "idempotency_key": 2}


async def test_the_idempotency_key_goes_before_the_webhook_id(intake: Intake) -> None:
    first = await intake.ids("price", PRICE, Idempotency_Key="a", webhook_id="b")
    assert await intake.ids("price", PRICE, Idempotency_Key="a", webhook_id="c") == first
    assert await intake.ids("price", PRICE, webhook_id="b") != first


async def test_a_refused_request_does_not_use_its_key_up(intake: Intake) -> None:
    refused = await intake.post("stock", {**STOCK, "quantity": -1}, Idempotency_Key="k")
    problem(refused, "invalid-change")
    await intake.ids("stock", STOCK, Idempotency_Key="k")
    assert await intake.stored() == ONE


async def test_a_conflict_leaves_the_first_answer_standing(intake: Intake) -> None:
    first = await intake.ids("price", PRICE, Idempotency_Key="k")
    problem(await intake.post("price", {**PRICE, "base": "2"}, Idempotency_Key="k"), "idempotency-conflict")
    assert await intake.ids("price", PRICE, Idempotency_Key="k") == first


@pytest.mark.parametrize(("after", "events"), [(timedelta(days=7), 1), (timedelta(days=7, seconds=1), 2)])
async def test_a_key_is_forgotten_after_seven_days(
    migrated_database_url: str, after: timedelta, events: int
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    async with open_intake(migrated_database_url, clock=lambda: now) as intake:
        await intake.ids("price", PRICE, Idempotency_Key="k")
        now += after
        await intake.ids("price", PRICE, Idempotency_Key="k")
        assert await intake.stored() == {"event": events, "lane": 1, "idempotency_key": 1}


async def test_a_forgotten_key_takes_another_body_and_holds_it(migrated_database_url: str) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    async with open_intake(migrated_database_url, clock=lambda: now) as intake:
        await intake.ids("price", PRICE, Idempotency_Key="k")
        now += timedelta(days=8)
        second = await intake.ids("price", {**PRICE, "base": "2"}, Idempotency_Key="k")
        now += timedelta(days=6)
        assert await intake.ids("price", {**PRICE, "base": "2"}, Idempotency_Key="k") == second
        problem(await intake.post("price", PRICE, Idempotency_Key="k"), "idempotency-conflict")
