"""`bridge load bindings`: for a store that exists already; what is ambiguous is refused and listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.loading.bindings import Imported, load_bindings
from app.loading.lines import read
from tests.changes.steps import SKU, SKUS, as_staff
from tests.running import RunningBridge, RunningSandbox, running_bridge


def row(kind: str, code: str, vtex_id: object, **others: Any) -> dict[str, Any]:
    return {"kind": kind, "code": code, "vtex_id": vtex_id, **others}


async def imported(
    bridge: RunningBridge, folder: Path, *rows: dict[str, Any], replace: bool = False
) -> Imported:
    file = folder / "ids.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    return await load_bindings(bridge.parts.store, "acme", read(file), replace=replace)


async def bound(bridge: RunningBridge, kind: str, code: str) -> int | None:
    answer = await bridge.client.get(f"/v1/entities/{kind}/{code}")
    return answer.json().get("vtex_id") if answer.status_code == 200 else None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (row("warehouse", "A", 1), "kind must be one of brand, category, product, sku"),
        (row("sku", "A", 0), "vtex_id must be greater than 0"),
        (row("sku", "A", 2**31), "vtex_id must be at most 2147483647"),
        (row("sku", "A", "7"), "vtex_id must be a whole number"),
        (row("sku", "", 7), "code must not be empty"),
        (row("sku", "A", 7, name="x"), "name is no field here; the fields are kind, code, vtex_id"),
    ],
)
async def test_a_wrong_line_is_refused_with_its_fix(
    bridge: RunningBridge, tmp_path: Path, wrong: dict[str, Any], reason: str
) -> None:
    found = await imported(bridge, tmp_path, row("sku", "GOOD", 5), wrong)
    [refused] = found.refused
    assert (found.bound, refused.number) == (1, 2)
    assert reason in refused.reason


async def test_of_an_ambiguous_group_nothing_is_bound(bridge: RunningBridge, tmp_path: Path) -> None:
    found = await imported(
        bridge,
        tmp_path,
        row("sku", "TWO-IDS", 1),
        row("sku", "TWO-IDS", 2),
        row("sku", "ONE", 3),
        row("sku", "OTHER", 3),
        row("product", "OTHER", 3),
        row("sku", "TWICE", 4),
        row("sku", "TWICE", 4),
    )
    assert [(each.number, each.reason) for each in found.refused] == [
        (1, "sku TWO-IDS has several ids in this file: 1, 2"),
        (2, "sku TWO-IDS has several ids in this file: 1, 2"),
        (3, "VTEX's sku 3 is OTHER too in this file"),
        (4, "VTEX's sku 3 is ONE too in this file"),
    ]
    assert found.bound == 2


async def test_what_is_bound_otherwise_stays_unless_it_is_to_be_replaced(
    bridge: RunningBridge, tmp_path: Path
) -> None:
    await imported(bridge, tmp_path, row("sku", "A", 1), row("sku", "B", 2))
    found = await imported(bridge, tmp_path, row("sku", "A", 9), row("sku", "C", 2))
    assert [each.reason for each in found.refused] == [
        "sku A is bound to 1 already; correct the id, or add --replace",
        "VTEX's sku 2 is bound to B already; correct the id, or first B's",
    ]
    assert found.bound == 0
    assert (await imported(bridge, tmp_path, row("sku", "B", 2))).known == 1
    found = await imported(bridge, tmp_path, row("sku", "A", 9), row("sku", "C", 2), replace=True)
    assert (found.bound, len(found.refused)) == (1, 1)


async def test_what_waited_for_it_is_sent_at_once(
    migrated_database_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """The store's SKU has no RefId that we could find it by."""
    product = {"Name": "Vaso", "CategoryId": 1, "BrandId": 1, "RefId": "P9"}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/product", product)
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    await as_staff(sandbox, "POST", SKUS, {"ProductId": 1, "Name": "Vaso", "RefId": "OTHER"} | sizes)
    async with running_bridge(migrated_database_url, sandbox.url, orders={"sources": []}) as bridge:
        [price] = await bridge.post("price", {"sku": SKU["code"], "base": "10.00"})
        await bridge.reaches(price, "waiting")
        found = await imported(bridge, tmp_path, row("sku", str(SKU["code"]), 1001))
        assert (found.bound, found.woken) == (1, 1)
        await bridge.reaches(price, "delivered", seconds=5)
        assert (await bridge.client.get(f"/v1/entities/price/{SKU['code']}")).json()["pending"] is None
