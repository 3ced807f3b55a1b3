"""bridge drift: what differs is told field by field, and repaired through the lanes."""

import asyncio
import getpass
from collections.abc import Callable
from typing import Any

import pytest

from app.drift.comparing import same
from tests.changes.steps import PRICES, PRODUCT, SKU, SKUS, as_staff, deliver, end
from tests.drift.conftest import Drift
from tests.running import RunningBridge, RunningSandbox, running_bridge, until

Configured = Callable[[dict[str, Any]], Drift]
FIXED = {"trade_policy": "1", "value": "9.90"}
STOCK = {"sku": "S1", "warehouse": "1_1", "quantity": 7}
NEEDED = "ProductId RefId Name PackagedHeight PackagedLength PackagedWidth PackagedWeightKg IsActive".split()


async def catalogue(bridge: RunningBridge) -> None:
    await deliver(bridge, "product", PRODUCT | {"trade_policies": [1]})
    await deliver(bridge, "sku", SKU | {"eans": ["7891234567895"], "manufacturer_code": None})
    await deliver(bridge, "price", {"sku": "S1", "base": "10.50", "markup": 0, "fixed_prices": [FIXED]})
    await deliver(bridge, "stock", STOCK)


async def needed(sandbox: RunningSandbox) -> tuple[int, dict[str, Any]]:
    """The SKU's id, and what a PUT of it needs."""
    [record] = [each for each in (await sandbox.state())["skus"] if each["RefId"] == "S1"]
    return record["Id"], {name: record[name] for name in NEEDED}


async def by_hand(sandbox: RunningSandbox) -> None:
    """The store's team: another weight, price and quantity, and a SKU of their own."""
    sku, body = await needed(sandbox)
    await as_staff(sandbox, "PUT", f"{SKUS}/{sku}", body | {"PackagedWeightKg": 99})
    await as_staff(sandbox, "POST", SKUS, body | {"RefId": "STAFF", "Name": "By staff"})
    await as_staff(sandbox, "PUT", f"{PRICES}/{sku}", {"basePrice": 11, "markup": 0})
    quantity = f"/api/logistics/pvt/inventory/skus/{sku}/warehouses/1_1/quantity"
    await as_staff(sandbox, "PATCH", quantity, {"quantity": 3, "unlimitedQuantity": False})


async def report(drift: Drift, *arguments: str) -> tuple[int, dict[str, Any]]:
    return await asyncio.to_thread(drift.report, *arguments)


def test_an_unknown_kind_is_refused(drift: Configured) -> None:
    ended = drift({}).run("drift", "--kind", "invoice")
    assert ended.returncode == 2
    assert ended.stderr == "bridge: invoice cannot be compared; the kinds are product, sku, price, stock\n"


def test_what_is_on_its_way_is_counted_page_by_page_and_not_compared(drift: Configured) -> None:
    command = drift({})
    lines = [f'{{"sku": "S{number}", "warehouse": "1_1", "quantity": 1}}' for number in range(450)]
    command.said("load", command.written("stock.jsonl", *lines), "--kind", "stock")
    code, said = command.report("--kind", "stock")
    assert (code, said["compared"], said["pending"], said["findings"]) == (0, 450, 450, [])
    assert command.said("drift", "--kind", "stock").startswith("450 compared, 450 pending, 0 missing")


async def test_keys_that_vtex_refuses_end_it_with_a_sentence(
    migrated_sqlite_url: str, sandbox: RunningSandbox, drift: Configured
) -> None:
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}) as bridge:
        await deliver(bridge, "product", PRODUCT)
    ended = await asyncio.to_thread(drift({}).run, "drift", TEST_APP_TOKEN="wrong")
    assert (ended.returncode, ended.stdout) == (2, "")
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("bridge: ")
    assert "key" in said


