"""activation, through both codecs: a goal that is kept, and named while it cannot be reached."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import (
    PRODUCT,
    SKU,
    SKUS,
    as_staff,
    deliver,
    end,
    make_due,
    record,
    sku_in_store,
)
from tests.running import RunningBridge, RunningSandbox

ACTIVE: dict[str, Any] = {"sku": "S1", "active": True}
IMAGES = {"sku": "S1", "images": [{"url": "https://erp.example.com/front.jpg"}]}
ACTIVATING = {
    "rest": {"method": "PUT", "path_regex": "/stockkeepingunit/1001$"},
    # Read SKU and product, then the write.
    "webservice": {"method": "POST", "path_regex": "/AdminWebService"},
}


async def is_active(sandbox: RunningSandbox) -> bool:
    return bool((await record(sandbox, "skus"))["IsActive"])


async def ready(bridge: RunningBridge) -> None:
    await deliver(bridge, "product", PRODUCT | {"active": True})
    await deliver(bridge, "sku", SKU)
    await deliver(bridge, "image", IMAGES)


@pytest.mark.parametrize("change", [{"sku": "S1"}, {"sku": "S1", "active": None}])
async def test_it_says_whether_the_sku_is_to_be_active(bridge: RunningBridge, change: dict[str, Any]) -> None:
    answer = await bridge.client.post("/v1/changes/activation", json=change)
    assert answer.status_code == 422


async def test_what_the_product_alone_says_cannot_be_sent(bridge: RunningBridge) -> None:
    answer = await bridge.client.post("/v1/changes/activation", json=ACTIVE | {"product_active": True})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/product_active"]


async def test_it_waits_for_its_sku(bridge: RunningBridge) -> None:
    event = await end(bridge, "activation", ACTIVE, "waiting")
    assert event["why"].startswith("SKU S1 is not in VTEX yet")


async def test_while_something_is_missing_it_waits_and_names_each_with_its_fix(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    event = await end(either, "activation", ACTIVE, "waiting")
    assert event["why"].startswith(
        "SKU S1 cannot be active yet: missing: an image (send image S1), an active product (send product P1"
        " with active true); before it can be sold it needs also: a price (send price S1), stock (send"
        " stock of S1); image S1 was never sent"
    )
    await deliver(either, "image", IMAGES)
    await either.reaches(event["id"], "waiting")
    await deliver(either, "price", {"sku": "S1", "base": "10"})
    await deliver(either, "stock", {"sku": "S1", "warehouse": "1_1", "quantity": 5})
    assert not await is_active(sandbox)
    await deliver(either, "product", {"code": "P1", "active": True})
    event = await either.reaches(event["id"], "delivered")
    assert (await is_active(sandbox), event["why"]) == (True, None)


async def test_without_price_and_stock_it_is_active_and_says_so(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await ready(either)
    event = await deliver(either, "activation", ACTIVE)
    assert event["why"] == (
        "active; before it can be sold it needs: a price (send price S1), stock (send stock of S1)"
    )
    assert await is_active(sandbox)


async def test_an_inactive_brand_and_category_are_named(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "brand", {"code": "B", "name": "Brand", "active": False})
    await deliver(
        either, "product", {"code": "P1", "name": "P", "brand": "B", "category_id": 1, "active": True}
    )
    await deliver(either, "sku", SKU)
    await deliver(either, "image", IMAGES)
    sandbox.app.state.store.categories[1]["IsActive"] = False
    event = await end(either, "activation", ACTIVE, "waiting")
    assert event["why"].startswith(
        "SKU S1 cannot be active yet: missing: an active brand (send brand B with active true), an active"
        " category (activate VTEX's category 1 there)"
    )
    sandbox.app.state.store.categories[1]["IsActive"] = True
    await deliver(either, "brand", {"code": "B", "active": True})
    await either.reaches(event["id"], "delivered")


async def test_what_vtex_refuses_for_another_reason_waits_with_its_words(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT | {"active": True})
    await deliver(either, "sku", SKU | {"kit": True})
    await deliver(either, "image", IMAGES)
    event = await end(either, "activation", ACTIVE, "waiting")
    assert "nor a kit without active parts; all that we can read is there" in event["why"]
    assert "a kit needs active components" in event["why"]
    assert event["next"] == "VTEX is asked again at next_attempt_at"
    sandbox.app.state.store.skus[1001]["IsKit"] = False
    await make_due(either)
    await either.reaches(event["id"], "delivered")


async def test_an_activation_that_vtex_leaves_without_effect_waits(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await ready(bridge)
    put = {"method": "PUT", "path_regex": "/stockkeepingunit/1001$", "action": "status", "status": 200}
    await sandbox.control("faults", put)
    event = await end(bridge, "activation", ACTIVE, "waiting")
    assert "VTEX left it inactive" in event["why"]


async def test_what_staff_edited_survives_the_activation_and_the_deactivation(
    either: RunningBridge, sandbox: RunningSandbox, catalog: str
) -> None:
    await ready(either)
    template = await as_staff(sandbox, "GET", f"{SKUS}/1001")
    body = {name: value for name, value in template.items() if value is not None and name != "Id"}
    edited: dict[str, Any] = {"RewardValue": 1.25, "ModalType": "Vidro", "KitItensSellApart": True}
    if catalog == "rest":
        edited |= {"Videos": ["https://example.com/film"]}
    await as_staff(sandbox, "PUT", f"{SKUS}/1001", body | edited | {"PackagedWeightKg": 1500})
    await as_staff(sandbox, "POST", f"{SKUS}/1001/ean/7891234567895")
    before = await record(sandbox, "skus")
    await deliver(either, "activation", ACTIVE)
    assert await record(sandbox, "skus") == before | {"IsActive": True}
    await deliver(either, "activation", ACTIVE | {"active": False})
    assert await record(sandbox, "skus") == before


async def test_a_deactivated_sku_does_not_come_back_with_its_next_image(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU)
    await sandbox.control("skus/S1/enrich", {"activate": True})
    await deliver(either, "activation", ACTIVE | {"active": False})
    await deliver(either, "image", IMAGES)
    assert not await is_active(sandbox)


async def test_one_that_staff_deactivated_does_not_come_back_either(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    """Through REST: the webservice does not show ActivateIfPossible."""
    await deliver(bridge, "product", PRODUCT | {"active": True})
    await deliver(bridge, "sku", SKU)
    template = await as_staff(sandbox, "GET", f"{SKUS}/1001")
    body = {name: value for name, value in template.items() if value is not None and name != "Id"}
    await as_staff(sandbox, "PUT", f"{SKUS}/1001", body | {"ActivateIfPossible": True})
    await deliver(bridge, "activation", ACTIVE | {"active": False})
    await deliver(bridge, "image", IMAGES)
    assert not await is_active(sandbox)


async def test_the_same_goal_again_is_not_sent(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await ready(either)
    await deliver(either, "activation", ACTIVE)
    before = len(await sandbox.effects())
    await end(either, "activation", ACTIVE, "unchanged")
    assert len(await sandbox.effects()) == before


async def test_what_is_so_in_vtex_already_is_not_written(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await ready(either)
    await deliver(either, "activation", ACTIVE | {"active": False})
    assert await sandbox.effects("sku.updated") == []


async def test_an_activation_without_an_answer_is_repeated(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    async with starting(vtex={"catalog": catalog}) as bridge:
        await ready(bridge)
        await sandbox.control("faults", {**ACTIVATING[catalog], "action": "status_after", "status": 504})
        event = await deliver(bridge, "activation", ACTIVE)
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert await is_active(sandbox)


async def test_the_team_decides_where_the_configuration_says_so(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    express = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    async with starting(vtex=express | {"express_owns": {"activation": []}}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("skus/S1/enrich", {"activate": True})
        event = await deliver(bridge, "activation", ACTIVE | {"active": False})
    assert event["why"].startswith("not sent: the configuration leaves it to the store's team")
    assert await is_active(sandbox)


async def test_a_required_specification_is_named_and_its_delivery_activates_the_sku(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await ready(either)
    group = await as_staff(
        sandbox, "POST", "/api/catalog/pvt/specificationgroup", {"CategoryId": 1, "Name": "Cores"}
    )
    field = {"FieldTypeId": 6, "CategoryId": 1, "FieldGroupId": group["Id"], "Name": "Cor"}
    demanded = {"IsStockKeepingUnit": True, "IsActive": True, "IsRequired": True}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/specification", field | demanded)
    [waits] = await either.post("activation", ACTIVE)
    event = await either.reaches(waits, "waiting")
    assert "the specification Cor (send specification sku/S1 with it)" in event["why"]
    assert not await is_active(sandbox)
    red = {"group": "Cores", "type": "radio", "name": "Cor", "values": ["Vermelho"]}
    await deliver(either, "specification", {"sku": "S1", "fields": [red]})
    await either.reaches(waits, "delivered")
    assert await is_active(sandbox)
