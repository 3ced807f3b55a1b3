"""bridge load bindings: what contradicts itself is listed and not bound; who waited is woken."""

import asyncio
import json

from tests.changes.steps import as_staff
from tests.loading.conftest import Loaded
from tests.running import RunningSandbox, running_bridge

BINDINGS = "SELECT kind, code, vtex_id FROM binding ORDER BY kind, code"
HEADER = "kind,code,vtex_id"


def test_what_is_no_binding_is_refused_with_its_line(command: Loaded) -> None:
    rows = "stock,A,1", "sku,A,0", "sku,B,2147483648", "sku,C,x", "sku,,4", "brand,D,5"
    ended = command.run("load", "bindings", command.written("codes.csv", HEADER, *rows))
    assert (ended.returncode, ended.stdout) == (1, "1 bound, 5 refused\n")
    told = ended.stderr.splitlines()
    assert [line.partition(":")[0] for line in told] == [f"line {number}" for number in range(2, 7)]
    assert told[0].endswith(
        "kind: 'stock' has no bindings; those that have are brand, category, product, sku, service"
    )
    assert told[1].endswith("vtex_id: must be a whole number from 1 to 2147483647")
    assert command.rows(BINDINGS) == [("brand", "D", 5)]


def test_nothing_of_an_ambiguous_group_is_bound(command: Loaded) -> None:
    pairs = [("A", 1), ("A", 2), ("B", 2), ("C", 3), ("C", 3), ("D", 4)]
    lines = [json.dumps({"kind": "sku", "code": code, "vtex_id": number}) for code, number in pairs]
    # The same id of another kind is another record.
    lines.append(json.dumps({"kind": "product", "code": "A", "vtex_id": 4}))
    ended = command.run("load", "bindings", command.written("codes.jsonl", *lines))
    assert (ended.returncode, ended.stdout) == (1, "3 bound, 4 refused\n")
    same, *ambiguous = ended.stderr.splitlines()
    assert same == "line 5: line 4 says the same"
    assert ambiguous[0] == (
        "line 1: sku A and VTEX's id 1 are not said alike in lines 2, 3; keep the one that is right"
    )
    assert command.rows(BINDINGS) == [("product", "A", 4), ("sku", "C", 3), ("sku", "D", 4)]


def test_what_is_bound_already_is_replaced_only_on_demand(command: Loaded) -> None:
    first = command.written("first.csv", HEADER, "sku,A,1", "sku,B,2")
    assert command.said("load", "bindings", first) == "2 bound, 0 refused"
    assert command.said("load", "bindings", first) == "2 bound, 0 refused"
    other = command.written("other.csv", HEADER, "sku,A,9", "sku,C,2")
    ended = command.run("load", "bindings", other)
    assert ended.stdout == "0 bound, 2 refused\n"
    assert ended.stderr.splitlines() == [
        "line 2: code: sku A is bound to 1 already; --replace binds it anew",
        "line 3: vtex_id: 2 is bound to sku B already; say in the same file which id B is, with --replace",
    ]
    ended = command.run("load", "bindings", other, "--replace")
    assert ended.stdout == "1 bound, 1 refused\n"
    assert command.rows(BINDINGS) == [("sku", "A", 9), ("sku", "B", 2)]
    swapped = command.written("swapped.csv", HEADER, "sku,A,2", "sku,B,9")
    assert command.said("load", "bindings", swapped, "--replace") == "2 bound, 0 refused"
    assert command.rows(BINDINGS) == [("sku", "A", 2), ("sku", "B", 9)]


async def test_who_waits_for_a_code_is_woken_when_it_is_bound(
    migrated_sqlite_url: str, sandbox: RunningSandbox, command: Loaded
) -> None:
    texts = {"Text": "", "Keywords": "", "SiteTitle": "", "Active": True, "MenuHome": False}
    await as_staff(sandbox, "POST", "/api/catalog/pvt/brand", {"Id": 70, "Name": "By staff", **texts})
    # Looked for again by themselves, they would wait for an hour.
    slow = {"waiting_check_seconds": 3600}
    async with running_bridge(
        migrated_sqlite_url, sandbox.url, orders={"sources": []}, delivery=slow
    ) as bridge:
        product = {"code": "P", "name": "Vaso", "brand": "STAFF", "category_id": 1}
        [event] = await bridge.post("product", product)
        await bridge.reaches(event, "waiting")
        file = command.written("codes.csv", HEADER, "brand,STAFF,70")
        await asyncio.to_thread(command.said, "load", "bindings", file)
        await bridge.reaches(event, "delivered")
    assert [each["BrandId"] for each in (await sandbox.state())["products"] if each["RefId"] == "P"] == [70]
