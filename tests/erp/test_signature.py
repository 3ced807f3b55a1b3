"""Standard Webhooks: the published vectors verify, and during a rotation either secret does."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.config import ErpSettings
from app.config.secret import webhook_key
from app.erp.callback import Callback, signatures
from app.errors import Unauthorized
from app.http.door import Door
from tests.changes.steps import rotate
from tests.orders.erp import Erp
from tests.running import CALLBACK_SECRET, listening

BODY = {"type": "order.ready-for-handling", "order": {"id": "1-01", "name": "João 😀"}}
NEW_SECRET = "whsec_" + "b3RoZXItY2FsbGJhY2stc2VjcmV0LTMyLWJ5dGVzISE="
UNKNOWN_SECRET = "whsec_" + base64.b64encode(b"nobody ever signed with it!").decode()

#: From the tests of the specification's own libraries.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_BODY = '{"test": 2432232314}'
VECTOR_MOMENT = datetime.fromtimestamp(1614265330, UTC)
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def accepts(secret: str, raw: bytes, headers: dict[str, str]) -> bool:
    """A receiver written from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers["webhook-signature"].split(" ")
    is_recent = abs(datetime.now(UTC).timestamp() - int(headers["webhook-timestamp"])) < 300
    return is_recent and any(hmac.compare_digest(each, f"v1,{expected}") for each in given)


def verifies(secret: str, raw: bytes, headers: dict[str, str]) -> bool:
    """A receiver written with the public library."""
    try:
        Webhook(secret).verify(raw, headers)
    except WebhookVerificationError:
        return False
    return True


both_receivers = pytest.mark.parametrize("receiver", [accepts, verifies])


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    listener = Erp()
    async with listening(listener) as url:
        listener.url = url
        yield listener


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    written = {"callback_secret": NEW_SECRET, "callback_secret_previous": CALLBACK_SECRET}
    for name, secret in written.items():
        (tmp_path / name).write_text(f"{secret}\n")
    return {name: tmp_path / name for name in written}


async def sent(erp: Erp, **secrets: Path) -> tuple[bytes, dict[str, str]]:
    door = Door()
    settings = {"callback_url": erp.url} | {name: f"file:{file}" for name, file in secrets.items()}
    try:
        await Callback(door, "acme", ErpSettings.model_validate(settings)).send("msg_1", BODY)
    finally:
        await door.close()
    return erp.callbacks[-1].raw, erp.callbacks[-1].headers


def test_the_published_vector_is_what_we_sign() -> None:
    signed = signatures([webhook_key(VECTOR_SECRET)], VECTOR_ID, VECTOR_MOMENT, VECTOR_BODY)
    assert signed == VECTOR_SIGNATURE


def test_with_two_keys_the_published_vector_is_one_of_two() -> None:
    keys = [webhook_key(NEW_SECRET), webhook_key(VECTOR_SECRET)]
    signed = signatures(keys, VECTOR_ID, VECTOR_MOMENT, VECTOR_BODY).split(" ")
    assert (len(signed), signed[1]) == (2, VECTOR_SIGNATURE)
    assert all(each.startswith("v1,") for each in signed)


@both_receivers
async def test_during_a_rotation_a_receiver_may_know_either_secret(
    erp: Erp, files: dict[str, Path], receiver: Any
) -> None:
    raw, headers = await sent(erp, **files)
    assert receiver(NEW_SECRET, raw, headers)
    assert receiver(CALLBACK_SECRET, raw, headers)
    assert not receiver(UNKNOWN_SECRET, raw, headers)


@both_receivers
async def test_after_the_rotation_the_previous_secret_verifies_nothing(
    erp: Erp, files: dict[str, Path], receiver: Any
) -> None:
    raw, headers = await sent(erp, callback_secret=files["callback_secret"])
    assert receiver(NEW_SECRET, raw, headers)
    assert not receiver(CALLBACK_SECRET, raw, headers)
    assert " " not in headers["webhook-signature"]


@both_receivers
@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body"])
async def test_whatever_is_changed_on_the_way_verifies_no_more(
    erp: Erp, files: dict[str, Path], receiver: Any, change: str
) -> None:
    raw, headers = await sent(erp, **files)
    if change == "body":
        raw = raw.replace(b"1-01", b"2-01")
    else:
        headers = headers | {change: str(int(headers["webhook-timestamp"]) + 1)}
    assert not receiver(NEW_SECRET, raw, headers)


@pytest.mark.parametrize("written", [None, "whsec_", "no base64!"])
async def test_without_a_usable_previous_secret_nothing_is_sent(
    erp: Erp, files: dict[str, Path], written: str | None
) -> None:
    rotate(files["callback_secret_previous"], written)
    with pytest.raises(Unauthorized, match=r"erp\.callback_secret_previous"):
        await sent(erp, **files)
    assert erp.callbacks == []
