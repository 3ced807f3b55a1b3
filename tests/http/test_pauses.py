"""Pauses and breakers at the door, against a real server; the database is shared by two processes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.database import Database
from app.errors import DatabaseUnavailable, DeliveryError, Forbidden, Paused, Retry, Throttled, Unauthorized
from app.http.bucket import Quota
from app.http.door import Door, Outgoing
from app.http.gate import Breaking, Gate
from app.http.limits import Limits
from app.paces import SharedPaces
from app.vtex.answers import judge
from tests.http.conftest import to
from tests.http.wire import Wire
from tests.processes import free_port
from tests.running import until

BREAKING = Breaking(failures=3, base_seconds=0.4, cap_seconds=0.8)
FRESH_SECONDS = 1.1


class Process:
    """A process's own door, on the shared database."""

    def __init__(self, database_url: str, limits: Limits | None = None) -> None:
        self.database = Database(database_url)
        self.gate = Gate(SharedPaces(self.database), limits or Limits(), BREAKING)
        self.door = Door(self.gate)

    async def close(self) -> None:
        await self.door.close()
        await self.database.close()


@pytest.fixture
async def process(migrated_database_url: str) -> AsyncIterator[Process]:
    opened = Process(migrated_database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other(migrated_database_url: str) -> AsyncIterator[Process]:
    opened = Process(migrated_database_url)
    yield opened
    await opened.close()


def asking(
    wire: Wire,
    path: str,
    *,
    api: str = "pricing",
    operation: str = "write",
    connection: str = "acme",
    method: str = "GET",
) -> Outgoing:
    return replace(
        to(f"{wire.url}{path}", timeout=2),
        connection=connection,
        api=api,
        operation=operation,
        method=method,
        judge=partial(judge, api=api, operation=operation),
    )


async def fails(process: Process, request: Outgoing) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await process.door.send(request)
    return raised.value


async def broken(process: Process, wire: Wire) -> None:
    for _ in range(BREAKING.failures):
        assert type(await fails(process, asking(wire, "/says/500"))) is Retry


async def test_an_api_that_fails_in_a_row_is_left_alone(process: Process, wire: Wire) -> None:
    await broken(process, wire)
    asked = len(wire.requests)
    error = await fails(process, asking(wire, "/ok"))
    assert isinstance(error, Paused)
    assert "VTEX pricing is paused until" in error.reason
    assert error.reason.endswith("UTC: it answered 500 3 times in a row")
    assert timedelta(0) < error.after <= timedelta(seconds=BREAKING.base_seconds)
    assert len(wire.requests) == asked
    assert process.gate.held() == {("acme", "pricing")}


async def test_a_success_between_failures_keeps_it_open(process: Process, wire: Wire) -> None:
    for _ in range(BREAKING.failures):
        await fails(process, asking(wire, "/says/500"))
        await process.door.send(asking(wire, "/ok"))
    assert process.gate.held() == frozenset()


async def test_reads_that_work_do_not_hide_writes_that_fail(process: Process, wire: Wire) -> None:
    for _ in range(BREAKING.failures):
        await process.door.send(asking(wire, "/ok", operation="read"))
        await fails(process, asking(wire, "/says/500"))
    assert process.gate.held() == {("acme", "pricing")}


@pytest.mark.parametrize("status", [400, 404, 409, 423])
async def test_a_healthy_no_is_no_failure(process: Process, wire: Wire, status: int) -> None:
    for _ in range(BREAKING.failures):
        assert not isinstance(await fails(process, asking(wire, f"/says/{status}")), Paused)
    assert (await process.door.send(asking(wire, "/ok"))).text == "ok"


async def test_an_address_that_nobody_answers_at_counts_as_failing(process: Process, wire: Wire) -> None:
    nobody = replace(asking(wire, "/"), url=f"http://127.0.0.1:{free_port()}/")
    for _ in range(BREAKING.failures):
        await fails(process, nobody)
    assert "it did not answer 3 times in a row" in (await fails(process, nobody)).reason


async def test_other_apis_and_other_connections_go_on(process: Process, wire: Wire) -> None:
    await broken(process, wire)
    assert (await process.door.send(asking(wire, "/ok", api="logistics"))).text == "ok"
    assert (await process.door.send(asking(wire, "/ok", connection="beta"))).text == "ok"


async def test_another_process_knows_of_the_pause(process: Process, other: Process, wire: Wire) -> None:
    await broken(process, wire)
    assert isinstance(await fails(other, asking(wire, "/ok")), Paused)


async def test_one_probe_over_all_processes_ends_the_pause(
    process: Process, other: Process, wire: Wire
) -> None:
    await broken(process, wire)
    await asyncio.sleep(BREAKING.base_seconds + 0.1)
    asked = len(wire.requests)
    request = asking(wire, "/slow")
    answers = await asyncio.gather(
        *(each.door.send(request) for each in (process, other) for _ in range(5)), return_exceptions=True
    )
    assert len(wire.requests) == asked + 1
    assert sum(isinstance(answer, Paused) for answer in answers) == 9
    assert (await process.door.send(asking(wire, "/ok"))).text == "ok"
    await asyncio.sleep(FRESH_SECONDS)
    assert (await other.door.send(asking(wire, "/ok"))).text == "ok"


async def test_a_failed_probe_doubles_the_pause_up_to_its_cap(process: Process, wire: Wire) -> None:
    await broken(process, wire)
    pauses: list[float] = []
    for _ in range(3):
        await asyncio.sleep((pauses[-1] if pauses else BREAKING.base_seconds) + 0.1)
        assert type(await fails(process, asking(wire, "/says/500"))) is Retry
        error = await fails(process, asking(wire, "/ok"))
        assert isinstance(error, Paused)
        pauses.append(error.after.total_seconds())
    assert pauses == pytest.approx([0.8, 0.8, 0.8], abs=0.15)


async def test_a_throttled_api_rests_as_long_as_it_says(process: Process, other: Process, wire: Wire) -> None:
    assert isinstance(await fails(process, asking(wire, "/says/429?retry-after=1")), Throttled)
    for each in (process, other):
        error = await fails(each, asking(wire, "/ok"))
        assert isinstance(error, Paused)
        assert "it asked to slow down (429)" in error.reason
    await asyncio.sleep(1.1)
    answers = await asyncio.gather(*(process.door.send(asking(wire, "/ok")) for _ in range(3)))
    assert [answer.text for answer in answers] == ["ok"] * 3


async def test_503_with_retry_after_is_a_pause(process: Process, wire: Wire) -> None:
    await fails(process, asking(wire, "/says/503?retry-after=30"))
    error = await fails(process, asking(wire, "/ok"))
    assert isinstance(error, Paused)
    assert timedelta(seconds=28) < error.after <= timedelta(seconds=30)


async def test_refused_keys_pause_all_of_vtex_and_not_the_erp(process: Process, wire: Wire) -> None:
    assert type(await fails(process, asking(wire, "/says/401"))) is Unauthorized
    error = await fails(process, asking(wire, "/ok", api="logistics"))
    assert isinstance(error, Paused)
    assert "VTEX is paused until" in error.reason
    assert error.reason.endswith("it refused the keys (401)")
    assert (await process.door.send(asking(wire, "/ok", api="erp"))).text == "ok"
    assert (await process.door.send(asking(wire, "/ok", connection="beta"))).text == "ok"


async def test_a_missing_permission_pauses_its_operation_alone(process: Process, wire: Wire) -> None:
    assert type(await fails(process, asking(wire, "/says/403"))) is Forbidden
    error = await fails(process, asking(wire, "/ok"))
    assert isinstance(error, Paused)
    assert "VTEX pricing (write) is paused" in error.reason
    assert "lacks a permission (403)" in error.reason
    assert (await process.door.send(asking(wire, "/ok", operation="read"))).text == "ok"


async def test_a_429_of_an_api_without_a_published_quota_slows_it_down(process: Process, wire: Wire) -> None:
    await asyncio.gather(*(process.door.send(asking(wire, "/ok", api="logistics")) for _ in range(20)))
    await fails(process, asking(wire, "/says/429?retry-after=0", api="logistics"))
    started = asyncio.get_running_loop().time()
    paused = 0
    for _ in range(6):
        try:
            await process.door.send(asking(wire, "/ok", api="logistics"))
        except Paused:
            paused += 1
    assert paused or asyncio.get_running_loop().time() - started > 0.5


async def test_a_quota_that_is_used_up_is_said_so(migrated_database_url: str, wire: Wire) -> None:
    slow = Limits({"acme": {"pricing writes": Quota(6, 2)}})
    process = Process(migrated_database_url, slow)
    answers = await asyncio.gather(
        *(process.door.send(asking(wire, "/ok", method="PUT")) for _ in range(5)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, Paused)]
    assert refused
    assert "the quota of 6 requests a minute (pricing writes) is used up until" in refused[0].reason
    assert len(wire.requests) == 5 - len(refused) <= 2
    await process.close()


async def test_without_the_database_nothing_goes_out(postgres_url: str, wire: Wire) -> None:
    """Its schema is missing: quotas cannot be kept, and the outcome could not be written either."""
    process = Process(postgres_url)
    with pytest.raises(DatabaseUnavailable):
        await process.door.send(asking(wire, "/ok"))
    assert wire.requests == []
    await process.close()


async def test_a_request_that_is_given_up_leaves_its_token_to_others(
    migrated_database_url: str, wire: Wire
) -> None:
    process = Process(migrated_database_url, Limits({"acme": {"pricing writes": Quota(120, 2)}}))
    request = asking(wire, "/ok", method="PUT")
    waiting = [asyncio.create_task(process.door.send(request)) for _ in range(3)]
    await until(lambda: len(wire.requests) == 1, "the first went out")
    for task in waiting[1:]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await process.door.send(request)).text == "ok"
    assert len(wire.requests) == 2
    await process.close()
