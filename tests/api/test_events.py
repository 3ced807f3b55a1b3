"""What became of a change, asked for at /v1/events and /v1/entities."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.changes import KINDS
from app.queue.lanes import AttemptRecord, Outcome
from app.queue.models import Status
from tests.api.intake import INVOICE, PRICE, STOCK, Intake, bearer, open_intake, problem

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)
CALL = {"method": "GET", "path": "/api/catalog", "status": 503, "ms": 12, "answer": "busy"}


async def attempt(intake: Intake, status: Status, **how: Any) -> None:
    """One attempt of all that is due, ending so."""
    for claim in await intake.store.claim(50, lease=LEASE):
        record = AttemptRecord(NOW, 12, [CALL])
        assert await intake.store.record(Outcome(claim, status, attempt=record, **how))


async def listed(intake: Intake, owner: str | None = None, /, **query: Any) -> list[dict[str, Any]]:
    answer = await intake.client.get("/v1/events", params=query, headers=bearer(owner) if owner else None)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events


async def test_an_unknown_event_is_not_found(intake: Intake) -> None:
    unknown = uuid4()
    for answer in (
        await intake.client.get(f"/v1/events/{unknown}"),
        await intake.client.post(f"/v1/events/{unknown}/replay"),
    ):
        assert problem(answer, "not-found")["detail"] == f"this connection has no event {unknown}"


async def test_an_entity_that_was_never_told_is_not_found(intake: Intake) -> None:
    answer = await intake.client.get("/v1/entities/price/unknown")
    detail = "nothing was ever accepted for price unknown on this connection"
    assert problem(answer, "not-found")["detail"] == detail


async def test_nothing_of_another_connection_is_seen(intake: Intake) -> None:
    [event_id] = await intake.ids("price", PRICE)
    other = bearer(intake.other_key)
    for method, path in (
        ("GET", f"/v1/events/{event_id}"),
        ("POST", f"/v1/events/{event_id}/replay"),
        ("GET", "/v1/entities/price/00123456"),
    ):
        problem(await intake.client.request(method, path, headers=other), "not-found")
    assert await listed(intake, intake.other_key) == []
    assert len(await listed(intake)) == 1


async def test_the_same_code_of_two_connections_is_two_entities(intake: Intake) -> None:
    await intake.ids("price", PRICE)
    await intake.ids("price", {"sku": "00123456", "base": "7.00"}, **bearer(intake.other_key))
    path = "/v1/entities/price/00123456"
    mine = (await intake.client.get(path)).json()
    theirs = (await intake.client.get(path, headers=bearer(intake.other_key))).json()
    assert (mine["desired"]["base"], theirs["desired"]["base"]) == ("110.00", "7.00")


async def test_events_are_listed_newest_first(intake: Intake) -> None:
    ids = [
        event_id
        for quantity in range(5)
        for event_id in await intake.ids("stock", {**STOCK, "quantity": quantity})
    ]
    assert [event["id"] for event in await listed(intake)] == ids[::-1]


async def test_events_are_found_by_kind_and_key(intake: Intake) -> None:
    await intake.ids("price", [PRICE, {**PRICE, "sku": "2"}])
    await intake.ids("stock", {**STOCK, "sku": "2"})
    await intake.ids("invoice", INVOICE)
    assert [event["key"] for event in await listed(intake, kind="price")] == ["2", "00123456"]
    assert [event["kind"] for event in await listed(intake, key="2@1_1")] == ["stock"]
    assert len(await listed(intake, kind="price", key="2")) == 1
    assert await listed(intake, kind="stock", key="2") == []
    [invoice] = await listed(intake, key="1172452900788-01/24382")
    assert invoice["kind"] == "invoice"


@pytest.mark.parametrize(
    "status", [Status.ACCEPTED, Status.WAITING, Status.RETRYING, Status.DELIVERED, Status.FAILED]
)
async def test_events_are_found_by_status(intake: Intake, status: Status) -> None:
    [wanted] = await intake.ids("price", PRICE)
    due = {"due_at": datetime.now(UTC) + LEASE} if status in {Status.WAITING, Status.RETRYING} else {}
    if status is not Status.ACCEPTED:
        await attempt(intake, status, **due)
    [other] = await intake.ids("price", {**PRICE, "sku": "2"})
    if status is Status.ACCEPTED:
        claims = await intake.store.claim(50, lease=LEASE)
        [claim] = [claim for claim in claims if str(claim.event_id) == other]
        await intake.store.record(Outcome(claim, Status.DELIVERED))
    assert [event["id"] for event in await listed(intake, status=str(status))] == [wanted]


async def test_older_changes_are_listed_as_superseded(intake: Intake) -> None:
    older, _ = await intake.ids("price", [PRICE, {**PRICE, "base": "2"}])
    await attempt(intake, Status.DELIVERED)
    assert [event["id"] for event in await listed(intake, status="superseded")] == [older]


async def test_events_are_found_since_a_moment_whatever_its_zone(migrated_database_url: str) -> None:
    now = NOW
    async with open_intake(migrated_database_url, clock=lambda: now) as intake:
        await intake.ids("price", PRICE)
        now += timedelta(hours=1)
        [newer] = await intake.ids("price", PRICE)
        for moment in ("2026-11-23T13:00:00Z", "2026-11-23T10:00:00-03:00", "2026-11-23T12:00:01Z"):
            assert [event["id"] for event in await listed(intake, since=moment)] == [newer]
        assert await listed(intake, since="2026-11-23T13:00:01Z") == []
        assert len(await listed(intake, since="2026-11-23T12:00:00Z")) == 2


@pytest.mark.parametrize("status", ["", "accepted"])
async def test_paging_has_no_gap_no_repeat_and_an_end(intake: Intake, status: str) -> None:
    ids = await intake.ids("price", [{**PRICE, "sku": f"S{number}"} for number in range(30)])
    pages, query = [], {"limit": "10"} | ({"status": status} if status else {})
    while True:
        page = (await intake.client.get("/v1/events", params=query)).json()
        pages.append([event["id"] for event in page["events"]])
        # What arrives meanwhile belongs to no later page.
        await intake.ids("price", {**PRICE, "sku": f"NEW-{len(pages)}"})
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert [len(page) for page in pages] == [10, 10, 10]
    assert [event_id for page in pages for event_id in page] == ids[::-1]


async def test_a_waiting_event_says_why_since_when_and_what_next(migrated_database_url: str) -> None:
    now = NOW
    async with open_intake(migrated_database_url, clock=lambda: now) as intake:
        [event_id] = await intake.ids("price", PRICE)
        now += timedelta(seconds=5)
        why = "SKU 00123456 is not in VTEX yet"
        due = now + timedelta(minutes=5)
        await attempt(intake, Status.WAITING, reason=why, due_at=due, waiting_on=("sku", "00123456"))
        event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    told = f"{why}; sku 00123456 was never sent to this connection"
    assert (event["status"], event["why"]) == ("waiting", told)
    assert event["since"] == "2026-11-23T12:00:05Z"
    assert event["next_attempt_at"] == "2026-11-23T12:05:05Z"
    assert event["next"].startswith("send sku 00123456, or make it in VTEX")
    assert event["finished_at"] is None


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.FAILED, "; sku 00123456 failed itself: VTEX refused it"),
        (Status.WAITING, "; sku 00123456 is waiting itself: VTEX refused it"),
        (Status.RETRYING, "; sku 00123456 is retrying itself: VTEX refused it"),
        (Status.UNCHANGED, ""),
    ],
)
async def test_a_waiting_event_says_how_the_awaited_is_doing(
    intake: Intake, status: Status, told: str
) -> None:
    due = datetime.now(UTC) + LEASE
    [event_id] = await intake.ids("price", PRICE)
    await attempt(intake, Status.WAITING, reason="no SKU", due_at=due, waiting_on=("sku", "00123456"))
    await intake.ids("sku", {"code": "00123456", "name": "Blue, M"})
    later = {"due_at": due} if status in {Status.WAITING, Status.RETRYING} else {}
    await attempt(intake, status, reason="VTEX refused it", **later)
    event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert (event["status"], event["why"]) == ("waiting", f"no SKU{told}")
    if status is Status.FAILED:
        assert event["next"] == "mend sku 00123456: this is sent as soon as that is there"


async def test_a_fact_names_the_one_that_it_stands_behind(intake: Intake) -> None:
    [first] = await intake.ids("invoice", INVOICE)
    [second] = await intake.ids("invoice", {**INVOICE, "courier": "another"})
    await attempt(intake, Status.RETRYING, reason="VTEX is busy", due_at=datetime.now(UTC) + LEASE)
    event = (await intake.client.get(f"/v1/events/{second}")).json()
    assert (event["status"], event["why"]) == (
        "accepted",
        f"it stands behind event {first} of the same invoice",
    )
    assert event["next"] == "it is sent when that one has ended"


async def test_refused_keys_ask_for_a_person(intake: Intake) -> None:
    [event_id] = await intake.ids("price", PRICE)
    due, refused = datetime.now(UTC) + LEASE, "VTEX refused the app key"
    await attempt(intake, Status.RETRYING, reason=refused, reason_class="unauthorized", due_at=due)
    event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert event["next"].startswith("mend that: it goes on by itself")


async def test_an_unknown_kind_is_named_with_the_known_ones(intake: Intake) -> None:
    answer = problem(await intake.client.get("/v1/events?kind=prices"), "invalid-request")
    assert answer["detail"] == "kind must be one of " + ", ".join(
        [*KINDS, "order", "start-handling", "outcome"]
    )
    answer = problem(await intake.client.get("/v1/entities/prices/1"), "unknown-kind")
    assert answer["detail"].endswith(
        "the kinds are " + ", ".join([*KINDS, "order", "start-handling", "outcome"])
    )


async def test_an_entity_shows_its_newest_change_if_that_failed(intake: Intake) -> None:
    path = "/v1/entities/price/00123456"
    await intake.ids("price", PRICE)
    await attempt(intake, Status.DELIVERED)
    assert (await intake.client.get(path)).json()["failed"] is None
    [newer] = await intake.ids("price", {"sku": "00123456", "list_price": "150.00"})
    await attempt(intake, Status.FAILED, reason="VTEX refused it")
    entity = (await intake.client.get(path)).json()
    assert (entity["pending"], entity["failed"]["id"], entity["failed"]["why"]) == (
        None,
        newer,
        "VTEX refused it",
    )


async def test_an_entity_shows_an_older_event_that_was_replayed_as_pending(intake: Intake) -> None:
    [older] = await intake.ids("price", PRICE)
    await attempt(intake, Status.DELIVERED)
    await intake.ids("price", {**PRICE, "base": "2"})
    await attempt(intake, Status.DELIVERED)
    await intake.client.post(f"/v1/events/{older}/replay")
    entity = (await intake.client.get("/v1/entities/price/00123456")).json()
    assert entity["pending"]["id"] == older


async def test_a_failed_event_says_why_since_when_and_what_to_do(migrated_database_url: str) -> None:
    async with open_intake(migrated_database_url, clock=lambda: NOW) as intake:
        [event_id] = await intake.ids("price", PRICE)
        await attempt(intake, Status.FAILED, reason="VTEX refused it")
        event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert (event["status"], event["why"], event["next_attempt_at"]) == ("failed", "VTEX refused it", None)
    assert event["since"] == event["finished_at"] == "2026-11-23T12:00:00Z"
    assert "/replay" in event["next"]


async def test_an_event_shows_every_attempt_with_its_calls(intake: Intake) -> None:
    [event_id] = await intake.ids("invoice", INVOICE)
    past = datetime.now(UTC) - LEASE
    await attempt(intake, Status.RETRYING, reason="VTEX is busy", due_at=past)
    await attempt(intake, Status.DELIVERED)
    event = (await intake.client.get(f"/v1/events/{event_id}")).json()
    assert [each["outcome"] for each in event["attempts"]] == ["retrying", "delivered"]
    assert event["attempts"][0] == {
        "started_at": "2026-11-23T12:00:00Z",
        "duration_ms": 12,
        "outcome": "retrying",
        "reason": "VTEX is busy",
        "calls": [CALL],
    }
    assert (event["status"], event["why"], event["next"]) == ("delivered", None, None)


async def test_an_entity_shows_what_is_wanted_and_what_vtex_acknowledged(intake: Intake) -> None:
    await intake.ids("price", PRICE)
    await attempt(intake, Status.DELIVERED)
    [newer] = await intake.ids("price", {"sku": "00123456", "list_price": "150.00"})
    entity = (await intake.client.get("/v1/entities/price/00123456")).json()
    assert entity["desired"] == {**PRICE, "list_price": "150.00"}
    assert entity["acknowledged"] == PRICE
    assert entity["acknowledged_at"].endswith("Z")
    assert entity["pending"]["id"] == newer
    await attempt(intake, Status.DELIVERED)
    assert (await intake.client.get("/v1/entities/price/00123456")).json()["pending"] is None


async def test_an_entity_with_a_slash_in_its_key_is_found(intake: Intake) -> None:
    await intake.ids("invoice", INVOICE)
    for key in ("1172452900788-01/24382", "1172452900788-01%2F24382"):
        entity = (await intake.client.get(f"/v1/entities/invoice/{key}")).json()
        assert (entity["key"], entity["desired"]) == ("1172452900788-01/24382", None)
        assert entity["pending"]["status"] == "accepted"


async def test_replaying_a_state_sends_what_is_wanted_today(intake: Intake) -> None:
    [old] = await intake.ids("price", PRICE)
    await attempt(intake, Status.DELIVERED)
    await intake.ids("price", {**PRICE, "base": "2.00"})
    await attempt(intake, Status.DELIVERED)
    answer = await intake.client.post(f"/v1/events/{old}/replay")
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    [claim] = await intake.store.claim(1, lease=LEASE)
    assert claim.payload["base"] == "2.00"
    assert claim.acknowledged is None


async def test_replaying_a_failed_fact_makes_it_due(intake: Intake) -> None:
    [event_id] = await intake.ids("invoice", INVOICE)
    await attempt(intake, Status.FAILED, reason="no such order")
    answer = (await intake.client.post(f"/v1/events/{event_id}/replay")).json()
    assert (answer["id"], answer["status"], answer["why"]) == (event_id, "accepted", None)
    [claim] = await intake.store.claim(1, lease=LEASE)
    assert str(claim.event_id) == event_id


async def test_replays_at_once_make_it_due_once(intake: Intake) -> None:
    [event_id] = await intake.ids("invoice", INVOICE)
    await attempt(intake, Status.FAILED, reason="no such order")
    answers = await asyncio.gather(*(intake.client.post(f"/v1/events/{event_id}/replay") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await intake.store.claim(50, lease=LEASE)) == 1
