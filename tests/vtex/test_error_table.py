"""The error table, status by status, through REST and over HTTP."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.errors import DeliveryError, Refused, Retry, Throttled, Unauthorized
from app.vtex.store import VtexStore
from tests.vtex.saying import Saying

SKU = 1001


async def failure(store: VtexStore) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await store.pricing.write(SKU, {"basePrice": 1, "markup": 0})
    return raised.value


@pytest.mark.parametrize("status", [400, 402, 404, 405, 409, 410, 413, 415, 422, 451])
async def test_a_client_error_is_refused(store: VtexStore, vtex: Saying, status: int) -> None:
    vtex.says(status, "no such thing")
    error = await failure(store)
    assert type(error) is Refused
    assert error.reason == f"VTEX pricing (write price) refused it with {status}: no such thing"


async def test_a_400_without_a_body_says_that_it_explains_nothing(store: VtexStore, vtex: Saying) -> None:
    vtex.says(400)
    assert (await failure(store)).reason.endswith("refused it with 400: no explanation was given")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused_and_names_the_new_address(
    store: VtexStore, vtex: Saying, status: int
) -> None:
    vtex.says(status, location="https://elsewhere.example.com/pricing")
    error = await failure(store)
    assert type(error) is Refused
    assert "redirects to https://elsewhere.example.com/pricing" in error.reason
    assert len(vtex.asked) == 1


async def test_401_asks_to_check_the_keys_and_comes_back(store: VtexStore, vtex: Saying) -> None:
    vtex.says(401)
    error = await failure(store)
    assert isinstance(error, Unauthorized)
    assert error.after == timedelta(minutes=1)
    assert "check vtex.app_key and vtex.app_token" in error.reason


async def test_403_names_the_permission(store: VtexStore, vtex: Saying) -> None:
    vtex.says(403, "Forbidden")
    error = await failure(store)
    assert isinstance(error, Unauthorized)
    assert error.after == timedelta(minutes=5)
    assert "License Manager" in error.reason
    assert "Modify prices" in error.reason


async def test_403_at_the_oms_names_the_operations_own_permission(store: VtexStore, vtex: Saying) -> None:
    vtex.says(403)
    with pytest.raises(Unauthorized, match="Change order workflow status"):
        await store.orders.start_handling("1-01")
    with pytest.raises(Unauthorized, match="Feed v3 and Hook Admin"):
        await store.orders.feed_items()


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttle_waits_as_many_seconds_as_it_says(
    store: VtexStore, vtex: Saying, status: int
) -> None:
    vtex.says(status, retry_after="17")
    error = await failure(store)
    assert isinstance(error, Throttled)
    assert error.after == timedelta(seconds=17)
    assert not error.unknown_outcome


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttle_waits_until_the_date_that_it_says(
    store: VtexStore, vtex: Saying, status: int
) -> None:
    vtex.says(status, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    error = await failure(store)
    assert isinstance(error, Throttled)
    assert error.after is not None
    assert timedelta(seconds=80) < error.after <= timedelta(seconds=90)


@pytest.mark.parametrize(
    "value",
    ["soon", "", "-5", "1.5", "\xb2", "Mon, 99 Foo 2026 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"],
)
async def test_an_unreadable_or_past_retry_after_is_the_usual_pause(
    store: VtexStore, vtex: Saying, value: str
) -> None:
    vtex.says(429, retry_after=value)
    error = await failure(store)
    assert isinstance(error, Throttled)
    assert error.after == timedelta(seconds=2)


@pytest.mark.parametrize("value", ["9" * 30, "31536000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_retry_after_of_years_is_cut_to_a_day(store: VtexStore, vtex: Saying, value: str) -> None:
    vtex.says(429, retry_after=value)
    error = await failure(store)
    assert isinstance(error, Throttled)
    assert error.after == timedelta(days=1)


async def test_a_throttle_at_the_oms_without_a_time_is_one_minute(store: VtexStore, vtex: Saying) -> None:
    vtex.says(429)
    with pytest.raises(Throttled) as raised:
        await store.orders.read("1-01")
    assert raised.value.after == timedelta(minutes=1)


async def test_a_locked_record_is_tried_again_soon(store: VtexStore, vtex: Saying) -> None:
    vtex.says(423, "Unable to acquire lock for key 1001_1_1")
    with pytest.raises(Retry) as raised:
        await store.logistics.write_quantity(SKU, "1_1", 5, unlimited=False)
    assert raised.value.after == timedelta(seconds=2)
    assert not raised.value.unknown_outcome


@pytest.mark.parametrize("status", [408, 500, 502, 504, 520, 599])
async def test_a_server_error_has_an_unknown_outcome(store: VtexStore, vtex: Saying, status: int) -> None:
    vtex.says(status, "<html>bad gateway</html>")
    error = await failure(store)
    assert type(error) is Retry
    assert error.unknown_outcome
    assert f"({status})" in error.reason or f"with {status}" in error.reason


async def test_a_server_errors_retry_after_is_a_floor(store: VtexStore, vtex: Saying) -> None:
    vtex.says(500, retry_after="33")
    error = await failure(store)
    assert isinstance(error, Retry)
    assert error.after == timedelta(seconds=33)


@pytest.mark.parametrize("status", [400, 500])
async def test_a_key_that_vtex_echoes_is_in_no_reason(store: VtexStore, vtex: Saying, status: int) -> None:
    vtex.says(status, "appKey sandbox-key with token sandbox-token is odd")
    error = await failure(store)
    assert "sandbox-key" not in error.reason
    assert "sandbox-token" not in error.reason


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_means_done(store: VtexStore, vtex: Saying, status: int) -> None:
    vtex.says(status)
    await store.pricing.write(SKU, {"basePrice": 1, "markup": 0})
    assert vtex.asked == [f"PUT /pricing/prices/{SKU}"]
