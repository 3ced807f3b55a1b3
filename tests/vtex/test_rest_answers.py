"""What a 200 may hold: an answer that cannot be read never passes for "there is none"."""

import pytest

from app.errors import DeliveryError, Retry
from app.vtex.store import VtexStore
from tests.vtex.saying import Saying

NO_UTF_8 = b'{"Id": "\xff"}'
WITHOUT_A_BOTTOM = '{"a":' * 100_000
ODD = ["<html>please log in</html>", '"1"', "[]", "7", '{"broken": ', NO_UTF_8, WITHOUT_A_BOTTOM]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
async def test_a_search_that_is_answered_oddly_is_tried_again(
    store: VtexStore, vtex: Saying, body: str | bytes
) -> None:
    vtex.says(200, body)
    for search in (store.catalog.find_product, store.catalog.find_sku):
        with pytest.raises(Retry):
            await search("A1")


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
async def test_a_read_that_is_answered_oddly_is_tried_again(
    store: VtexStore, vtex: Saying, body: str | bytes
) -> None:
    vtex.says(200, body)
    with pytest.raises(Retry):
        await store.catalog.read_product(1, "A1")
    with pytest.raises(Retry):
        await store.pricing.read(1)
    with pytest.raises(Retry):
        await store.orders.read("1-01")


async def test_a_search_answered_without_an_id_is_tried_again(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, '{"Name": "Vaso"}')
    with pytest.raises(Retry, match="without an id"):
        await store.catalog.find_product("A1")


async def test_a_create_answered_without_an_id_has_an_unknown_outcome(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "{}")
    with pytest.raises(Retry) as raised:
        await store.catalog.write_product(None, {"Name": "Vaso"})
    assert raised.value.unknown_outcome


async def test_eans_that_are_no_list_are_not_compared(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, '{"Id": 7}')
    vtex.says(200, '"7891234567895 and more"')
    with pytest.raises(Retry):
        await store.catalog.write_sku(7, {"Name": "Vaso", "Eans": ["7891234567895"]})


async def test_null_for_a_product_means_there_is_none(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "null")
    assert await store.catalog.find_product("A1") is None


async def test_404_means_there_is_none(store: VtexStore, vtex: Saying) -> None:
    vtex.says(404, "SKU not found")
    assert await store.catalog.find_sku("A1") is None
    assert await store.catalog.read_sku(7, "A1") is None
    assert await store.pricing.read(7) is None
    assert await store.orders.read("1-01") is None


async def test_a_feed_item_without_an_order_can_still_be_committed(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, '[{"handle": "h1", "orderId": null}, {"handle": "h2", "orderId": "1-01"}, {}]')
    items = await store.orders.feed_items()
    assert items is not None
    assert [(item.handle, item.order_id) for item in items] == [("h1", None), ("h2", "1-01")]


async def test_a_code_is_one_segment_of_the_path_whatever_it_holds(store: VtexStore, vtex: Saying) -> None:
    vtex.says(200, "null")
    await store.catalog.find_product("a/b?c#d e")
    assert vtex.asked == ["GET /api/catalog_system/pvt/products/productgetbyrefid/a%2Fb%3Fc%23d%20e"]


async def test_keys_that_cannot_be_read_are_a_matter_of_keys(
    store: VtexStore, vtex: Saying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_APP_TOKEN")
    with pytest.raises(DeliveryError, match="env:TEST_APP_TOKEN") as raised:
        await store.pricing.read(7)
    assert raised.value.reason_class == "unauthorized"
    assert vtex.asked == []
