"""VTEX, API by API: what is not in order is told with its remedy; mended, it is in order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.database import Database
from app.doctor.findings import Finding, Result
from app.http.shared import Cause, Pause
from app.paces import SharedPaces
from tests.doctor.asking import Doctor
from tests.running import ACCOUNT, RunningSandbox, listening

#: The path, the check, and the resource by which License Manager knows it.
RESOURCES = [
    ("stockkeepingunitids", "SKU list", "SKUs"),
    ("productgetbyrefid", "products", "Product and SKU Management"),
    ("brand/list", "brands", "Brands Management"),
    ("category/tree", "categories", "Categories Management"),
    ("saleschannel/list", "trade policies", "View Product"),
    ("pricing/prices", "prices", "Read prices"),
    ("configuration/warehouses", "warehouses", "Logistics full access"),
    ("inventory/skus", "stock", "Logistics full access"),
    ("oms/pvt/orders$", "order list", "List Orders"),
    ("oms/pvt/orders/", "order", "View order"),
    ("feed/config", "feed", "Feed v3 and Hook Admin"),
    ("pvt/transactions", "payments", "View Payment Data"),
]


def unasked(found: dict[str, Finding]) -> set[str]:
    return {check for check, each in found.items() if each.result is Result.UNASKED}


@pytest.mark.parametrize(("path", "check", "resource"), RESOURCES)
async def test_a_resource_that_the_key_lacks_is_named(
    doctor: Doctor, path: str, check: str, resource: str
) -> None:
    await doctor.fault(path, 403)
    ill = await doctor.ill()
    assert list(ill) == [check]
    assert "lacks a permission (403)" in ill[check].said
    assert f"give its role the resource {resource}" in ill[check].remedy
    await doctor.mended()
    assert await doctor.ill() == {}


async def test_the_webservice_is_asked_where_it_is_the_catalogue(doctor: Doctor) -> None:
    soap = doctor.changed(vtex={"catalog": "webservice"})
    await doctor.fault("AdminWebService", 403)
    ill = await soap.ill()
    assert set(ill) == {"webservice", "brands", "categories"}
    assert "the resource WebService (an access profile)" in ill["webservice"].remedy
    await doctor.mended()
    found = await soap.found()
    assert {each.result for each in found.values()} == {Result.OK}
    assert "products" not in found


async def test_keys_that_vtex_refuses_are_named_and_nothing_more_is_asked(
    doctor: Doctor, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_APP_TOKEN", "canary-of-a-token")
    found = await doctor.found()
    keys = found["keys"]
    assert keys.result is Result.ILL
    assert "env:TEST_APP_KEY and env:TEST_APP_TOKEN (401)" in keys.said
    assert f"a key of the account {ACCOUNT} that is active" in keys.remedy
    assert {"SKU list", "prices", "order", "feed", "payments"} <= unasked(found)
    assert found["clock"].result is Result.OK
    journal = (await sandbox.client.get("/sandbox/journal")).json()
    assert [entry["status"] for entry in journal] == [401]
    monkeypatch.setenv("TEST_APP_TOKEN", "sandbox-token")
    assert (await doctor.found())["keys"].result is Result.OK


async def test_an_account_that_vtex_does_not_know_is_told(doctor: Doctor) -> None:
    await doctor.fault("/api/", 404)
    found = await doctor.found()
    assert "404" in found["SKU list"].said
    assert "check vtex.account" in found["SKU list"].remedy
    assert unasked(found) >= {"keys", "products", "order", "warehouses"}
    # It has an address of its own.
    assert found["prices"].result is Result.OK


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:9", "127.0.0.1 cannot be reached (it refuses connections)"),
        (
            "https://no-such-store.invalid",
            "no-such-store.invalid cannot be reached (DNS does not know its name)",
        ),
    ],
)
async def test_an_address_that_cannot_be_reached_is_told_once(doctor: Doctor, address: str, why: str) -> None:
    found = await doctor.changed(vtex={"rest_url": address}).found()
    assert found["SKU list"].said == why
    assert "vtex.rest_url" in found["SKU list"].remedy
    assert "network, DNS and proxy" in found["SKU list"].remedy
    assert found["products"].said == "not asked: VTEX's store cannot be reached"
    assert found["prices"].result is Result.OK


async def test_broken_tls_is_told(doctor: Doctor, sandbox: RunningSandbox) -> None:
    plain = sandbox.url.replace("http://", "https://")
    found = await doctor.changed(vtex={"rest_url": plain}).found()
    assert "cannot be reached (TLS failed" in found["SKU list"].said


@pytest.mark.parametrize(
    ("status", "body", "said", "remedy"),
    [
        (500, "", "failed with 500", "https://status.vtex.com"),
        (308, "", "redirects", "check vtex.account and vtex.pricing_url"),
        (200, "<html>", "something else than was asked for", "check vtex.account and vtex.pricing_url"),
        (400, "no", "refused it with 400: no", "check vtex.account and vtex.pricing_url"),
    ],
)
async def test_any_other_answer_is_told_with_where_to_look(
    doctor: Doctor, status: int, body: str, said: str, remedy: str
) -> None:
    await doctor.fault("pricing/prices", status, body)
    ill = await doctor.ill()
    assert list(ill) == ["prices"]
    assert said in ill["prices"].said
    assert remedy in ill["prices"].remedy
    await doctor.mended()
    assert await doctor.ill() == {}


async def test_no_question_holds_up_the_others_beyond_ten_seconds(doctor: Doctor) -> None:
    await doctor.fault("pricing|feed", 0, action="delay_before", seconds=11)
    began = monotonic()
    ill = await doctor.changed(vtex={"timeout_seconds": 30}).ill()
    assert monotonic() - began < 11
    assert set(ill) == {"prices", "feed"}
    assert "did not answer within 9 s" in ill["prices"].said


async def test_vtex_that_asks_to_slow_down_is_left_alone(doctor: Doctor) -> None:
    await doctor.fault("pricing/prices", 429, headers={"Retry-After": "30"})
    first = (await doctor.found())["prices"]
    assert (first.result, first.remedy) == (Result.UNASKED, "ask again later")
    # It asked for time: the next one does not even ask.
    await doctor.mended()
    second = (await doctor.found())["prices"]
    assert second.result is Result.UNASKED
    assert "is paused until" in second.said


async def test_the_quota_holds_for_it_too(doctor: Doctor, sandbox: RunningSandbox) -> None:
    tight = doctor.changed(vtex={"budgets": {"pricing_reads": {"per_minute": 1, "burst": 2}}})
    found = [(await tight.found())["prices"] for _ in range(4)]
    assert found[0].result is Result.OK
    assert found[-1].result is Result.UNASKED
    assert "the quota of 1 requests a minute (pricing reads) is used up" in found[-1].said
    journal = (await sandbox.client.get("/sandbox/journal")).json()
    asked = [entry for entry in journal if "/pricing/" in entry["path"]]
    assert len(asked) <= 2


@pytest.mark.parametrize("cause", [Cause.UNAUTHORIZED, Cause.FORBIDDEN, Cause.FAILING])
async def test_what_rests_for_another_reason_is_asked_at_once(doctor: Doctor, cause: Cause) -> None:
    """A person has just mended it, and wants to know."""
    database = Database(doctor.database_url)
    try:
        await SharedPaces(database).pause(Pause("acme", "vtex", cause, "failed", 0.0), 600)
        assert await doctor.ill() == {}
        assert unasked(await doctor.found()) == set()
        [left] = (await SharedPaces(database).standing()).pauses
    finally:
        await database.close()
    # The bridge finds out by its own probe.
    assert left.cause is cause


async def test_what_it_meets_stops_no_bridge(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment may have other keys than the bridge that runs."""
    await doctor.fault("pricing/prices", 403)
    await doctor.found()
    monkeypatch.setenv("TEST_APP_TOKEN", "of-another-account")
    await doctor.found()
    database = Database(doctor.database_url)
    try:
        assert (await SharedPaces(database).standing()).pauses == ()
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("path", "check", "said"),
    [
        ("configuration/warehouses", "warehouses", "no warehouse is active"),
        ("saleschannel/list", "trade policies", "no trade policy is active"),
    ],
)
async def test_a_store_without_any_cannot_sell(doctor: Doctor, path: str, check: str, said: str) -> None:
    await doctor.fault(path, 200, "[]")
    assert (await doctor.ill())[check].said == said
    await doctor.mended()
    assert (await doctor.found())[check].said.startswith("active: 1")


