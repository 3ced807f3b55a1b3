"""The feed, the hook and the ERP's callback: whose they are, and whether they can be reached."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.config import Settings, parse
from app.doctor.examining import examine
from app.doctor.findings import Finding, Result
from tests.changes.steps import as_staff
from tests.doctor.asking import Doctor
from tests.orders.erp import Erp
from tests.orders.steps import REPORTED
from tests.processes import free_port
from tests.running import CALLBACK_SECRET, RunningSandbox, configuration, listening, running_bridge, until

FEED, HOOK = "/api/orders/feed/config", "/api/orders/hook/config"
SECRET = "canary-of-a-hook-secret"
PATH = "/v1/vtex/hook/orders"


@pytest.fixture(autouse=True)
def _hook_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_HOOK_SECRET", SECRET)


def feed_of(statuses: list[str]) -> dict[str, Any]:
    queue = {"visibilityTimeoutInSeconds": 240, "MessageRetentionPeriodInSeconds": 1_209_600}
    return {"filter": {"type": "FromWorkflow", "status": statuses}, "queue": queue}


async def test_a_foreign_feed_is_told_with_what_take_over_does(
    doctor: Doctor, sandbox: RunningSandbox
) -> None:
    await as_staff(sandbox, "POST", FEED, feed_of(["invoiced"]))
    feed = (await doctor.ill())["feed"]
    assert "not ours (type FromWorkflow, statuses ['invoiced'])" in feed.said
    assert "orders.take_over = true: then the poller replaces it" in feed.remedy
    taking = (await doctor.changed(orders={"take_over": True}).found())["feed"]
    assert taking.result is Result.OK
    assert "the poller replaces it when it runs" in taking.said


async def test_without_a_feed_the_poller_makes_it(doctor: Doctor) -> None:
    feed = (await doctor.found())["feed"]
    assert (feed.result, feed.said) == (Result.OK, "there is none yet; the poller makes it when it runs")


async def test_our_feed_is_known_as_ours(doctor: Doctor, sandbox: RunningSandbox) -> None:
    await as_staff(sandbox, "POST", FEED, feed_of(REPORTED))
    assert (await doctor.found())["feed"].said == "ours; nothing waits in it"


@dataclass
class Listener:
    """What VTEX would find at the hook's address."""

    status: int = 200
    url: str = ""
    heard: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        assert headers[b"key"] == SECRET.encode()
        self.heard = (await receive())["body"]
        await Response(status_code=self.status)(scope, receive, send)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    async with listening(listener) as url:
        listener.url = url
        yield listener


def hooked(doctor: Doctor, url: str, **others: Any) -> Doctor:
    hook = {"sources": ["hook"], "hook_url": f"{url}{PATH}", "hook_secret": "env:TEST_HOOK_SECRET"}
    return doctor.changed(orders=hook | others)


async def test_a_foreign_hook_is_told_without_its_address(
    doctor: Doctor, sandbox: RunningSandbox, listener: Listener
) -> None:
    hook = {"url": f"{listener.url}/canary-of-a-path", "headers": {"key": SECRET}}
    body = {"filter": {"type": "FromWorkflow", "status": ["invoiced"]}, "hook": hook}
    await as_staff(sandbox, "POST", HOOK, body)
    ill = await hooked(doctor, listener.url).ill()
    assert list(ill) == ["hook"]
    assert ill["hook"].said == "this app key has one that is not ours, to 127.0.0.1"
    assert "orders.take_over = true" in ill["hook"].remedy
    assert "hook" not in await hooked(doctor, listener.url, take_over=True).ill()


async def test_a_permission_for_the_hook_is_told_by_its_name(doctor: Doctor, listener: Listener) -> None:
    await doctor.fault("hook/config", 403)
    ill = await hooked(doctor, listener.url).ill()
    assert "Feed v3 and Hook Admin" in ill["hook"].remedy
    await doctor.mended()
    hook = (await hooked(doctor, listener.url).found())["hook"]
    assert hook.said == "there is none yet; the poller makes it when it runs"


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "does not know orders.hook_secret (401)"), (404, "it answers 404 to VTEX's ping")],
)
async def test_a_hook_address_that_does_not_say_200_is_told(
    doctor: Doctor, listener: Listener, status: int, said: str
) -> None:
    listener.status = status
    address = (await hooked(doctor, listener.url).ill())["hook address"]
    assert said in address.said
    assert "orders.hook_url" in address.remedy
    assert json.loads(listener.heard) == {"hookConfig": "ping"}


async def test_a_hook_address_where_nobody_listens_is_told(doctor: Doctor) -> None:
    address = (await hooked(doctor, "http://127.0.0.1:9").ill())["hook address"]
    assert "it refuses connections" in address.said
    assert "check orders.hook_url" in address.remedy


async def test_the_hook_of_a_bridge_that_runs_is_in_order(
    doctor: Doctor, sandbox: RunningSandbox, migrated_sqlite_url: str
) -> None:
    port = free_port()
    asking = hooked(doctor, f"http://127.0.0.1:{port}")
    async with running_bridge(
        migrated_sqlite_url, sandbox.url, server={"port": port}, orders=asking.changes["orders"]
    ):

        async def registered() -> bool:
            return bool(await sandbox.effects("hook.configured"))

        await until(registered, "the hook is registered")
        found = await asking.found()
    assert found["hook"].said == "ours"
    assert found["hook address"].said == "the bridge answers there"


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    listener = Erp()
    async with listening(listener) as url:
        listener.url = url
        yield listener


