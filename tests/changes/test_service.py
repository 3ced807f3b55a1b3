"""service, through both codecs."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.changes.service import ServiceChange
from tests.changes.conftest import Starting
from tests.changes.steps import as_staff, deliver, end, skus_in_store
from tests.running import RunningBridge, RunningSandbox

PVT = "/api/catalog/pvt"
OPTION: dict[str, Any] = {"code": "O1", "name": "Red", "price": "10.00", "cost": "4.50"}
OTHER = OPTION | {"code": "O2", "name": "Blue", "price": "12.00"}
ATTACHED: dict[str, Any] = {"sku": "S1", "option": "O1", "name": "Gift wrapping"}
SERVICE: dict[str, Any] = {"code": "W", "name": "Wrapping"}
WHOLE = SERVICE | {"options": [OPTION, OTHER], "attachments": [ATTACHED | {"text": "With a ribbon"}]}
AFTER_THE_EFFECT: list[dict[str, Any]] = [
    {"action": "reset_after"},
    {"action": "status_after", "status": 500},
]
NOUNS = ("skuservicetype", "skuservicevalue", "skuservice")


async def services(sandbox: RunningSandbox) -> tuple[list[dict[str, Any]], ...]:
    """Types, options and attachments."""
    found = (await sandbox.state())["services"]
    return tuple(found[noun] for noun in NOUNS)


async def writes(sandbox: RunningSandbox) -> list[str]:
    return [
        entry["effect"]["type"]
        for entry in await sandbox.effects()
        if entry["effect"]["type"].startswith("skuservice")
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "A/B"}, "code"),
        ({"options": [OPTION, OPTION]}, "holds a code twice"),
        ({"options": [OPTION | {"price": "-1"}]}, "price"),
        ({"options": [{"code": "O1", "name": "Red", "price": "1"}]}, "cost"),
        ({"attachments": [ATTACHED, ATTACHED]}, "holds a SKU twice"),
        ({"attachments": [ATTACHED | {"name": "x" * 51}]}, "name"),
    ],
)
def test_what_vtex_could_not_keep_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ServiceChange.model_validate(SERVICE | fields)


async def test_a_first_change_needs_a_name(either: RunningBridge) -> None:
    event = await end(either, "service", {"code": "W", "active": True}, "failed")
    assert event["why"].endswith("send also: name")


async def test_an_attachment_needs_an_option_of_the_service(either: RunningBridge) -> None:
    event = await end(either, "service", SERVICE | {"attachments": [ATTACHED]}, "failed")
    assert "the service has no option O1; send it in options" in event["why"]


async def test_it_is_created_with_its_options_and_attached_to_its_skus(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await skus_in_store(either, "S1")
    await deliver(either, "service", WHOLE)
    [kind], options, [attachment] = await services(sandbox)
    assert (kind["Name"], kind["IsActive"], kind["IsRequired"]) == ("Wrapping", True, False)
    assert [(each["Name"], each["Value"], each["Cost"]) for each in options] == [
        ("Red", 10, 4.5),
        ("Blue", 12, 4.5),
    ]
    assert {each["SkuServiceTypeId"] for each in (*options, attachment)} == {kind["Id"]}
    assert (attachment["SkuServiceValueId"], attachment["SkuId"]) == (options[0]["Id"], 1001)
    assert (attachment["Text"], attachment["IsActive"]) == ("With a ribbon", True)


async def test_a_sku_that_is_awaited_holds_up_nothing_else(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await skus_in_store(either, "S1")
    attachments = [ATTACHED | {"sku": "S2"}, ATTACHED]
    event = await end(either, "service", WHOLE | {"attachments": attachments}, "waiting")
    assert event["why"].startswith("SKU S2 is not in VTEX yet")
    _, options, attached = await services(sandbox)
    assert (len(options), [each["SkuId"] for each in attached]) == (2, [1001])
    await skus_in_store(either, "S2")
    await either.reaches(event["id"], "delivered")
    assert [each["SkuId"] for each in (await services(sandbox))[2]] == [1001, 1002]


async def test_what_the_team_set_and_the_erp_never_mentioned_stays(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "service", SERVICE | {"options": [OPTION]})
    [kind], _, _ = await services(sandbox)
    by_hand = {name: value for name, value in kind.items() if name != "Id"} | {"IsGiftCard": True}
    await as_staff(sandbox, "PUT", f"{PVT}/skuservicetype/{kind['Id']}", by_hand)
    by_hand = {"SkuServiceTypeId": kind["Id"], "Name": "By staff", "Value": 1, "Cost": 1}
    await as_staff(sandbox, "POST", f"{PVT}/skuservicevalue", by_hand)
    await deliver(either, "service", {"code": "W", "name": "Renamed", "options": [OTHER]})
    [kind], options, _ = await services(sandbox)
    assert (kind["Name"], kind["IsGiftCard"]) == ("Renamed", True)
    assert {each["Name"] for each in options} == {"By staff", "Blue"}


async def test_only_what_changed_is_written_and_what_is_named_no_longer_goes(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await skus_in_store(either, "S1")
    await deliver(either, "service", WHOLE)
    await end(either, "service", WHOLE, "unchanged")
    before = len(await writes(sandbox))
    await deliver(either, "service", {"code": "W", "options": [OPTION, OTHER | {"price": "13"}]})
    assert (await writes(sandbox))[before:] == ["skuservicevalue.updated"]
    await deliver(either, "service", {"code": "W", "options": [OTHER], "attachments": []})
    _, options, attached = await services(sandbox)
    assert [each["Name"] for each in options] == ["Blue"]
    assert attached == []


async def test_one_that_staff_made_is_joined_by_its_id(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    await deliver(either, "service", SERVICE)
    [kind], _, _ = await services(sandbox)
    by_hand = {name: value for name, value in kind.items() if name != "Id"} | {"Name": "By staff"}
    made = await as_staff(sandbox, "POST", f"{PVT}/skuservicetype", by_hand)
    taken = await end(either, "service", {"code": "X", "vtex_id": kind["Id"]}, "failed")
    assert "is W in the ERP's codes already" in taken["why"]
    missing = await end(either, "service", {"code": "X", "vtex_id": 9999}, "failed")
    assert "VTEX has no service with the id 9999" in missing["why"]
    await deliver(either, "service", {"code": "X", "vtex_id": made["Id"], "name": "Ours"})
    assert [each["Name"] for each in (await services(sandbox))[0]] == ["Wrapping", "Ours"]


def struck(catalog: str, noun: str, fault: dict[str, Any]) -> dict[str, Any]:
    path = {"rest": f"/{noun}$", "webservice": "/AdminWebService"}[catalog]
    return {**fault, "method": "POST", "path_regex": path}


@pytest.mark.parametrize("fault", AFTER_THE_EFFECT, ids=lambda f: f["action"])
async def test_after_a_lost_answer_it_is_found_by_its_name_near_the_known_ids(
    starting: Starting, sandbox: RunningSandbox, catalog: str, fault: dict[str, Any]
) -> None:
    async with starting(vtex={"catalog": catalog}) as bridge:
        await deliver(bridge, "service", SERVICE)
        await sandbox.control("faults", struck(catalog, "skuservicetype", fault))
        event = await deliver(bridge, "service", {"code": "E", "name": "Engraving"})
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    assert [each["Name"] for each in (await services(sandbox))[0]] == ["Wrapping", "Engraving"]


async def test_where_nothing_is_known_a_person_says_what_became_of_it(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    """VTEX lists no services: nothing else can tell."""
    async with starting(vtex={"catalog": catalog}) as bridge:
        await sandbox.control("faults", struck(catalog, "skuservicetype", AFTER_THE_EFFECT[1]))
        event = await end(bridge, "service", SERVICE, "failed")
        assert "look in its admin for 'Wrapping', then send vtex_id with its id, or null" in event["why"]
        await deliver(bridge, "service", {"code": "W", "vtex_id": 134})
        await sandbox.control("faults", struck(catalog, "skuservicevalue", {"action": "reset_before"}))
        await end(bridge, "service", {"code": "W", "options": [OPTION]}, "failed")
        await deliver(bridge, "service", {"code": "W", "options": [OPTION | {"vtex_id": None}]})
    assert await writes(sandbox) == ["skuservicetype.created", "skuservicevalue.created"]


@pytest.mark.parametrize("noun", ["skuservicevalue", "skuservice"])
async def test_an_option_or_attachment_whose_answer_was_lost_is_there_once(
    starting: Starting, sandbox: RunningSandbox, noun: str
) -> None:
    async with starting() as bridge:
        await skus_in_store(bridge, "S1", "S2")
        await deliver(bridge, "service", WHOLE)
        await sandbox.control("faults", struck("rest", noun, AFTER_THE_EFFECT[0]))
        attachments = [ATTACHED, ATTACHED | {"sku": "S2", "option": "O3"}]
        more = {
            "options": [OPTION, OTHER, OTHER | {"code": "O3", "name": "Green"}],
            "attachments": attachments,
        }
        event = await deliver(bridge, "service", SERVICE | more)
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["retrying", "delivered"]
    _, options, attached = await services(sandbox)
    assert [each["Name"] for each in options] == ["Red", "Blue", "Green"]
    assert [each["SkuId"] for each in attached] == [1001, 1002]
