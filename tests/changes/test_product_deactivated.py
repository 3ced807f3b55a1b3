"""A product that is deactivated takes its SKUs with it, and brings them back, through both codecs."""

from typing import Any

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, SKU, as_staff, calls, deliver, end, sku_in_store
from tests.running import RunningBridge, RunningSandbox, until

IMAGE = {"url": "https://erp.example.com/front.jpg"}


async def active_sku(bridge: RunningBridge, code: str) -> None:
    await deliver(bridge, "sku", SKU | {"code": code})
    await deliver(bridge, "image", {"sku": code, "images": [IMAGE]})
    await deliver(bridge, "activation", {"sku": code, "active": True})


async def active(sandbox: RunningSandbox) -> dict[str, bool]:
    return {sku["RefId"]: sku["IsActive"] for sku in (await sandbox.state())["skus"]}


async def become(sandbox: RunningSandbox, **wanted: bool) -> None:
    async def became() -> bool:
        return await active(sandbox) == wanted

    await until(became, f"SKUs are {wanted}")


async def told(bridge: RunningBridge) -> list[str]:
    """The keys of all activations that were accepted."""
    events = (await bridge.client.get("/v1/events", params={"kind": "activation"})).json()["events"]
    return [event["key"] for event in events]


async def switch(bridge: RunningBridge, *, on: bool, **more: Any) -> dict[str, Any]:
    return await deliver(bridge, "product", {"code": "P1", "active": on, **more})


async def test_its_skus_go_and_come_back(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await deliver(either, "product", PRODUCT | {"active": True})
    for code in ("S1", "S2"):
        await active_sku(either, code)
    await deliver(either, "sku", SKU | {"code": "S3"})
    await switch(either, on=False)
    await become(sandbox, S1=False, S2=False, S3=False)
    await end(either, "activation", {"sku": "S2", "active": False}, "unchanged")
    await switch(either, on=True)
    await become(sandbox, S1=True, S2=False, S3=False)
    # One each way, and the ERP's own.
    assert sorted(await told(either)) == ["S1", "S1", "S1", "S2", "S2", "S2", "S2"]


async def test_what_the_erp_says_meanwhile_waits_for_the_product(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT | {"active": True})
    await active_sku(either, "S1")
    await switch(either, on=False)
    await become(sandbox, S1=False)
    await end(either, "activation", {"sku": "S1", "active": True}, "unchanged", "delivered")
    assert await active(sandbox) == {"S1": False}
    await switch(either, on=True)
    await become(sandbox, S1=True)


async def test_a_sku_that_the_team_activated_goes_too(either: RunningBridge, sandbox: RunningSandbox) -> None:
    """It is not bound here; its RefId is the ERP's code."""
    await deliver(either, "product", PRODUCT | {"active": True})
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    path = "/api/catalog/pvt/stockkeepingunit"
    for ref_id in ("STAFF", "TEMPORARY"):
        await as_staff(sandbox, "POST", path, {"ProductId": 1, "Name": "By staff", "RefId": ref_id} | sizes)
    skus = sandbox.app.state.store.skus
    skus[1001]["IsActive"] = skus[1002]["IsActive"] = True
    skus[1002]["RefId"] = ""
    event = await switch(either, on=False)
    assert event["why"] == ("VTEX's SKUs 1002 of it have no code and stay active: deactivate them there")
    await become(sandbox, STAFF=False, **{"": True})


async def test_a_later_change_of_an_inactive_product_tells_nobody_again(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "product", PRODUCT | {"active": True})
    await active_sku(either, "S1")
    await switch(either, on=False)
    await become(sandbox, S1=False)
    await deliver(either, "product", {"code": "P1", "title": "Renamed"})
    assert await told(either) == ["S1", "S1"]


async def test_without_a_word_on_it_the_skus_are_left_alone(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await sandbox.control("skus/S1/enrich", {"activate": True})
    sandbox.app.state.store.products[1]["IsActive"] = False
    await deliver(either, "product", {"code": "P1", "title": "Renamed"})
    assert await active(sandbox) == {"S1": True}


async def test_an_active_product_costs_no_look_at_its_skus(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(bridge, "product", PRODUCT | {"active": True})
    await deliver(bridge, "product", {"code": "P1", "title": "Renamed"})
    assert await calls(sandbox, "GET", "ByProductId") == []


async def test_in_express_mode_the_team_decides(starting: Starting, sandbox: RunningSandbox) -> None:
    async with starting(vtex={"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("skus/S1/enrich", {"activate": True})
        await switch(bridge, on=False, title="Of the ERP")
    assert await active(sandbox) == {"S1": True}