def called(doctor: Doctor, url: str) -> Doctor:
    return doctor.changed(erp={"callback_url": f"{url}/canary-of-a-path?token=canary-of-a-query"})


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:9", "127.0.0.1:9 cannot be reached (it refuses connections)"),
        (
            "https://no-such-erp.invalid",
            "no-such-erp.invalid:443 cannot be reached (DNS does not know its name)",
        ),
    ],
)
async def test_a_callback_that_cannot_be_reached_is_told(doctor: Doctor, address: str, why: str) -> None:
    ill = await called(doctor, address).ill()
    assert list(ill) == ["callback"]
    assert ill["callback"].said == why
    assert "check erp.callback_url" in ill["callback"].remedy


async def test_a_proxy_that_is_away_is_told_without_its_password(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary-of-a-password@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    store = doctor.changed(vtex={"pricing_url": "https://api.invalid/store"})
    ill = await called(store, "https://erp.invalid").ill()
    why = "(it refuses connections)"
    assert ill["callback"].said == f"127.0.0.1:9, the proxy of the environment, cannot be reached {why}"
    away = "api.invalid cannot be reached (the proxy of the environment: it refuses connections)"
    assert ill["prices"].said == away


async def test_a_callback_whose_tls_fails_is_told(doctor: Doctor, erp: Erp) -> None:
    callback = (await called(doctor, erp.url.replace("http:", "https:")).ill())["callback"]
    assert "cannot be reached (TLS failed" in callback.said


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("", "is empty"), ("whsec_canary", "must be whsec_ and base64 of 24 to 64")],
)
async def test_a_callback_secret_that_went_since_the_start_is_told(
    doctor: Doctor, sandbox: RunningSandbox, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(CALLBACK_SECRET)
    erp = {"callback_secret": f"file:{file}"}
    settings = parse(configuration(doctor.database_url, sandbox.url, erp=erp))
    assert await secrets_of(settings) == Finding("callback secrets", connection="acme")
    file.unlink() if content is None else file.write_text(content)
    found = await secrets_of(settings)
    assert found.result is Result.ILL
    assert said in found.said
    assert f"file:{file}" in found.remedy + found.said
    assert "canary" not in found.said + found.remedy


async def secrets_of(settings: Settings) -> Finding:
    findings = await examine(settings, ["acme"], send_test=False)
    return next(each for each in findings if each.check == "callback secrets")


async def test_without_being_asked_nothing_is_posted_to_the_erp(doctor: Doctor, erp: Erp) -> None:
    callback = (await called(doctor, erp.url).found())["callback"]
    assert callback.result is Result.OK
    assert "can be reached" in callback.said
    assert "--send-test" in callback.said
    assert erp.callbacks == []


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        (401, "refuses our signature (401)", "the same secret"),
        (403, "refuses our signature (403)", "the same secret"),
        (404, "nobody takes callbacks there (404)", "check erp.callback_url"),
        (410, "nobody takes callbacks there (410)", "check erp.callback_url"),
        (308, "redirects (308)", "set erp.callback_url"),
        (502, "the ERP is away (502)", "start it"),
        (503, "the ERP is away (503)", "start it"),
    ],
)
async def test_an_erp_that_does_not_take_a_signed_ping_is_told(
    doctor: Doctor, erp: Erp, status: int, said: str, remedy: str
) -> None:
    erp.answers_with(status)
    asking = called(doctor, erp.url)
    ill = await asking.ill(send_test=True)
    assert list(ill) == ["callback test"]
    assert said in ill["callback test"].said
    assert remedy in ill["callback test"].remedy
    assert await asking.ill(send_test=True) == {}


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_an_erp_that_finds_a_ping_odd_can_be_reached_nevertheless(
    doctor: Doctor, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    test = (await called(doctor, erp.url).found(send_test=True))["callback test"]
    assert test.result is Result.OK
    assert f"answered {status} to a ping, which is no order" in test.said


async def test_a_ping_is_signed_and_has_no_order(doctor: Doctor, erp: Erp) -> None:
    test = (await called(doctor, erp.url).found(send_test=True))["callback test"]
    assert test.said == "the ERP took a signed ping (200)"
    [callback] = erp.callbacks
    body = callback.verified()
    assert body.keys() == {"type", "connection", "sent_at"}
    assert (body["type"], body["connection"]) == ("ping", "acme")
    assert callback.id.startswith("ping_")


async def test_the_sandbox_takes_a_ping_for_no_order(doctor: Doctor, sandbox: RunningSandbox) -> None:
    assert await doctor.ill(send_test=True) == {}
    erp = (await sandbox.client.get("/sandbox/erp")).json()
    assert (erp["pings"], erp["received"]) == (1, [])


async def test_without_an_erp_neither_feed_nor_callback_is_asked_for(
    sandbox: RunningSandbox, migrated_sqlite_url: str
) -> None:
    content = configuration(migrated_sqlite_url, sandbox.url)
    del content["connections"]["acme"]["erp"], content["connections"]["acme"]["orders"]
    checks = {each.check for each in await examine(parse(content), ["acme"], send_test=True)}
    # The ERP may tell of invoices all the same.
    assert "order" in checks
    assert checks.isdisjoint({"feed", "hook", "order list", "callback", "callback test", "payments"})
