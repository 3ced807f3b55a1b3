"""complement, through both codecs."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.changes.complement import ComplementChange
from tests.changes.conftest import Starting
from tests.changes.steps import as_staff, calls, deliver, end, skus_in_store
from tests.running import RunningBridge, RunningSandbox

ADDRESS = "/api/catalog/pvt/skucomplement"


def shown(state: dict[str, Any]) -> set[tuple[str, int]]:
    """RefId and type, each once."""
    codes = {sku["Id"]: sku["RefId"] for sku in state["skus"]}
    found = [(codes[each["SkuId"]], each["ComplementTypeId"]) for each in state["complements"]]
    assert len(set(found)) == len(found)
    return set(found)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"accessories": ["S2", "S2"]}, "holds a SKU twice"),
        ({"similar": ["S1"]}, "similar holds the SKU itself"),
    ],
)
def test_a_list_that_vtex_could_not_show_is_refused(lists: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ComplementChange.model_validate({"code": "S1", **lists})


async def test_it_waits_for_the_skus_by_name(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1")
    event = await end(either, "complement", {"code": "S1", "accessories": ["S2"]}, "waiting")
    assert event["why"].startswith("SKU S2 is not in VTEX yet")
    await skus_in_store(either, "S2")
    await either.reaches(event["id"], "delivered")
    assert shown(await sandbox.state()) == {("S2", 1)}


async def test_each_list_is_matched_with_its_own_type(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1", "S2", "S3")
    lists = {"accessories": ["S2"], "suggestions": ["S2", "S3"], "similar": ["S3"], "shown_together": ["S2"]}
    await deliver(either, "complement", {"code": "S1", **lists})
    assert shown(await sandbox.state()) == {("S2", 1), ("S2", 2), ("S3", 2), ("S3", 3), ("S2", 5)}
    await deliver(either, "complement", {"code": "S1", "suggestions": ["S3"], "similar": None})
    assert shown(await sandbox.state()) == {("S2", 1), ("S3", 2), ("S2", 5)}


async def test_what_staff_added_of_another_type_stays_and_of_a_named_type_goes(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await skus_in_store(either, "S1", "S2", "S3")
    for sku, kind in ((1002, 1), (1003, 1), (1003, 2)):
        await as_staff(
            sandbox, "POST", ADDRESS, {"ParentSkuId": 1001, "SkuId": sku, "ComplementTypeId": kind}
        )
    await deliver(either, "complement", {"code": "S1", "accessories": ["S2"]})
    assert shown(await sandbox.state()) == {("S2", 1), ("S3", 2)}


async def test_what_is_there_already_is_not_written(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1", "S2")
    change = {"code": "S1", "accessories": ["S2"]}
    await as_staff(sandbox, "POST", ADDRESS, {"ParentSkuId": 1001, "SkuId": 1002, "ComplementTypeId": 1})
    await deliver(either, "complement", change)
    await end(either, "complement", change, "unchanged")
    assert len(await sandbox.effects("complement.added")) == 1
    assert await calls(sandbox, "DELETE", ADDRESS) == []


async def test_after_a_lost_answer_it_is_there_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    path = {"rest": f"{ADDRESS}$", "webservice": "/AdminWebService"}[catalog]
    async with starting(vtex={"catalog": catalog}) as bridge:
        await skus_in_store(bridge, "S1", "S2")
        fault = {"action": "status_after", "status": 500, "method": "POST", "path_regex": path}
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "complement", {"code": "S1", "accessories": ["S2"]})
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert shown(await sandbox.state()) == {("S2", 1)}
    assert len(await sandbox.effects("complement.added")) == 1
