"""image, through both codecs: matched by name, added, replaced, removed and put in order."""

from typing import Any

import pytest

from tests.changes.conftest import Starting
from tests.changes.images import BACK, FILES, FRONT, STAFF, images, names, shown, writes
from tests.changes.steps import PRODUCT, SKU, as_staff, calls, deliver, end, sku_in_store
from tests.running import RunningBridge, RunningSandbox


@pytest.mark.parametrize(
    ("listed", "pointer", "mistake"),
    [
        (
            [{"url": "ftp://erp.example.com/front.jpg"}],
            "/images/0/url",
            "must start with http:// or https:// and end in .jpg",
        ),
        (
            [{"url": "https://erp.example.com/front.webp"}],
            "/images/0/url",
            "must start with http:// or https:// and end in .jpg",
        ),
        ([FRONT | {"name": "a/b"}], "/images/0/name", "must not contain a slash"),
        ([FRONT, FRONT], "/images", "holds two images named front: give each a name of its own"),
        ([BACK, BACK | {"name": "BACK of it"}], "/images", "holds two images named BACK of it"),
        ([FRONT | {"main": True}, BACK | {"main": True}], "/images", "holds two main images"),
    ],
)
async def test_what_cannot_be_told_apart_or_fetched_is_refused(
    bridge: RunningBridge, listed: list[dict[str, Any]], pointer: str, mistake: str
) -> None:
    answer = await bridge.client.post("/v1/changes/image", json=images(*listed))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert mistake in error["detail"]


async def test_images_wait_for_their_sku(either: RunningBridge, sandbox: RunningSandbox) -> None:
    event = await end(either, "image", images(FRONT), "waiting")
    assert event["why"].startswith("SKU S1 is not in VTEX yet")
    await deliver(either, "product", PRODUCT)
    await deliver(either, "sku", SKU)
    await either.reaches(event["id"], "delivered")
    assert await names(sandbox) == ["front"]


async def test_images_of_a_sku_that_was_deleted_in_vtex_wait_for_it(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    store = sandbox.app.state.store
    del store.skus[1001], store.sku_by_ref["S1"]
    event = await end(either, "image", images(FRONT), "waiting")
    assert event["why"].startswith("VTEX no longer has SKU S1; send it again")
    await deliver(either, "sku", {"code": "S1", "packaged_height": "11"})
    await either.reaches(event["id"], "delivered")
    assert await names(sandbox) == ["front"]


async def test_an_image_that_vtex_refuses_is_named(bridge: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(bridge)
    fault = {"action": "status", "status": 400, "method": "POST", "path_regex": "/file$", "body": "too large"}
    await sandbox.control("faults", fault)
    event = await end(bridge, "image", images(FRONT), "failed")
    assert event["why"].startswith("image front: VTEX catalog (add image) refused it with 400: too large")
    await deliver(bridge, "image", images(FRONT | {"url": "https://erp.example.com/small/front.jpg"}))
    assert await names(sandbox) == ["front"]


async def test_two_of_a_name_that_staff_made_are_not_guessed_between(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    for _ in range(2):
        await as_staff(sandbox, "POST", FILES, STAFF | {"Name": "front"})
    event = await end(either, "image", images(FRONT), "failed")
    assert event["why"].startswith("VTEX has 2 images named front of SKU S1: remove all but one there")
    assert len(await shown(sandbox)) == 2


async def test_the_first_is_the_main_one_and_the_order_is_the_lists(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT | {"label": "Front"}, BACK))
    assert [(image["Name"], image["Label"], image["IsMain"]) for image in await shown(sandbox)] == [
        ("front", "Front", True),
        ("Back of it", None, False),
    ]
    await deliver(either, "image", images(BACK, FRONT | {"label": "Front"}))
    assert [(image["Name"], image["IsMain"]) for image in await shown(sandbox)] == [
        ("Back of it", True),
        ("front", False),
    ]
    assert await writes(sandbox) == ["image.added", "image.added", "image.arranged"]


async def test_the_main_one_is_shown_first(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT, BACK | {"main": True}))
    assert [(image["Name"], image["IsMain"]) for image in await shown(sandbox)] == [
        ("Back of it", True),
        ("front", False),
    ]


async def test_the_same_images_again_are_not_sent(either: RunningBridge, sandbox: RunningSandbox) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT, BACK))
    before = await writes(sandbox)
    await end(either, "image", images(FRONT, BACK), "unchanged")
    assert await writes(sandbox) == before


