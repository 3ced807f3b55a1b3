"""Standard Webhooks signatures on changes: with the key or instead; what is not surely right is refused."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.api.auth import Authentication
from app.api.failures import Failures
from app.api.problems import Problem
from app.api.signatures import Signatures
from app.config import IntakeSettings
from app.database import Database
from app.keys import Keys, Scope
from tests.api.intake import NOTHING, PRICE, Intake, bearer, open_intake, problem
from tests.changes.steps import rotate

SECRET = "whsec_" + base64.b64encode(b"what the ERP signs its changes by").decode()
PREVIOUS = "whsec_" + base64.b64encode(b"what it signed them by until now").decode()
FOREIGN = "whsec_" + base64.b64encode(b"a secret of some other connection").decode()
BODY = json.dumps(PRICE).encode()
CANCELLATION = b'{"order": "1172452900788-01", "reason": "out of stock"}'


def signed(
    body: bytes = BODY, *, secret: str = SECRET, message: str = "msg_1", age: float = 0
) -> dict[str, str]:
    moment = datetime.now(UTC) - timedelta(seconds=age)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, moment, body.decode()),
    }


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SIGNATURE", SECRET)
    monkeypatch.setenv("TEST_SIGNATURE_BEFORE", PREVIOUS)


def required(how: str, **more: str) -> IntakeSettings:
    return IntakeSettings.model_validate({"require": how, "signature_secret": "env:TEST_SIGNATURE", **more})


def opened(url: str, **intake: IntakeSettings) -> Any:
    return open_intake(url, intake=intake, failures=Failures(10**6))


@pytest.fixture
async def signing(migrated_database_url: str) -> AsyncIterator[Intake]:
    """acme signs, with no key; other sends its key."""
    async with opened(migrated_database_url, acme=required("signature"), other=required("key")) as intake:
        del intake.client.headers["authorization"]
        yield intake


async def sent(intake: Intake, headers: dict[str, str], body: bytes = BODY, kind: str = "price") -> Any:
    return await intake.client.post(f"/v1/changes/{kind}", content=body, headers=headers)


async def test_a_signature_alone_is_enough_where_it_is_configured(signing: Intake) -> None:
    answer = await sent(signing, {"X-Bridge-Connection": "acme"} | signed())
    assert answer.status_code == 202, answer.text
    assert (await signing.stored())["event"] == 1


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_an_unsigned_change_is_refused_and_told_what_to_send(signing: Intake, missing: str) -> None:
    headers = {"X-Bridge-Connection": "acme"} | signed()
    del headers[missing]
    detail = problem(await sent(signing, headers), "unauthorized")["detail"]
    assert detail == "sign it: send the headers webhook-id, webhook-timestamp, webhook-signature"
    assert await signing.stored() == NOTHING


@pytest.mark.parametrize(
    ("name", "secret"),
    [("acme", FOREIGN), ("other", SECRET), ("stray", SECRET), ("nobody", SECRET), ("", SECRET)],
    ids=["wrong signature", "a connection that needs its key", "not configured", "unknown", "none"],
)
async def test_a_wrong_signature_and_an_unknown_connection_are_answered_alike(
    signing: Intake, name: str, secret: str
) -> None:
    answer = await sent(signing, {"X-Bridge-Connection": name} | signed(secret=secret))
    assert problem(answer, "unauthorized")["detail"] == (
        "the signature is refused: No matching signature found; sign webhook-id, webhook-timestamp (within"
        " five minutes) and the body by the connection's intake.signature_secret"
    )
    assert await signing.stored() == NOTHING


@pytest.mark.parametrize("age", [301, -302])
async def test_a_signature_of_another_hour_is_refused(signing: Intake, age: float) -> None:
    headers = {"X-Bridge-Connection": "acme"} | signed(age=age)
    detail = problem(await sent(signing, headers), "unauthorized")["detail"]
    assert f"timestamp too {'old' if age > 0 else 'new'}" in detail
    assert await signing.stored() == NOTHING


@pytest.mark.parametrize("age", [295, -295])
async def test_clocks_may_differ_by_five_minutes(signing: Intake, age: float) -> None:
    answer = await sent(signing, {"X-Bridge-Connection": "acme"} | signed(age=age))
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp"])
async def test_nothing_that_is_signed_can_be_changed(signing: Intake, changed: str) -> None:
    headers, body = {"X-Bridge-Connection": "acme"} | signed(), BODY
    if changed == "body":
        body = BODY.replace(b"110.00", b"1.00")
    else:
        headers[changed] = {"webhook-id": "msg_2", "webhook-timestamp": str(int(time.time()) + 1)}[changed]
    problem(await sent(signing, headers, body), "unauthorized")
    assert await signing.stored() == NOTHING


async def test_a_replay_repeats_the_first_answer_and_stores_nothing_more(signing: Intake) -> None:
    headers = {"X-Bridge-Connection": "acme"} | signed()
    first = await sent(signing, headers)
    again = [await sent(signing, headers) for _ in range(3)]
    assert [each.json() for each in again] == [first.json()] * 3
    assert (await signing.stored())["event"] == 1


async def test_an_id_that_was_used_for_another_body_is_refused(signing: Intake) -> None:
    assert (await sent(signing, {"X-Bridge-Connection": "acme"} | signed())).status_code == 202
    other = BODY.replace(b"110.00", b"1.00")
    answer = await sent(signing, {"X-Bridge-Connection": "acme"} | signed(other), other)
    problem(answer, "idempotency-conflict")


async def test_a_replay_to_another_kind_is_refused(signing: Intake) -> None:
    """The signature covers no path, and a denial's body can be a cancellation's."""
    headers = {"X-Bridge-Connection": "acme"} | signed(CANCELLATION)
    assert (await sent(signing, headers, CANCELLATION, "cancellation-denial")).status_code == 202
    problem(await sent(signing, headers, CANCELLATION, "cancellation"), "idempotency-conflict")
    assert (await signing.stored())["event"] == 1


async def test_an_idempotency_key_of_the_replayers_own_is_refused(signing: Intake) -> None:
    headers = {"X-Bridge-Connection": "acme"} | signed()
    assert (await sent(signing, headers)).status_code == 202
    answer = await sent(signing, headers | {"Idempotency-Key": "fresh"})
    assert "is not signed" in problem(answer, "invalid-request")["detail"]
    assert (await sent(signing, headers | {"Idempotency-Key": "msg_1"})).status_code == 202
    assert (await signing.stored())["event"] == 1


async def test_a_signature_opens_nothing_but_changes(signing: Intake) -> None:
    headers = {"X-Bridge-Connection": "acme"} | signed()
    problem(await signing.client.get("/v1/events", headers=headers), "unauthorized")


async def test_a_signature_holds_for_a_dry_run_too(migrated_sqlite_url: str) -> None:
    async def rehearse(connection: str, *_: Any) -> list[Any]:
        asked.append(connection)
        return []

    asked: list[str] = []
    async with open_intake(
        migrated_sqlite_url, intake={"acme": required("signature")}, rehearse=rehearse
    ) as intake:
        del intake.client.headers["authorization"]
        named = {"X-Bridge-Connection": "acme"}
        for headers, status in ((signed(secret=FOREIGN), 401), (signed(), 200)):
            answer = await intake.client.post(
                "/v1/changes/price?dry_run=true", content=BODY, headers=named | headers
            )
            assert answer.status_code == status
    assert asked == ["acme"]


async def test_where_both_are_required_neither_is_enough(migrated_database_url: str) -> None:
    async with opened(migrated_database_url, acme=required("both"), other=required("both")) as intake:
        key = intake.client.headers.pop("authorization")
        for headers in (
            {"Authorization": key},
            {"Authorization": key} | signed(secret=FOREIGN),
            {"X-Bridge-Connection": "acme"} | signed(),
        ):
            problem(await sent(intake, headers), "unauthorized")
        assert await intake.stored() == NOTHING
        assert (await sent(intake, {"Authorization": key} | signed())).status_code == 202


async def test_a_signature_does_not_give_a_key_the_scope_that_it_lacks(migrated_sqlite_url: str) -> None:
    async with opened(migrated_sqlite_url, acme=required("both")) as intake:
        key = await intake.keys.create("acme", scopes=[Scope.EVENTS_READ])
        problem(await sent(intake, bearer(key) | signed()), "forbidden")


async def test_without_the_requirement_a_signature_is_not_looked_at(migrated_sqlite_url: str) -> None:
    async with opened(migrated_sqlite_url, acme=required("key")) as intake:
        assert (await sent(intake, signed(secret=FOREIGN))).status_code == 202


async def test_during_a_rotation_either_secret_is_good(migrated_sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(FOREIGN)
    rotating = required(
        "signature", signature_secret=f"file:{file}", signature_secret_previous="env:TEST_SIGNATURE_BEFORE"
    )
    async with opened(migrated_sqlite_url, acme=rotating) as intake:
        del intake.client.headers["authorization"]
        named = {"X-Bridge-Connection": "acme"}
        for number, (secret, status) in enumerate([(FOREIGN, 202), (PREVIOUS, 202), (SECRET, 401)]):
            headers = named | signed(secret=secret, message=f"msg_{number}")
            assert (await sent(intake, headers)).status_code == status
        # Without a restart; a file that is away hides no other, and one that signs nothing opens nothing.
        rotate(file, SECRET)
        assert (await sent(intake, named | signed(message="msg_4"))).status_code == 202
        file.write_text("no secret at all")
        assert (await sent(intake, named | signed(message="msg_5"))).status_code == 401
        file.unlink()
        headers = named | signed(secret=PREVIOUS, message="msg_6")
        assert (await sent(intake, headers)).status_code == 202
        problem(await sent(intake, named | signed(message="msg_7")), "unauthorized")


_TEXT = st.text(st.characters(max_codepoint=255), max_size=80)
_PART = st.one_of(
    st.sampled_from(["v1", "v1,", ",", " ", "v1,,", "v1a,", "v1,AAAA", "=", "nan", "inf", "-1", "1e308"]),
    _TEXT,
)
_SIGNATURE = st.lists(_PART, max_size=4).map(" ".join)


@given(
    st.fixed_dictionaries({}, optional={"webhook-id": _TEXT, "webhook-timestamp": _PART}),
    _SIGNATURE,
    st.one_of(st.just(BODY), st.binary(max_size=60)),
    st.sampled_from(["acme", "nobody"]),
)
@example({}, "v1,é", BODY, "acme")
@example({"webhook-timestamp": "nan"}, "v1,AAAA", BODY, "acme")
@example({}, "v1,AAAA", b"\xff", "acme")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_in_place_of_a_signature_is_refused(
    changed: dict[str, str], signature: str, body: bytes, name: str
) -> None:
    headers = {"x-bridge-connection": name} | signed() | changed | {"webhook-signature": signature}
    with pytest.raises(Problem) as refused:
        admitted({key.encode(): value.encode("latin-1") for key, value in headers.items()}, body)
    assert refused.value.slug == "unauthorized"


@given(st.binary(max_size=200).filter(lambda body: body != BODY))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_good_signature_is_good_for_no_other_body(body: bytes) -> None:
    headers = {key.encode(): value.encode() for key, value in signed().items()}
    headers[b"x-bridge-connection"] = b"acme"
    assert admitted(headers, BODY) == "acme"
    with pytest.raises(Problem):
        admitted(headers, body)


def admitted(headers: dict[bytes, bytes], body: bytes) -> str:
    """By signature alone no database is asked."""
    authentication = Authentication(
        Keys(Database("sqlite+aiosqlite:///never-opened.db")),
        {"acme"},
        Signatures({"acme": required("signature")}),
        Failures(10**6),
    )
    sender = asyncio.run(authentication.sender(headers, {}))
    return authentication.sent(sender, headers, body, {})
