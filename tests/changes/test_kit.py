"""kit, through both codecs."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.changes.kit import KitChange
from tests.changes.conftest import Starting
from tests.changes.steps import as_staff, deliver, end, skus_in_store
from tests.running import RunningBridge, RunningSandbox

ADDRESS = "/api/catalog/pvt/stockkeepingunitkit"
S2, S3 = 1002, 1003
KIT: dict[str, Any] = {"code": "S1", "components": [{"sku": "S2", "quantity": 2, "unit_price": "25.50"}]}


def made_a_kit(sandbox: RunningSandbox, sku: int = 1001) -> None:
    sandbox.app.state.store.skus[sku]["IsKit"] = True


async def parts(sandbox: RunningSandbox) -> list[tuple[int, int, float]]:
    found = [
        (each["StockKeepingUnitId"], each["Quantity"], each["UnitPrice"])
        for each in (await sandbox.state())["kit_parts"]
    ]
    return sorted(found)


@pytest.mark.parametrize(
    ("component", "field"),
    [
        ({"sku": "S2", "quantity": 0, "unit_price": "1"}, "quantity"),
        ({"sku": "S2", "quantity": 1, "unit_price": "0"}, "unit_price"),
        ({"sku": "S2", "quantity": 1, "unit_price": "1.001"}, "unit_price"),
        ({"sku": "S2", "quantity": 1}, "unit_price"),
    ],
)
def test_a_component_needs_a_quantity_and_a_price(component: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        KitChange.model_validate({"code": "S1", "components": [component]})
    assert refused.value.errors()[0]["loc"] == ("components", 0, field)


@pytest.mark.parametrize(
    ("skus", "said"), [(["S1"], "holds the kit itself"), (["S2", "S2"], "holds a SKU twice")]
)
def test_a_kit_holds_each_other_sku_once(skus: list[str], said: str) -> None:
    components = [{"sku": sku, "quantity": 1, "unit_price": "1"} for sku in skus]
    with pytest.raises(ValidationError, match=said):
        KitChange.model_validate({"code": "S1", "components": components})


async def test_it_waits_for_its_sku_to_be_a_kit(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1", "S2")
    event = await end(either, "kit", KIT, "waiting")
    assert event["why"].startswith("SKU S1 is no kit in VTEX: send the sku with kit: true")
    made_a_kit(sandbox)
    await deliver(either, "sku", {"code": "S1", "packaged_height": "11"})
    await either.reaches(event["id"], "delivered")
    assert await parts(sandbox) == [(S2, 2, 25.5)]


async def test_it_waits_for_its_components_by_name(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1")
    made_a_kit(sandbox)
    event = await end(either, "kit", KIT, "waiting")
    assert event["why"].startswith("SKU S2 is not in VTEX yet")
    await skus_in_store(either, "S2")
    await either.reaches(event["id"], "delivered")


async def test_the_list_is_matched_and_what_is_right_already_is_not_written(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await skus_in_store(either, "S1", "S2", "S3")
    made_a_kit(sandbox)
    for sku, quantity in ((S2, 2), (S3, 1), (S3, 1)):
        body = {"StockKeepingUnitParent": 1001, "StockKeepingUnitId": sku}
        await as_staff(sandbox, "POST", ADDRESS, body | {"Quantity": quantity, "UnitPrice": 25.5})
    third = {"sku": "S3", "quantity": 1, "unit_price": "9.90"}
    await deliver(either, "kit", KIT | {"components": [*KIT["components"], third]})
    assert await parts(sandbox) == [(S2, 2, 25.5), (S3, 1, 9.9)]
    assert len(await sandbox.effects("kit.part-added")) == 4
    await deliver(either, "kit", KIT)
    await end(either, "kit", KIT, "unchanged")
    assert await parts(sandbox) == [(S2, 2, 25.5)]
    assert len(await sandbox.effects("kit.part-added")) == 4
    await deliver(either, "kit", {"code": "S1", "components": None})
    assert await parts(sandbox) == []


async def test_another_kits_components_stay(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await skus_in_store(either, "S1", "S2", "S3")
    made_a_kit(sandbox)
    made_a_kit(sandbox, S3)
    body = {"StockKeepingUnitParent": S3, "StockKeepingUnitId": S2, "Quantity": 7, "UnitPrice": 3}
    await as_staff(sandbox, "POST", ADDRESS, body)
    await deliver(either, "kit", KIT)
    assert await parts(sandbox) == [(S2, 2, 25.5), (S2, 7, 3)]


async def test_after_a_lost_answer_a_component_is_there_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    path = {"rest": f"{ADDRESS}$", "webservice": "/AdminWebService"}[catalog]
    fault = {"action": "status_after", "status": 500, "method": "POST", "path_regex": path}
    async with starting(vtex={"catalog": catalog}) as bridge:
        await skus_in_store(bridge, "S1", "S2")
        made_a_kit(sandbox)
        if catalog == "webservice":
            # Its reads have the same address: the SKU is read first, the write is struck.
            await sandbox.control("faults", {"action": "delay_before", "method": "POST", "path_regex": path})
        await sandbox.control("faults", fault)
        event = await deliver(bridge, "kit", KIT)
    assert "retrying" in {attempt["outcome"] for attempt in event["attempts"]}
    assert await parts(sandbox) == [(S2, 2, 25.5)]
    assert len(await sandbox.effects("kit.part-added")) == 1
