"""A write of specifications whose answer never came makes no second group, field, value or association."""

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import deliver, end, sku_in_store
from tests.changes.test_specification import COLOUR, MATERIAL, defined, held, of_product, of_sku
from tests.running import RunningSandbox

AFTER_THE_EFFECT = [
    {"action": "delay_after", "seconds": 2},
    {"action": "reset_after"},
    {"action": "status_after", "status": 500},
]


@pytest.mark.parametrize("path", ["specificationgroup", "specification", "specificationvalue"])
@pytest.mark.parametrize("fault", [*AFTER_THE_EFFECT, {"action": "reset_before"}], ids=lambda f: f["action"])
async def test_what_is_made_is_made_once(
    starting: Starting, sandbox: RunningSandbox, path: str, fault: dict[str, object]
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("faults", {**fault, "method": "POST", "path_regex": f"/pvt/{path}$"})
        event = await deliver(bridge, "specification", of_product(MATERIAL))
    assert "retrying" in {attempt["outcome"] for attempt in event["attempts"]}
    assert (await defined(sandbox), await defined(sandbox, "groups")) == (["Material"], ["Composição"])
    assert len(await sandbox.effects("specification-value.created")) == 2
    assert await held(sandbox, "products") == [("Material", "Barro"), ("Material", "Vidro")]


@pytest.mark.parametrize("fault", AFTER_THE_EFFECT, ids=lambda f: str(f["action"]))
async def test_a_sku_is_associated_once(
    starting: Starting, sandbox: RunningSandbox, fault: dict[str, object]
) -> None:
    async with starting(vtex={"timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control(
            "faults", {**fault, "method": "POST", "path_regex": "stockkeepingunit/1001/specification$"}
        )
        await deliver(bridge, "specification", of_sku(COLOUR))
    assert await held(sandbox, "skus") == [("Cor", "Vermelho")]


@pytest.mark.parametrize("passing", [0, 2], ids=["the values", "the record that shows them"])
async def test_the_webservices_record_is_written_also_after_a_lost_answer(
    starting: Starting, sandbox: RunningSandbox, passing: int
) -> None:
    """The first attempt's values are in VTEX: the next has none to write, and still has to show them."""
    path = "/AdminWebService"
    async with starting(vtex={"catalog": "webservice", "timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "specification", of_product(MATERIAL))
        before = len(await sandbox.effects("product.updated"))
        fault = {"method": "POST", "path_regex": path}
        if passing:
            await sandbox.control("faults", {**fault, "action": "delay_before", "times": passing})
        await sandbox.control("faults", {**fault, "action": "reset_before" if passing else "reset_after"})
        await deliver(bridge, "specification", of_product(MATERIAL | {"values": ["Vidro"]}))
        assert len(await sandbox.effects("product.updated")) == before + 1
        await end(bridge, "specification", of_product(MATERIAL | {"values": ["Vidro"]}), "unchanged")
    assert await held(sandbox, "products") == [("Material", "Vidro")]
