"""A create whose answer never came makes no second brand or category: VTEX can delete no category."""

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import deliver, end, make_due
from tests.changes.test_taxonomy import ADDRESS, each_kind, made_by_staff, named
from tests.running import RunningSandbox

AFTER_THE_EFFECT = [
    {"action": "delay_after", "seconds": 2},
    {"action": "reset_after"},
    {"action": "status_after", "status": 500},
]
CHANGE = {"code": "X", "name": "DuBom", "title": "T"}


async def strike_the_create(sandbox: RunningSandbox, catalog: str, fault: dict[str, object]) -> None:
    path = "/pvt/(brand|category)$"
    if catalog == "webservice":
        # Its reads and writes have one address: the look for a namesake passes, the write is struck.
        path = "/AdminWebService"
        await sandbox.control("faults", {"action": "delay_before", "method": "POST", "path_regex": path})
    await sandbox.control("faults", {**fault, "method": "POST", "path_regex": path})


@each_kind
@pytest.mark.parametrize("fault", [*AFTER_THE_EFFECT, {"action": "reset_before"}], ids=lambda f: f["action"])
async def test_it_is_created_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str, kind: str, fault: dict[str, object]
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await strike_the_create(sandbox, catalog, fault)
        event = await deliver(bridge, kind, CHANGE)
    assert "retrying" in {attempt["outcome"] for attempt in event["attempts"]}
    await named(sandbox, kind, "DuBom")
    assert len(await sandbox.effects(f"{kind}.created")) == 1


@each_kind
async def test_renamed_before_its_answer_is_known_it_is_still_one(
    starting: Starting, sandbox: RunningSandbox, catalog: str, kind: str
) -> None:
    slow = {"retry_base_seconds": 30, "retry_cap_seconds": 60}
    async with starting(vtex={"catalog": catalog}, delivery=slow) as bridge:
        await strike_the_create(sandbox, catalog, {"action": "status_after", "status": 500})
        await end(bridge, kind, CHANGE, "retrying")
        assert len(await sandbox.effects(f"{kind}.created")) == 1
        [event_id] = await bridge.post(kind, {"code": "X", "name": "Renamed"})
        await make_due(bridge)
        await bridge.reaches(event_id, "delivered")
    await named(sandbox, kind, "Renamed")
    assert len(await sandbox.effects(f"{kind}.created")) == 1


@each_kind
async def test_what_vtex_refused_is_not_looked_for_among_what_staff_made(
    starting: Starting, sandbox: RunningSandbox, kind: str
) -> None:
    async with starting() as bridge:
        refused = {"action": "status", "status": 400, "method": "POST", "path_regex": f"{ADDRESS[kind]}$"}
        await sandbox.control("faults", {**refused, "times": 1})
        await end(bridge, kind, CHANGE, "failed")
        await made_by_staff(sandbox, kind, "DuBom", 3_000_000)
        event = await end(bridge, kind, CHANGE | {"title": "T2"}, "failed")
    assert "send vtex_id 3000000 if it is the same" in event["why"]


@each_kind
async def test_a_new_id_is_past_all_that_are_taken(
    starting: Starting, sandbox: RunningSandbox, kind: str
) -> None:
    async with starting() as bridge:
        await deliver(bridge, kind, {"code": "A", "name": "A"})
        first = await named(sandbox, kind, "A")
        # Made by staff since the list was read.
        await made_by_staff(sandbox, kind, "By staff", first["Id"] + 1)
        await deliver(bridge, kind, {"code": "B", "name": "B"})
    assert (await named(sandbox, kind, "B"))["Id"] == first["Id"] + 2
