"""The bearer key names the connection; what is no living key of a configured one is refused."""

import pytest
from sqlalchemy import text

from app.keys import PREFIX
from tests.api.intake import NOTHING, PRICE, Intake, bearer, problem


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("", "send the header `Authorization: Bearer <key>`"),
        ("Bearer", "send the header `Authorization: Bearer <key>`"),
        ("Bearer  ", "send the header `Authorization: Bearer <key>`"),
        ("Basic YWNtZTphY21l", "send the header `Authorization: Bearer <key>`"),
        (
            "Bearer evb_wrong",
            "this key is unknown, revoked or expired; make a new one with `bridge keys create",
        ),
        (
            "Bearer " + "x" * 5000,
            "this key is unknown, revoked or expired; make a new one with `bridge keys create",
        ),
    ],
    ids=lambda value: value[:20],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/changes/price"), ("GET", "/v1/events")])
async def test_a_request_without_a_valid_key_is_refused(
    intake: Intake, method: str, path: str, value: str, detail: str
) -> None:
    json = PRICE if method == "POST" else None
    answer = await intake.client.request(method, path, json=json, headers={"Authorization": value})
    assert problem(answer, "unauthorized")["detail"].startswith(detail)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await intake.stored() == NOTHING


async def test_a_key_of_another_case_is_refused(intake: Intake) -> None:
    problem(await intake.post("price", PRICE, **bearer(intake.other_key.swapcase())), "unauthorized")


async def test_the_key_of_a_connection_that_is_no_longer_configured_is_refused(intake: Intake) -> None:
    problem(await intake.post("price", PRICE, **bearer(intake.stray_key)), "unauthorized")
    assert await intake.stored() == NOTHING


async def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(intake: Intake) -> None:
    key = intake.other_key
    await intake.ids("price", PRICE, **bearer(key))
    assert await intake.keys.revoke(key[:10]) == 1
    problem(await intake.post("price", PRICE, **bearer(key)), "unauthorized")


async def test_a_revoked_key_leaves_the_others_valid(intake: Intake) -> None:
    second = await intake.keys.create("other")
    await intake.keys.revoke(intake.other_key[:10])
    assert len(await intake.ids("price", PRICE, **bearer(second))) == 1


async def test_a_whole_key_can_be_revoked(intake: Intake) -> None:
    assert await intake.keys.revoke(intake.other_key) == 1
    problem(await intake.post("price", PRICE, **bearer(intake.other_key)), "unauthorized")


@pytest.mark.parametrize("shown", ["", "e", PREFIX, "%", "evb______"])
async def test_a_beginning_that_many_keys_share_revokes_none(intake: Intake, shown: str) -> None:
    assert await intake.keys.revoke(shown) == 0


async def test_the_scheme_is_written_in_any_case(intake: Intake) -> None:
    key = intake.client.headers["authorization"].partition(" ")[2]
    assert len(await intake.ids("price", PRICE, Authorization=f"bearer {key}")) == 1


async def test_no_key_stands_in_the_database(intake: Intake) -> None:
    async with intake.store.database.read() as transaction:
        rows = (await transaction.execute(text("SELECT * FROM api_key"))).all()
    assert len(rows) == 3
    assert intake.other_key not in str(rows)
    assert intake.other_key[11:] not in str(rows)
