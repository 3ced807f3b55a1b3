"""Failed authentications: counted, held up by address, and nobody else is slowed down."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from prometheus_client import REGISTRY

from app.api.failures import MOST_ADDRESSES, Failures
from app.api.problems import Problem
from app.config.settings import ServerSettings
from tests.api.intake import NOTHING, PRICE, Intake, bearer, open_intake, problem
from tests.running import running_bridge

MOST = 3


def counted(cause: str) -> float:
    return REGISTRY.get_sample_value("bridge_authentication_failures_total", {"cause": cause}) or 0


@pytest.fixture
async def strict(migrated_sqlite_url: str) -> AsyncIterator[Intake]:
    async with open_intake(migrated_sqlite_url, failures=Failures(MOST)) as intake:
        yield intake


async def fails(intake: Intake, times: int, client: httpx2.AsyncClient | None = None) -> list[int]:
    client = client or intake.client
    return [
        (await client.get("/v1/events", headers=bearer(f"evb_guess{number}"))).status_code
        for number in range(times)
    ]


def from_address(intake: Intake, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=intake.app, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://bridge")


async def test_who_fails_too_often_is_told_to_wait(strict: Intake) -> None:
    assert await fails(strict, MOST + 2) == [401] * MOST + [429] * 2
    answer = await strict.client.post("/v1/changes/price", json=PRICE, headers=bearer("evb_guess"))
    problem(answer, "too-many-failures")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert await strict.stored() == NOTHING


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer evb_x"}, {"key": "x"}])
async def test_a_missing_key_a_wrong_one_and_a_wrong_hook_secret_count_alike(
    strict: Intake, headers: dict[str, str]
) -> None:
    path = "/v1/vtex/hook/orders" if "key" in headers else "/v1/changes/price"
    statuses = [
        (await strict.client.post(path, json=PRICE, headers=headers)).status_code for _ in range(MOST + 1)
    ]
    assert statuses == [401] * MOST + [429]


async def test_a_key_that_was_good_before_is_not_held_up(strict: Intake) -> None:
    await strict.ids("price", PRICE)
    await fails(strict, MOST + 5)
    assert len(await strict.ids("price", PRICE)) == 1


async def test_a_good_key_that_was_never_seen_waits_for_the_minutes_end(migrated_sqlite_url: str) -> None:
    """Else what a guess is answered would say whether it was right."""
    now = 1000.0
    async with open_intake(migrated_sqlite_url, failures=Failures(MOST, clock=lambda: now)) as intake:
        await fails(intake, MOST)
        problem(await intake.post("price", PRICE, **bearer(intake.other_key)), "too-many-failures")
        now += 60
        assert len(await intake.ids("price", PRICE, **bearer(intake.other_key))) == 1


async def test_another_address_is_not_held_up(strict: Intake) -> None:
    await fails(strict, MOST + 1)
    async with from_address(strict, "192.0.2.7") as other:
        answer = await other.get("/v1/events", headers=bearer(strict.other_key))
        assert answer.status_code == 200
        assert await fails(strict, 1, other) == [401]


async def test_a_network_of_ipv6_is_one_address(strict: Intake) -> None:
    async with (
        from_address(strict, "2001:db8:1:2::1") as one,
        from_address(strict, "2001:db8:1:2:ffff::9") as same,
        from_address(strict, "2001:db8:1:3::1") as other,
    ):
        assert await fails(strict, MOST, one) == [401] * MOST
        assert await fails(strict, 1, same) == [429]
        assert await fails(strict, 1, other) == [401]


async def test_a_header_that_anyone_can_send_hides_no_address(strict: Intake) -> None:
    statuses = [
        (
            await strict.client.get(
                "/v1/events", headers={**bearer("evb_x"), "X-Forwarded-For": f"192.0.2.{n}"}
            )
        ).status_code
        for n in range(MOST + 1)
    ]
    assert statuses == [401] * MOST + [429]


async def test_a_missing_scope_is_no_failure(strict: Intake) -> None:
    key = await strict.keys.create("acme", scopes=[])
    for _ in range(MOST + 1):
        problem(await strict.client.get("/v1/events", headers=bearer(key)), "forbidden")


async def test_failures_are_counted_by_cause(strict: Intake) -> None:
    before = {cause: counted(cause) for cause in ("missing", "unknown", "hook", "held_up")}
    await strict.client.get("/v1/events", headers={"Authorization": ""})
    await strict.client.post("/v1/vtex/hook/orders", headers={"key": "guess"})
    await fails(strict, 3)
    after = {cause: counted(cause) - number for cause, number in before.items()}
    assert after == {"missing": 1, "unknown": 1, "hook": 1, "held_up": 2}


def test_no_number_of_addresses_fills_the_memory() -> None:
    failures, refusal = Failures(MOST), Problem("unauthorized", "no")
    for number in range(MOST_ADDRESSES + 500):
        address = f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        failures.count({"client": (address, 1)}, "unknown", refusal)
    assert failures.addresses == MOST_ADDRESSES


@pytest.mark.parametrize("proxies", [["ingress"], ["10.0.0.1/8"], ["*"]])
def test_a_proxy_is_an_address_or_a_network(proxies: list[str]) -> None:
    with pytest.raises(ValueError, match="must be an address or a network"):
        ServerSettings.model_validate({"trusted_proxies": proxies})


@pytest.mark.parametrize(
    ("proxies", "last"), [(["127.0.0.0/8"], 401), ([], 429)], ids=["behind an ingress", "nobody is believed"]
)
async def test_only_a_trusted_proxy_tells_whose_address_it_is(
    migrated_sqlite_url: str, proxies: list[str], last: int
) -> None:
    server = {"trusted_proxies": proxies, "failed_authentications_per_minute": MOST}
    async with running_bridge(
        migrated_sqlite_url, "http://127.0.0.1:9", server=server, orders={"sources": []}
    ) as bridge:
        for number in range(MOST + 1):
            # What the client itself claims stands before what the ingress adds.
            forwarded = {"X-Forwarded-For": f"198.51.100.1, 192.0.2.{number}"}
            headers = {**bearer("evb_guess"), **forwarded}
            answer = await bridge.client.get("/v1/events", headers=headers)
    assert answer.status_code == last
