"""Uploads of images whose answer was lost, through both codecs: in the end each is there once."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.images import BACK, FILES, FRONT, STAFF, images, names, shown, writes
from tests.changes.steps import as_staff, deliver, sku_in_store
from tests.running import RunningBridge, RunningSandbox, until

UPLOADS = {
    "rest": {"method": "POST", "path_regex": "/file$"},
    "webservice": {"method": "POST", "path_regex": "/AdminWebService"},
}


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "late", "seconds": 1},
        {"action": "delay_after", "seconds": 2},
        {"action": "reset_after"},
        {"action": "status_after", "status": 500},
        {"action": "reset_before"},
    ],
    ids=lambda fault: str(fault["action"]),
)
async def test_an_upload_without_an_answer_leaves_one_image(
    starting: Starting, sandbox: RunningSandbox, catalog: str, fault: dict[str, Any]
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("faults", {**UPLOADS[catalog], **fault, "times": 1})
        event = await deliver(bridge, "image", images(FRONT, BACK))
    assert "retrying" in {attempt["outcome"] for attempt in event["attempts"]}
    assert await names(sandbox) == ["front", "Back of it"]
    assert await writes(sandbox) == ["image.added", "image.added"]


async def test_what_two_uploads_without_an_answer_left_twice_is_there_once(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("faults", {**UPLOADS[catalog], "action": "status_after", "status": 504})
        [event_id] = await bridge.post("image", images(FRONT, BACK))
        await bridge.reaches(event_id, "retrying")
        await as_staff(sandbox, "POST", FILES, {"Name": "front", "Url": FRONT["url"]})
        assert await names(sandbox) == ["front", "front"]
        await bridge.reaches(event_id, "delivered")
    assert await names(sandbox) == ["front", "Back of it"]


async def test_what_vtex_finishes_after_the_second_upload_goes_with_the_next_change(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("faults", {**UPLOADS[catalog], "action": "late", "seconds": 3})
        await deliver(bridge, "image", images(FRONT))
        assert await names(sandbox) == ["front"]

        async def twice() -> bool:
            return len(await shown(sandbox)) == 2

        await until(twice, "VTEX finished the first upload too")
        await deliver(bridge, "image", images(FRONT, BACK))
        assert await names(sandbox) == ["front", "Back of it"]
        # From then on a namesake is the team's.
        await as_staff(sandbox, "POST", FILES, STAFF | {"Name": "front"})
        await deliver(bridge, "image", images(FRONT))
    assert sorted(await names(sandbox)) == ["front", "front"]


async def test_an_upload_without_an_answer_is_removed_if_the_erp_wants_it_no_more(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    async with starting(vtex={"catalog": catalog, "timeout_seconds": 0.5}) as bridge:
        await sku_in_store(bridge)
        await sandbox.control("faults", {**UPLOADS[catalog], "action": "status_after", "status": 504})
        [first] = await bridge.post("image", images(FRONT))
        await bridge.reaches(first, "retrying")
        await deliver(bridge, "image", images(BACK))
    assert await names(sandbox) == ["Back of it"]


async def test_reverted_between_two_attempts_the_address_that_vtex_has_is_not_believed(
    bridge: RunningBridge, sandbox: RunningSandbox
) -> None:
    """B was written without an answer, then the ERP says A again, which was acknowledged last."""
    await sku_in_store(bridge)
    await deliver(bridge, "image", images(FRONT))
    [before] = await shown(sandbox)
    put = {"method": "PUT", "path_regex": "/file/", "action": "status_after", "status": 500, "times": 1}
    await sandbox.control("faults", put)
    [second] = await bridge.post("image", images({"url": "https://erp.example.com/2/front.jpg"}))
    await bridge.reaches(second, "retrying", "delivered")
    [third] = await bridge.post("image", images(FRONT))
    await bridge.reaches(third, "delivered", "unchanged")
    [after] = await shown(sandbox)
    assert after == before
