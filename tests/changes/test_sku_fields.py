"""sku: the fields beyond its measures, through both codecs."""

from typing import Any

import pytest

from tests.changes.steps import PRODUCT, SKU, deliver, end, record, sku_in_store
from tests.running import RunningBridge, RunningSandbox

FIELDS: dict[str, Any] = {
    "estimated_arrival": "2026-12-01",
    "reward_value": "1.25",
    "modal": "Vidro",
    "sold_apart": True,
    "commercial_condition_id": 3,
}
IN_VTEX = {
    "EstimatedDateArrival": "2026-12-01T00:00:00",
    "RewardValue": 1.25,
    "ModalType": "Vidro",
    "KitItensSellApart": True,
    "CommercialConditionId": 3,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commercial_condition_id", 0),
        ("reward_value", "-1"),
        ("estimated_arrival", "soon"),
        ("modal", ""),
        ("kit", None),
    ],
)
async def test_a_value_that_vtex_would_not_take_is_refused_by_name(
    bridge: RunningBridge, field: str, value: object
) -> None:
    answer = await bridge.client.post("/v1/changes/sku", json={"code": "S1", field: value})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{field}"]


async def test_a_kit_cannot_become_an_ordinary_sku_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | {"kit": True})
    event = await end(either, "sku", {"code": "S1", "kit": False, "name": "No kit"}, "failed")
    assert event["why"].startswith("this SKU is a kit in VTEX, which cannot be undone: send kit true")
    sku = await record(sandbox, "skus")
    assert (sku["IsKit"], sku["Name"]) == (True, "Vaso Vermelho")


async def test_an_ordinary_sku_becomes_a_kit(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    await deliver(either, "sku", {"code": "S1", "kit": True})
    assert (await record(sandbox, "skus"))["IsKit"] is True


async def test_each_field_is_written_at_the_creation(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | FIELDS)
    assert (await record(sandbox, "skus")).items() >= IN_VTEX.items()


async def test_each_field_is_changed_alone(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    before = await record(sandbox, "skus")
    await deliver(either, "sku", {"code": "S1"} | FIELDS)
    assert await record(sandbox, "skus") == before | IN_VTEX


async def test_null_clears_them(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    before = await record(sandbox, "skus")
    await deliver(either, "sku", {"code": "S1"} | FIELDS)
    nothing = {name: None for name in FIELDS if name != "sold_apart"}
    await deliver(either, "sku", {"code": "S1", "sold_apart": False, **nothing})
    assert await record(sandbox, "skus") == before


async def test_what_vtex_has_already_is_not_written_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    """Another change of the lane: the fingerprint differs, VTEX's record does not."""
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU | {name: FIELDS[name] for name in FIELDS if name != "modal"})
    template = await record(sandbox, "skus")
    sandbox.app.state.store.skus[1001]["ModalType"] = "Vidro"
    await deliver(either, "sku", {"code": "S1", "modal": "Vidro"})
    assert await record(sandbox, "skus") == template | {"ModalType": "Vidro"}
    assert await sandbox.effects("sku.updated") == []


async def test_an_update_never_deactivates(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    await sandbox.control("skus/S1/enrich", {"activate": True})
    await deliver(either, "sku", {"code": "S1", "name": "Renamed", "eans": ["40170725"]} | FIELDS)
    sku = await record(sandbox, "skus")
    assert (sku["IsActive"], sku["Name"]) == (True, "Renamed")