async def test_differences_are_told_field_by_field_and_repaired(
    migrated_sqlite_url: str, sandbox: RunningSandbox, drift: Configured, catalog: str
) -> None:
    vtex = {"catalog": catalog}
    command = drift(vtex)
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}, vtex=vtex) as bridge:
        await catalogue(bridge)
        _, said = await report(command)
        before = {each["ref_id"] for each in said["extra_skus"]}
        assert (said["compared"], said["findings"], "S1" in before) == (4, [], False)
        await end(bridge, "sku", {"code": "S9", "name": "Never made"}, "failed")
        await by_hand(sandbox)
        told = (await asyncio.to_thread(command.run, "drift")).stdout.splitlines()
        assert 'sku S1: PackagedWeightKg: the ERP says "1500", VTEX has "99.0"' in told
        assert 'price S1: basePrice: the ERP says "10.50", VTEX has 11' in told
        assert told[-1].endswith("1 missing, 3 different, 0 unread, 1 extra, 0 repaired, 0 unrepaired")
        code, said = await report(command, "--repair")
        assert code == 1
        found = {f"{each['kind']} {each['key']}": each for each in said["findings"]}
        assert found["sku S9"]["what"] == "missing"
        weight = found["sku S1"]["fields"]["PackagedWeightKg"]
        assert (float(weight["erp"]), float(weight["vtex"])) == (1500, 99)
        price = found["price S1"]["fields"]
        assert price["basePrice"] == {"erp": "10.50", "vtex": 11}
        assert price["fixedPrices"]["vtex"] == {}
        assert found["stock S1@1_1"]["fields"] == {"quantity": {"erp": 7, "vtex": 3}}
        assert (said["missing"], said["different"], said["repaired"]) == (1, 3, 4)
        assert {each["ref_id"] for each in said["extra_skus"]} - before == {"STAFF"}
        stored = command.rows("SELECT json_extract(report, '$.different') FROM drift_report ORDER BY id")
        assert stored == [(0,), (3,), (3,)]
        audited = command.rows("SELECT DISTINCT who, connection FROM audit WHERE action = 'drift-repair'")
        assert audited == [(f"operator {getpass.getuser()}", "acme")]
        assert command.rows("SELECT count(*) FROM audit WHERE action = 'drift-repair'") == [(4,)]

        async def repaired() -> bool:
            _, said = await report(command)
            return bool(said["different"] == 0 and said["pending"] == 0)

        await until(repaired, "what differed is repaired", seconds=60)


async def test_what_vtex_does_not_tell_is_listed_as_unread(
    migrated_sqlite_url: str, sandbox: RunningSandbox, drift: Configured
) -> None:
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}) as bridge:
        await deliver(bridge, "product", PRODUCT)
    fault = {"action": "status", "status": 400, "path_regex": "/api/catalog/pvt/product/"}
    await sandbox.control("faults", fault)
    code, said = await report(drift({}), "--kind", "product")
    assert (code, said["unread"], said["missing"]) == (2, 1, 0)
    assert said["findings"][0]["reason"]


async def test_in_express_mode_only_what_the_erp_owns_is_compared(
    migrated_sqlite_url: str, sandbox: RunningSandbox, drift: Configured, catalog: str
) -> None:
    vtex = {"catalog": catalog, "mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}, vtex=vtex) as bridge:
        await catalogue(bridge)
        sku, body = await needed(sandbox)
        await as_staff(sandbox, "PUT", f"{SKUS}/{sku}", body | {"Name": "By staff"})
        _, said = await report(drift(vtex), "--kind", "sku", "--kind", "product")
    assert (said["compared"], said["findings"]) == (2, [])


@pytest.mark.parametrize("pair", [(None, ""), (None, 0), ("1.50", "1.50"), ([1, 2], [2, 1]), (1, 1.0)])
def test_alike(pair: tuple[Any, Any]) -> None:
    assert same(*pair)


@pytest.mark.parametrize("pair", [(0, None), ("a", "A"), (True, False), (None, False), ([1], [1, 2])])
def test_different(pair: tuple[Any, Any]) -> None:
    assert not same(*pair)