@pytest.mark.parametrize("catalog", ["rest", "webservice"])
async def test_express_defaults_must_be_in_vtex(doctor: Doctor, catalog: str) -> None:
    def with_defaults(**defaults: int) -> Doctor:
        return doctor.changed(vtex={"catalog": catalog, "mode": "express", "defaults": defaults})

    assert (await with_defaults(category_id=99, brand_id=1).ill())[
        "defaults"
    ].said == "VTEX has no category 99"
    brandless = (await with_defaults(category_id=1, brand_id=99).ill())["defaults"]
    assert brandless.said == "VTEX has no brand 99"
    assert "vtex.defaults.brand_id" in brandless.remedy
    assert (await with_defaults(category_id=1, brand_id=1).found())["defaults"].result is Result.OK


class LateClock:
    """The sandbox, with another time in its answers."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.off = timedelta()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = format_datetime(datetime.now(UTC) + self.off, usegmt=True)
                message["headers"] = [*message["headers"], (b"date", told.encode())]
            await send(message)

        await self._app(scope, receive, dated)


@pytest.fixture
async def late(sandbox: RunningSandbox) -> AsyncIterator[LateClock]:
    app = LateClock(sandbox.app)
    async with listening(app, date_header=False) as url:
        sandbox.url = url
        yield app


@pytest.mark.parametrize(("off", "words"), [(600, "600 s behind"), (-600, "600 s ahead of")])
async def test_a_clock_that_is_off_is_told(doctor: Doctor, late: LateClock, off: int, words: str) -> None:
    late.off = timedelta(seconds=off)
    [clock] = (await doctor.ill()).values()
    seconds, direction = words.split(" s ")
    told = clock.said.removeprefix("this machine's clock is ").split(" ")
    assert abs(int(told[0]) - int(seconds)) <= 1
    assert f" s {direction} VTEX's" in clock.said
    assert "NTP" in clock.remedy
    late.off = timedelta(seconds=30)
    assert (await doctor.found())["clock"].result is Result.OK


async def test_nothing_is_written(doctor: Doctor, sandbox: RunningSandbox) -> None:
    found = await doctor.found()
    assert {each.result for each in found.values()} == {Result.OK}
    assert await sandbox.effects() == []
    journal = (await sandbox.client.get("/sandbox/journal")).json()
    assert {entry["method"] for entry in journal} == {"GET"}
    assert await sandbox.received() == []
