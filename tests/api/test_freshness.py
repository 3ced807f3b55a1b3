"""occurred_at and version on their way in: what is accepted of them, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.intake import CHANGES, INVOICE, NOTHING, STOCK, Intake, mistakes, open_intake

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STATES = sorted(set(CHANGES) - {"invoice"})


def ahead(**duration: float) -> dict[str, Any]:
    return {"occurred_at": (NOW + timedelta(**duration)).isoformat()}


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("fresh", [{"occurred_at": "2026-05-01T10:00:00-03:00"}, {"version": 0}], ids=str)
async def test_a_state_says_when_and_the_event_shows_it(
    intake: Intake, kind: str, fresh: dict[str, Any]
) -> None:
    [event_id] = await intake.ids(kind, CHANGES[kind] | fresh)
    event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert event["payload"] == CHANGES[kind] | fresh
    entity = (await intake.client.get(f"/v1/entities/{kind}/{event['key']}")).json()
    assert entity["desired"] == CHANGES[kind]


@pytest.mark.parametrize("field", ["occurred_at", "version"])
async def test_a_fact_has_no_freshness(intake_on_sqlite: Intake, field: str) -> None:
    answer = await intake_on_sqlite.post("invoice", INVOICE | {field: 1})
    assert mistakes(answer)[f"/{field}"].startswith(f"{field} is no field here")


@pytest.mark.parametrize(
    ("fresh", "pointer", "fix"),
    [
        (
            {"occurred_at": "2026-05-01T10:00:00Z", "version": 1},
            "",
            "send occurred_at or version, one of them",
        ),
        (
            {"occurred_at": "2026-05-01T10:00:00"},
            "/occurred_at",
            "occurred_at must be a date and time with its zone",
        ),
        ({"occurred_at": None}, "/occurred_at", "occurred_at must be a date and time with its zone"),
        ({"occurred_at": 1780000000}, "/occurred_at", "occurred_at must be a date and time with its zone"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at", "occurred_at must be at least 1970"),
        ({"version": -1}, "/version", "version must be at least 0"),
        ({"version": 2**63}, "/version", "version must be at most 9223372036854775807"),
        ({"version": "7"}, "/version", "version must be a whole number"),
        ({"version": None}, "/version", "version must be a whole number"),
    ],
    ids=str,
)
async def test_a_mistake_in_it_is_named(
    intake_on_sqlite: Intake, fresh: dict[str, Any], pointer: str, fix: str
) -> None:
    found = mistakes(await intake_on_sqlite.post("stock", STOCK | fresh))
    assert list(found) == [pointer]
    assert found[pointer].startswith(fix)
    assert await intake_on_sqlite.stored() == NOTHING


async def test_the_future_is_refused_with_the_index_and_both_clocks(migrated_sqlite_url: str) -> None:
    async with open_intake(migrated_sqlite_url, clock=lambda: NOW) as intake:
        changes = [STOCK | ahead(minutes=5), STOCK | ahead(minutes=5, microseconds=1), STOCK | ahead(hours=3)]
        found = mistakes(await intake.post("stock", changes))
        fix = (
            "ahead of our clock (2026-06-01T12:00:00Z), at most 5 minutes are accepted; check the ERP's clock"
        )
        assert found["/1/occurred_at"].startswith(f"occurred_at is 5 minutes {fix}")
        assert found["/2/occurred_at"].startswith(f"occurred_at is 3 hours {fix}")
        assert len(found) == 2
        assert await intake.stored() == NOTHING
        assert set(mistakes(await intake.post("stock", changes[2]))) == {"/occurred_at"}
        assert (await intake.post("stock", changes[0])).status_code == 202


async def test_a_change_that_came_too_late_says_so(intake: Intake) -> None:
    ids = await intake.ids("stock", [STOCK | {"version": 2}, STOCK | {"version": 1, "quantity": 7}])
    event = (await intake.client.get(f"/v1/events/{ids[1]}")).json()
    assert (event["status"], event["number"]) == ("superseded", 2)
    assert event["why"] == "what it says was said anew in version 2, before it came"
    entity = (await intake.client.get("/v1/entities/stock/00123456@1_1")).json()
    assert entity["pending"]["id"] == ids[0]


async def test_the_flag_of_the_desired_state_is_no_field_of_a_change(intake_on_sqlite: Intake) -> None:
    change = {"sku": "1", "fixed_prices": [], "fixed_prices_exactly": True}
    assert set(mistakes(await intake_on_sqlite.post("price", change))) == {"/fixed_prices_exactly"}
