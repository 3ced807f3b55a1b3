"""What the ERP's answers mean; the callback is signed anew at each try, its body never changes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.config import ErpSettings
from app.erp.callback import Callback
from app.errors import DeliveryError, Refused, Retry, Throttled, Unauthorized
from app.http.door import Door, begin_trace
from tests.changes.steps import rotate
from tests.orders.erp import Erp
from tests.running import CALLBACK_SECRET, listening

BODY = {"type": "order.ready-for-handling", "order": {"id": "1-01", "name": "João 😀", "total": "119.90"}}
OTHER_SECRET = "whsec_" + "b3RoZXItY2FsbGJhY2stc2VjcmV0LTMyLWJ5dGVzISE="


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    listener = Erp()
    async with listening(listener) as url:
        listener.url = url
        yield listener


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "callback-secret"
    file.write_text(f"{CALLBACK_SECRET}\n")
    return file


@pytest.fixture
async def callback(erp: Erp, secret: Path) -> AsyncIterator[Callback]:
    door = Door()
    # As pydantic reads it from the configuration file.
    settings = {"callback_url": f"{erp.url}/orders", "callback_secret": f"file:{secret}"}
    yield Callback(door, "acme", ErpSettings.model_validate(settings))
    await door.close()


async def failure(callback: Callback) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await callback.send("msg_1", BODY)
    return raised.value


@pytest.mark.parametrize("status", [300, 308])
async def test_a_redirect_is_a_wrong_address(callback: Callback, erp: Erp, status: int) -> None:
    erp.answers_with(status)
    error = await failure(callback)
    assert type(error) is Retry
    assert error.reason == f"the ERP redirects ({status}); correct erp.callback_url"


@pytest.mark.parametrize("status", [404, 405, 408, 421, 425, 500, 502, 504])
async def test_it_is_told_again_where_the_moment_or_the_address_was_wrong(
    callback: Callback, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    error = await failure(callback)
    assert type(error) is Retry
    assert error.reason == f"the ERP answered {status}; its answer stands in the attempt"


@pytest.mark.parametrize("status", [400, 402, 406, 415, 418, 422, 451, 499])
async def test_an_order_that_the_erp_refuses_is_a_persons_matter(
    callback: Callback, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    error = await failure(callback)
    assert isinstance(error, Refused)
    assert error.reason.startswith(f"the ERP refused it ({status}), its answer stands in the attempt")
    assert error.reason.endswith("mend the cause there, then replay")


async def test_an_order_that_is_too_large_is_a_persons_matter(callback: Callback, erp: Erp) -> None:
    erp.answers_with(413)
    error = await failure(callback)
    assert isinstance(error, Refused)
    assert "let it take more, then replay" in error.reason


@pytest.mark.parametrize("status", [308, 400, 401, 403, 410, 429, 500, 503])
async def test_the_reason_has_no_word_of_the_answer_and_the_attempt_has_it(
    callback: Callback, erp: Erp, status: int
) -> None:
    erp.answers_with(status)
    erp.echoes = True
    calls = begin_trace()
    error = await failure(callback)
    assert "João" not in error.reason
    assert ("João" in str(calls)) is (status >= 400)


async def test_410_ends_it_and_says_what_to_do(callback: Callback, erp: Erp) -> None:
    erp.answers_with(410)
    error = await failure(callback)
    assert isinstance(error, Refused)
    assert error.reason.startswith("the ERP wants no more callbacks (410)")
    assert error.reason.endswith("replay when it does")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_signature_is_a_persons_matter(callback: Callback, erp: Erp, status: int) -> None:
    erp.answers_with(status)
    assert isinstance(await failure(callback), Unauthorized)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("\xb2", None), ("soon", None), ("9" * 40, 24 * 3600)]
)
async def test_retry_after_is_read_with_care(
    callback: Callback, erp: Erp, value: str, seconds: int | None
) -> None:
    erp.answers_with(429, retry_after=value)
    error = await failure(callback)
    assert isinstance(error, Throttled)
    assert error.after == (None if seconds is None else timedelta(seconds=seconds))


async def test_a_secret_that_cannot_be_read_is_named(callback: Callback, erp: Erp, secret: Path) -> None:
    rotate(secret, None)
    error = await failure(callback)
    assert isinstance(error, Unauthorized)
    assert f"file:{secret}" in error.reason
    assert erp.callbacks == []


@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ('{"erp_order_ref": "PED-1"}', "PED-1"),
        ('{"erp_order_ref": " PED-1\\u0000 ", "more": 1}', "PED-1"),
        ('{"erp_order_ref": 4711}', "4711"),
        ('{"erp_order_ref": null}', None),
        ('{"erp_order_ref": true}', None),
        ('{"erp_order_ref": ""}', None),
        ('{"erp_order_ref": {"number": 1}}', None),
        (f'{{"erp_order_ref": "{"9" * 256}"}}', None),
        ('["PED-1"]', None),
        ("", None),
        ("stored, thank you", None),
        ("\xff", None),
        ("[" * 100_000, None),
    ],
)
async def test_a_yes_may_say_the_erps_own_number_and_is_a_yes_whatever_it_says(
    callback: Callback, erp: Erp, status: int, said: str, reference: str | None
) -> None:
    erp.answers_with(status)
    erp.says = said.encode("latin-1")
    assert await callback.send("msg_1", BODY) == reference


@pytest.mark.parametrize("status", [200, 201, 202, 204, 409])
async def test_it_is_done_when_the_erp_has_it(callback: Callback, erp: Erp, status: int) -> None:
    erp.answers_with(status)
    await callback.send("msg_1", BODY)
    assert len(erp.callbacks) == 1


async def test_the_body_has_the_same_bytes_whatever_the_order_of_its_members(
    callback: Callback, erp: Erp
) -> None:
    await callback.send("msg_1", BODY)
    await callback.send("msg_1", dict(reversed(BODY.items())))
    assert erp.callbacks[0].raw == erp.callbacks[1].raw
    assert erp.callbacks[0].verified() == BODY


@pytest.mark.parametrize("written", ["no base64!", "whsec_c2hvcnQ=", "short"])
async def test_a_secret_that_cannot_sign_sends_nothing_and_is_named(
    callback: Callback, erp: Erp, secret: Path, written: str
) -> None:
    rotate(secret, written)
    error = await failure(callback)
    assert isinstance(error, Unauthorized)
    assert error.reason.startswith(f"erp.callback_secret (file:{secret}) must be whsec_")
    assert written not in error.reason
    assert erp.callbacks == []


async def test_a_new_secret_signs_the_next_try_without_a_restart(
    callback: Callback, erp: Erp, secret: Path
) -> None:
    await callback.send("msg_1", BODY)
    rotate(secret, OTHER_SECRET)
    await callback.send("msg_1", BODY)
    first, second = erp.callbacks
    Webhook(OTHER_SECRET).verify(second.raw, second.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(first.raw, first.headers)
