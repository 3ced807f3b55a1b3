"""Feed v3: a queue that delivers at least once."""

from typing import Any

import httpx2
import pytest

from app.sandbox.journal import Journal
from app.sandbox.state import Store
from tests.sandbox.conftest import Shop

FEED = "/api/orders/feed"
QUEUE = {"visibilityTimeoutInSeconds": 60, "MessageRetentionPeriodInSeconds": 345600}
CONFIG: dict[str, Any] = {
    "filter": {"type": "FromWorkflow", "status": ["ready-for-handling"]},
    "queue": QUEUE,
}


@pytest.fixture
async def configured(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.post(f"{FEED}/config", json=CONFIG)).status_code == 200


async def _read(vtex: httpx2.AsyncClient, most: int = 10) -> list[dict[str, str]]:
    items: list[dict[str, str]] = (await vtex.get(FEED, params={"maxlot": most})).json()
    return items


async def _commit(vtex: httpx2.AsyncClient, *items: dict[str, str]) -> int:
    return (await vtex.post(FEED, json={"handles": [item["handle"] for item in items]})).status_code


async def test_a_feed_that_is_not_configured_is_not_found(vtex: httpx2.AsyncClient) -> None:
    assert (await vtex.get(FEED, params={"maxlot": 1})).status_code == 404
    assert (await vtex.get(f"{FEED}/config")).status_code == 404


@pytest.mark.parametrize("most", ["0", "11", "x"])
@pytest.mark.usefixtures("configured")
async def test_a_read_takes_at_most_ten(vtex: httpx2.AsyncClient, most: str) -> None:
    assert (await vtex.get(FEED, params={"maxlot": most})).status_code == 400


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({"filter": CONFIG["filter"]}, 400),
        (CONFIG | {"queue": QUEUE | {"MessageRetentionPeriodInSeconds": 1}}, 400),
        (
            CONFIG | {"queue": {"visibilityTimeoutInSeconds": 60, "messageRetentionPeriodInSeconds": 345600}},
            400,
        ),
        (CONFIG | {"filter": {"type": "FromWorkflow"}}, 400),
        (CONFIG | {"filter": CONFIG["filter"] | {"expression": "true"}}, 409),
    ],
)
async def test_a_wrong_configuration_is_refused(
    vtex: httpx2.AsyncClient, config: dict[str, object], status: int
) -> None:
    assert (await vtex.post(f"{FEED}/config", json=config)).status_code == status


async def test_a_new_feed_has_no_past(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.order()
    await vtex.post(f"{FEED}/config", json=CONFIG)
    assert await _read(vtex) == []


@pytest.mark.usefixtures("configured")
async def test_only_the_statuses_of_the_filter_arrive(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    order = await shop.order()
    await vtex.post(f"/api/oms/pvt/orders/{order}/start-handling")
    (item,) = await _read(vtex)
    assert (item["orderId"], item["state"], item["lastState"]) == (
        order,
        "ready-for-handling",
        "window-to-cancel",
    )
    assert item["domain"] == "Fulfillment"


async def test_a_misspelt_status_matches_nothing_in_silence(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    wrong = CONFIG | {"filter": {"type": "FromWorkflow", "status": ["order-completed"]}}
    assert (await vtex.post(f"{FEED}/config", json=wrong)).status_code == 200
    await shop.order()
    assert await _read(vtex) == []


@pytest.mark.usefixtures("configured")
async def test_a_read_item_is_hidden_until_its_timeout(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store
) -> None:
    await shop.order()
    first = await _read(vtex)
    assert await _read(vtex) == []
    state.clock_offset_seconds = 61
    again = await _read(vtex)
    assert [item["eventId"] for item in again] == [item["eventId"] for item in first]
    assert again[0]["handle"] != first[0]["handle"]


@pytest.mark.usefixtures("configured")
async def test_an_old_handle_does_not_commit(vtex: httpx2.AsyncClient, shop: Shop, state: Store) -> None:
    await shop.order()
    old = await _read(vtex)
    state.clock_offset_seconds = 61
    new = await _read(vtex)
    assert await _commit(vtex, *old) == 200
    assert (await shop.get(f"{FEED}/config"))["quantity"] == 1
    assert await _commit(vtex, *new) == 200
    assert (await shop.get(f"{FEED}/config"))["quantity"] == 0


@pytest.mark.usefixtures("configured")
async def test_a_committed_item_never_returns(
    vtex: httpx2.AsyncClient, shop: Shop, state: Store, journal: Journal
) -> None:
    await shop.order()
    await _commit(vtex, *await _read(vtex))
    state.clock_offset_seconds = 61
    assert await _read(vtex) == []
    assert journal.effects("feed.committed")[0]["count"] == 1


@pytest.mark.usefixtures("configured")
async def test_items_come_in_no_order_and_sometimes_fewer(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    orders = [await shop.order()] + [await shop.another_order() for _ in range(29)]
    batches = []
    while batch := await _read(vtex, 2):
        batches.append([item["orderId"] for item in batch])
    seen = [order for batch in batches for order in batch]
    assert seen != orders
    assert sorted(seen) == orders
    assert any(len(batch) < 2 for batch in batches[:-1])


@pytest.mark.usefixtures("configured")
async def test_a_duplicate_comes_again_at_once(vtex: httpx2.AsyncClient, shop: Shop, state: Store) -> None:
    state.feed_duplicate_ratio = 1
    await shop.order()
    assert len(await _read(vtex)) == len(await _read(vtex)) == 1


@pytest.mark.usefixtures("configured")
async def test_the_configuration_dies_without_events(vtex: httpx2.AsyncClient, state: Store) -> None:
    state.clock_offset_seconds = 345_601
    assert (await vtex.get(FEED, params={"maxlot": 1})).status_code == 404


@pytest.mark.usefixtures("configured")
async def test_reconfiguring_keeps_the_old_items(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.order()
    await vtex.post(
        f"{FEED}/config", json=CONFIG | {"filter": {"type": "FromWorkflow", "status": ["invoiced"]}}
    )
    assert len(await _read(vtex)) == 1


@pytest.mark.usefixtures("configured")
async def test_deleting_the_configuration_drops_the_items(vtex: httpx2.AsyncClient, shop: Shop) -> None:
    await shop.order()
    assert (await vtex.delete(f"{FEED}/config")).status_code == 200
    await vtex.post(f"{FEED}/config", json=CONFIG)
    assert await _read(vtex) == []
