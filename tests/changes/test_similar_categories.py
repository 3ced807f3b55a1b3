"""A product's similar categories: by the ERP's codes, awaited, matched."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, as_staff, deliver, end, record
from tests.running import RunningBridge, RunningSandbox

SIMILAR = PRODUCT | {"similar_categories": ["A", "B"]}
EXPRESS: dict[str, Any] = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
ADDRESS = "/api/catalog/pvt/product/1/similarcategory"


async def categories(bridge: RunningBridge, *codes: str) -> None:
    """Their ids are 2, 3, …"""
    for code in codes:
        await deliver(bridge, "category", {"code": code, "name": f"Category {code}"})


async def test_one_named_twice_is_refused(bridge: RunningBridge) -> None:
    answer = await bridge.client.post(
        "/v1/changes/product", json=PRODUCT | {"similar_categories": ["A", "A"]}
    )
    assert answer.status_code == 422
    assert "holds a category twice" in answer.text


async def test_they_are_awaited(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await categories(either, "A")
    event = await end(either, "product", SIMILAR, "waiting")
    assert event["why"].startswith("category B is not in VTEX yet")
    await categories(either, "B")
    await either.reaches(event["id"], "delivered")
    assert (await record(sandbox, "products"))["SimilarCategories"] == [2, 3]


async def test_they_are_those_that_the_erp_names(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await categories(either, "A", "B", "C")
    await deliver(either, "product", SIMILAR)
    await deliver(either, "product", {"code": "P1", "similar_categories": ["B", "C"]})
    assert (await record(sandbox, "products"))["SimilarCategories"] == [3, 4]
    assert len(await sandbox.effects("product.similar-category-added")) == 3
    await deliver(either, "product", {"code": "P1", "similar_categories": None})
    assert (await record(sandbox, "products"))["SimilarCategories"] == []


async def test_those_of_staff_stay_if_the_erp_mentions_none(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await as_staff(sandbox, "POST", f"{ADDRESS}/1")
    await deliver(either, "product", {"code": "P1", "title": "T"})
    assert (await record(sandbox, "products"))["SimilarCategories"] == [1]


@pytest.mark.parametrize("catalog", ["rest"])
async def test_in_express_mode_a_cut_off_create_is_finished_and_then_they_are_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    async with starting(vtex=EXPRESS | {"catalog": catalog}) as bridge:
        await categories(bridge, "A", "B")
        broken = {"action": "status", "status": 500, "method": "POST", "path_regex": "/similarcategory/"}
        await sandbox.control("faults", broken)
        await deliver(bridge, "product", SIMILAR)
        assert (await record(sandbox, "products"))["SimilarCategories"] == [2, 3]
        # The team's: not written, and not even awaited.
        await deliver(bridge, "product", {"code": "P1", "similar_categories": ["NEVER"]})
    assert (await record(sandbox, "products"))["SimilarCategories"] == [2, 3]
    assert len(await sandbox.effects("product.created")) == 1
