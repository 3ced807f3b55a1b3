"""The Pricing API's rules, refusals first."""

from decimal import Decimal

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.quota import Bucket, PricingQuota
from app.sandbox.state import Store
from tests.sandbox.conftest import PRICE, Shop

URL = "/sandboxstore/pricing/prices/1001"
FIXED = {"tradePolicyId": "1", "value": 89.9, "minQuantity": 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"basePrice": 100},
        {"basePrice": 100, "costPrice": 50, "markup": 100},
        {"basePrice": "100", "costPrice": 50},
        PRICE | {"listPrice": None},
        PRICE | {"fixedPrices": [{"value": 1, "minQuantity": 1}]},
        PRICE | {"fixedPrices": [FIXED | {"listPrice": None}]},
        PRICE | {"fixedPrices": [FIXED | {"minQuantity": 0}]},
        PRICE | {"fixedPrices": [FIXED | {"dateRange": {"from": "2026-02-01T00:00:00Z"}}]},
        PRICE
        | {
            "fixedPrices": [
                FIXED | {"dateRange": {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}}
            ]
        },
    ],
)
async def test_a_wrong_price_is_refused(vtex: httpx2.AsyncClient, body: dict[str, object]) -> None:
    assert (await vtex.put(URL, json=body)).status_code == 400


async def test_a_sku_without_price_is_not_found(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.get(URL)).status_code == 404


async def test_another_account_has_no_prices_here(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.put("/other/pricing/prices/1001", json=PRICE)).status_code == 404


async def test_markup_is_a_percentage(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await vtex.put(URL, json={"costPrice": 10, "markup": 2400})
    assert (await shop.get(URL))["basePrice"] == 250
    await vtex.put(URL, json={"basePrice": 250, "costPrice": 10})
    price = await shop.get(URL)
    assert (price["markup"], price["listPrice"]) == (2400, None)


async def test_prices_keep_their_digits(vtex: httpx2.AsyncClient) -> None:
    await vtex.put(URL, content=b'{"basePrice": 19.90, "markup": 0, "listPrice": 1234567.89}')
    text = (await vtex.get(URL)).text
    assert '"basePrice":19.90' in text
    assert '"costPrice":19.90' in text
    assert '"listPrice":1234567.89' in text


async def test_a_put_replaces_all_fixed_prices(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await vtex.put(URL, json=PRICE | {"fixedPrices": [FIXED]})
    await vtex.put(URL, json=PRICE)
    assert (await shop.get(URL))["fixedPrices"] == []


async def test_a_patch_merges_fixed_prices_by_policy_quantity_and_dates(
    vtex: httpx2.AsyncClient, shop: Shop
) -> None:
    dates = {"dateRange": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}
    await vtex.put(URL, json=PRICE | {"fixedPrices": [FIXED]})
    answer = await vtex.patch(f"{URL}/fixed", json=[FIXED | {"value": 80}, FIXED | dates | {"value": 70}])
    assert answer.status_code == 200
    assert [entry["value"] for entry in await shop.get(f"{URL}/fixed")] == [80, 70]
    assert (await shop.get(URL))["basePrice"] == 100


async def test_a_delete_takes_base_and_fixed_prices(vtex: httpx2.AsyncClient) -> None:
    await vtex.put(URL, json=PRICE | {"fixedPrices": [FIXED]})
    assert (await vtex.delete(URL)).status_code == 200
    assert (await vtex.get(URL)).status_code == 404


async def test_the_price_of_an_unknown_sku_is_accepted_and_told(
    vtex: httpx2.AsyncClient, journal: Journal
) -> None:
    await vtex.put(URL, json=PRICE)
    effect = journal.effects("price.put")[0]
    assert (effect["sku_id"], effect["known_sku"], effect["base_price"]) == ("1001", False, Decimal(100))


async def test_beyond_its_quota_a_write_waits(vtex: httpx2.AsyncClient, state: Store) -> None:
    state.pricing_quota = PricingQuota(writes=Bucket(60, 1, clock=lambda: 0.0))
    assert (await vtex.put(URL, json=PRICE)).status_code == 200
    refused = await vtex.put(URL, json=PRICE | {"basePrice": 7})
    assert refused.status_code == 429
    assert (refused.headers["Retry-After"], refused.headers["Ratelimit-Remaining"]) == ("1", "0")
    assert (await vtex.get(URL)).json()["basePrice"] == 100


def test_idle_time_refills_the_credits() -> None:
    now = 0.0
    bucket = Bucket(60, 2, clock=lambda: now)
    assert [bucket.take()[0] for _ in range(3)] == [True, True, False]
    now = 1.0
    assert bucket.take()[0]
