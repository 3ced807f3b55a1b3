"""bridge load: what is refused and said, what is accepted, and that a run that was cut off goes on."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.loading.conftest import Loaded
from tests.running import SECRETS, RunningSandbox, running_bridge, until

EVENTS = "SELECT kind, key, json_extract(payload, '$.quantity') FROM event ORDER BY id"


def stock(number: int, **more: object) -> str:
    return json.dumps({"sku": f"SKU-{number}", "warehouse": "1_1", "quantity": number, **more})


def test_a_file_of_no_known_form_does_not_start(command: Loaded) -> None:
    ended = command.run("load", command.written("stock.txt", stock(1)), "--kind", "stock")
    assert ended.returncode == 2
    assert "ends neither in .jsonl nor in .csv; say which it is by --format" in ended.stderr


def test_an_unknown_kind_connection_or_column_does_not_start(command: Loaded) -> None:
    file = command.written("stock.csv", "sku,warehouse,quantiy", "A,1_1,3")
    for arguments, said in (
        (["--kind", "stok"], "there is no kind 'stok'"),
        (["--kind", "stock", "--connection", "acne"], "there is no connection 'acne'"),
        (["--kind", "stock"], "a stock has no field quantiy; the fields are sku, warehouse, quantity"),
    ):
        ended = command.run("load", file, *arguments)
        assert ended.returncode == 2
        assert said in ended.stderr
    assert command.rows(EVENTS) == []


def test_refused_lines_are_told_with_number_field_and_reason_and_the_others_are_accepted(
    command: Loaded,
) -> None:
    lines = (
        stock(1),
        stock(2, quantity=-1),
        "",
        "[1]",
        '{"sku": "B',
        stock(3, color="red"),
        stock(4, occurred_at="2999-01-01T00:00:00Z"),
        json.dumps({"sku": "x" * 1_000_000}),
        stock(5),
    )
    report = command.folder / "refused.jsonl"
    file = command.written("stock.jsonl", *lines)
    ended = command.run("load", file, "--kind", "stock", "--report", str(report))
    assert ended.returncode == 1
    assert ended.stdout.startswith("2 accepted, 6 refused\n")
    assert "GET /v1/events" in ended.stdout
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [each["line"] for each in told] == [2, 4, 5, 6, 7, 8]
    reasons = [each["reason"] for each in told]
    assert reasons[0].startswith("/quantity: quantity ")
    assert reasons[1] == "the line is no JSON object; send one change in each line"
    assert "not valid JSON" in reasons[2]
    assert reasons[3].startswith("/color: color is no field here; the fields are sku, ")
    assert reasons[4].startswith("/occurred_at: occurred_at is ")
    assert reasons[5] == "the line has more than 1000000 bytes"
    assert ended.stderr.splitlines() == [f"line {each['line']}: {each['reason']}" for each in told]
    assert command.rows(EVENTS) == [("stock", "SKU-1@1_1", 1), ("stock", "SKU-5@1_1", 5)]


def test_each_line_may_name_its_kind(command: Loaded) -> None:
    lines = (
        stock(1, kind="stock"),
        json.dumps({"kind": "price", "sku": "SKU-1", "base": "9.90"}),
        stock(2),
        stock(3, kind="stok"),
    )
    ended = command.run("load", command.written("all.jsonl", *lines))
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (1, "2 accepted, 2 refused")
    missing, unknown = ended.stderr.splitlines()
    assert missing.startswith("line 3: kind is missing: name it in each line, or once by --kind")
    assert unknown.startswith("line 4: kind: there is no kind 'stok'; the kinds are brand, category")
    assert [row[:2] for row in command.rows(EVENTS)] == [("stock", "SKU-1@1_1"), ("price", "SKU-1")]


def test_cells_of_csv_are_read_by_their_fields_types(command: Loaded) -> None:
    (command.folder / "skus.csv").write_bytes(
        b"\xef\xbb\xbfcode;name;eans;packaged_height;manufacturer_code\r\n"
        b'00123;"Vaso; ""grande""\nde barro";"[""7891234567895""]";1.50;null\r\n'
        b"456;\xff;;;\r\n"
        b"789;Vaso;7891234567895;;\r\n"
        b"7890;Vaso\r\n"
    )
    ended = command.run("load", str(command.folder / "skus.csv"), "--kind", "sku")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (1, "1 accepted, 3 refused")
    not_utf8, no_list, short = ended.stderr.splitlines()
    assert not_utf8 == "line 4: the row is not UTF-8; save the file as UTF-8"
    assert no_list.startswith("line 5: /eans: eans ")
    assert short.startswith("line 6: the row has 2 cells and the first line 5")
    [(payload,)] = command.rows("SELECT payload FROM event")
    assert json.loads(payload) == {
        "code": "00123",
        "name": 'Vaso; "grande"\nde barro',
        "eans": ["7891234567895"],
        "packaged_height": "1.50",
        "manufacturer_code": None,
    }


@pytest.mark.parametrize(
    ("encoding", "name", "arguments"),
    [
        ("utf-16", "skus.csv", ["--kind", "sku"]),
        ("utf-16-le", "skus.csv", []),
        ("utf-16-be", "skus.jsonl", []),
    ],
)
def test_a_file_in_utf_16_is_refused_whole(
    command: Loaded, encoding: str, name: str, arguments: list[str]
) -> None:
    file = command.folder / name
    file.write_text("code;name\n1;Vaso\n", encoding=encoding)
    ended = command.run("load", str(file), *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    fix = "save it as UTF-8 (in spreadsheets: CSV UTF-8) and load that"
    assert ended.stderr.splitlines() == [f"bridge: {file} is UTF-16; {fix}"]


def test_numbers_truth_values_and_empty_cells_of_csv(command: Loaded) -> None:
    rows = "kind,sku,warehouse,quantity,unlimited", "stock,1,1_1,5,TRUE", "stock,2,1_1,6,", "stock,3,1_1,x,"
    ended = command.run("load", command.written("stock.csv", *rows))
    assert ended.returncode == 1
    assert ended.stderr.startswith("line 4: /quantity: quantity ")
    payloads = [json.loads(row[0]) for row in command.rows("SELECT payload FROM event ORDER BY id")]
    assert payloads == [
        {"sku": "1", "warehouse": "1_1", "quantity": 5, "unlimited": True},
        {"sku": "2", "warehouse": "1_1", "quantity": 6},
    ]


def test_the_same_file_again_accepts_nothing_unless_the_run_is_another(command: Loaded) -> None:
    file = command.written("stock.jsonl", *map(stock, range(2500)))
    arguments = "load", file, "--kind", "stock"
    assert command.said(*arguments).startswith("2500 accepted, 0 refused")
    assert command.said(*arguments).startswith("0 accepted, 2500 by an earlier run, 0 refused")
    assert command.rows("SELECT count(*) FROM event") == [(2500,)]
    assert command.said(*arguments, "--run", "again").startswith("2500 accepted, 0 refused")


def test_killed_it_goes_on_where_it_was_and_accepts_nothing_twice(command: Loaded) -> None:
    file = command.written("stock.jsonl", *map(stock, range(20_000)))
    arguments = [sys.executable, "-m", "app", "load", file, "--kind", "stock"]
    environment = {**os.environ, **SECRETS, "BRIDGE_CONFIG": str(command.file)}
    with subprocess.Popen(arguments, env=environment) as process:
        deadline = time.monotonic() + 60
        while command.rows("SELECT count(*) FROM event") == [(0,)] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    [(committed,)] = command.rows("SELECT count(*) FROM event")
    assert 0 < committed < 20_000
    said = command.said(*arguments[3:])
    assert said.startswith(f"{20_000 - committed} accepted, {committed} by an earlier run, 0 refused")
    assert command.rows("SELECT count(*), count(DISTINCT key), max(number) FROM event") == [
        (20_000, 20_000, 1)
    ]


async def test_beside_a_running_bridge_what_is_loaded_is_delivered(
    migrated_sqlite_url: str, sandbox: RunningSandbox, command: Loaded
) -> None:
    lines = [json.dumps({"code": f"B-{number}", "name": f"Brand {number}"}) for number in range(20)]
    file = command.written("brands.jsonl", *lines)
    async with running_bridge(migrated_sqlite_url, sandbox.url, orders={"sources": []}):
        await asyncio.to_thread(command.said, "load", file, "--kind", "brand")

        async def delivered() -> bool:
            return command.rows("SELECT count(*) FROM event WHERE status = 'delivered'") == [(20,)]

        await until(delivered, "all brands are delivered")
    names = [each["Name"] for each in (await sandbox.state())["brands"] if each["Name"].startswith("Brand ")]
    assert len(names) == len(set(names)) == 20


def test_a_report_never_overwrites_the_file_that_is_loaded(command: Loaded) -> None:
    file = command.written("stock.jsonl", stock(1))
    for load in (["load", file, "--kind", "stock"], ["load", "bindings", file]):
        ended = command.run(*load, "--report", str(command.folder / "." / "stock.jsonl"))
        assert ended.returncode == 2
        assert "is the file to load itself" in ended.stderr
    assert (command.folder / "stock.jsonl").read_text() == f"{stock(1)}\n"


def test_what_is_nested_too_deeply_is_refused_and_the_others_accepted(command: Loaded) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    file = command.written("all.jsonl", f'{{"kind": "stock", "sku": {deep}}}', stock(1, kind="stock"))
    ended = command.run("load", file)
    assert (ended.returncode, ended.stdout.partition("\n")[0]) == (1, "1 accepted, 1 refused")
    ended = command.run("load", command.written("image.csv", "sku,images", f"A,{deep}"), "--kind", "image")
    assert (ended.returncode, ended.stdout.partition("\n")[0]) == (1, "0 accepted, 1 refused")
    ended = command.run("load", "bindings", command.written("codes.jsonl", f'{{"kind": {deep}}}'))
    assert (ended.returncode, ended.stdout) == (1, "0 bound, 1 refused\n")


def test_a_first_line_without_end_does_not_start(command: Loaded) -> None:
    ended = command.run("load", command.written("stock.csv", "s" * 200_000, "A"), "--kind", "stock")
    assert ended.returncode == 2
    assert "the first line cannot be read" in ended.stderr