async def test_a_new_address_under_the_same_name_is_fetched_and_no_other(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT, BACK))
    before = await shown(sandbox)
    await deliver(either, "image", images({"url": "https://erp.example.com/2/front.jpg"}, BACK))
    after = await shown(sandbox)
    assert [image["Id"] for image in after] == [image["Id"] for image in before]
    assert after[0]["Url"] != before[0]["Url"]
    assert after[1] == before[1]
    assert await writes(sandbox) == ["image.added", "image.added", "image.updated"]


async def test_only_the_erps_own_are_removed_and_the_teams_stand_behind(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await as_staff(sandbox, "POST", FILES, STAFF)
    await deliver(either, "image", images(FRONT, BACK))
    assert await names(sandbox) == ["front", "Back of it", "By staff"]
    [_, _, theirs] = await shown(sandbox)
    await deliver(either, "image", images(BACK))
    assert await names(sandbox) == ["Back of it", "By staff"]
    await deliver(either, "image", images())
    [left] = await shown(sandbox)
    assert left | {"Position": 0, "IsMain": True} == theirs | {"Position": 0, "IsMain": True}


async def test_a_label_by_staff_survives_a_new_address(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT))
    [file] = await shown(sandbox)
    body = {"Name": "front", "Url": FRONT["url"], "Label": "Team", "IsMain": True, "Position": 0}
    await as_staff(sandbox, "PUT", f"{FILES}/{file['Id']}", body)
    await deliver(either, "image", images({"url": "https://erp.example.com/2/front.jpg"}))
    [image] = await shown(sandbox)
    assert (image["Id"], image["Label"]) == (file["Id"], "Team")
    await deliver(either, "image", images({"url": "https://erp.example.com/2/front.jpg", "label": None}))
    [image] = await shown(sandbox)
    assert image["Label"] is None


async def test_an_image_of_its_name_that_was_there_before_becomes_the_erps(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await as_staff(sandbox, "POST", FILES, STAFF | {"Name": "front"})
    [before] = await shown(sandbox)
    await deliver(either, "image", images(FRONT))
    [after] = await shown(sandbox)
    assert (after["Id"], after["Url"] != before["Url"]) == (before["Id"], True)


async def test_an_image_that_staff_removed_comes_back_with_the_next_change(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT))
    await as_staff(sandbox, "DELETE", FILES)
    await deliver(either, "image", images(FRONT, BACK))
    assert await names(sandbox) == ["front", "Back of it"]


async def test_in_express_mode_images_are_added_and_then_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    express = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}, "catalog": catalog}
    async with starting(vtex=express) as bridge:
        await sku_in_store(bridge)
        await deliver(bridge, "image", images(FRONT))
        await as_staff(sandbox, "DELETE", FILES)
        await as_staff(sandbox, "POST", FILES, STAFF)
        [before] = await shown(sandbox)
        await deliver(bridge, "image", images({"url": "https://erp.example.com/2/front.jpg"}, BACK))
        assert await names(sandbox) == ["By staff", "Back of it"]
        assert (await shown(sandbox))[0] == before
        await deliver(bridge, "image", images())
        assert await names(sandbox) == ["By staff", "Back of it"]


async def test_removing_what_is_gone_already_is_no_failure(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await sku_in_store(either)
    await deliver(either, "image", images(FRONT))
    fault = {"method": "DELETE", "path_regex": "/file/", "action": "status_after", "status": 500, "times": 1}
    await sandbox.control("faults", fault)
    await deliver(either, "image", images())
    assert await shown(sandbox) == []
    assert len(await calls(sandbox, "DELETE", "/file/")) == 1
