"""`bridge load`, as a process: what is right is accepted once, the rest is listed with its line."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy.engine import make_url

from tests.running import SECRETS
from tests.test_command import Command, command, on_sqlite, refused

__all__ = ["command", "on_sqlite"]

#: The issue's figure, for 100,000 lines.
MOST_MEGABYTES = 200


def stock(number: int, quantity: object = 5) -> dict[str, Any]:
    return {"sku": f"SKU-{number}", "warehouse": "1_1", "quantity": quantity}


def written(file: Path, records: list[Any]) -> Path:
    file.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return file


def stored(bridge: Command) -> int:
    with closing(sqlite3.connect(str(make_url(bridge.database_url).database))) as database:
        return int(database.execute("SELECT count(*) FROM event").fetchone()[0])


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        (["missing.jsonl", "--kind", "stock"], "missing.jsonl: no such file"),
        (["FILE"], "name the kind of the changes: --kind brand | "),
        (["FILE", "--kind", "stok"], "name the kind of the changes: --kind brand | "),
        (["FILE", "--kind", "stock", "--connection", "beta"], "there is no connection 'beta'"),
        (["bindings"], "name the file: bridge load bindings FILE"),
        (["other", "FILE"], "takes one file, or `bindings` and a file"),
    ],
)
def test_a_wrong_call_names_the_fix(
    on_sqlite: Command, tmp_path: Path, arguments: list[str], mistake: str
) -> None:
    file = written(tmp_path / "stock.jsonl", [stock(1)])
    given = [str(file) if each == "FILE" else each for each in arguments]
    assert mistake in refused(on_sqlite.run("load", *given))[0]


def test_refused_lines_are_listed_with_their_numbers_and_the_others_are_accepted(
    command: Command, tmp_path: Path
) -> None:
    records = [stock(1), stock(2, -1), {"sku": "SKU-3"}, [stock(4)], stock(5) | {"colour": "red"}, stock(6)]
    file = written(tmp_path / "stock.jsonl", records)
    with file.open("a") as more:
        more.write("{broken\n")
    report = tmp_path / "refused.jsonl"
    ended = command.run("load", str(file), "--kind", "stock", "--report", str(report), "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"lines": 7, "accepted": 2, "accepted_before": 0, "refused": 5}
    listed = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(each["number"], each["pointer"]) for each in listed] == [
        (2, "/quantity"),
        (3, "/warehouse"),
        (3, "/quantity"),
        (4, ""),
        (5, "/colour"),
        (7, ""),
    ]
    shown = command.run("load", str(file), "--kind", "stock").stderr.splitlines()
    assert shown[0] == "line 2: quantity must be at least 0"


def test_a_csv_is_loaded_like_json_lines(on_sqlite: Command, tmp_path: Path) -> None:
    file = tmp_path / "skus.csv"
    measures = "packaged_height,packaged_length,packaged_width,packaged_weight"
    file.write_text(f'code,product,name,eans,{measures}\n00123,P1,Vaso,"[""12345678""]",1,2,3,4.5\n')
    assert on_sqlite.said("load", str(file), "--kind", "sku").startswith("1 lines, 1 accepted")
    with closing(sqlite3.connect(str(make_url(on_sqlite.database_url).database))) as database:
        [(payload,)] = database.execute("SELECT payload FROM event").fetchall()
    assert json.loads(payload)["eans"] == ["12345678"]
    assert json.loads(payload)["code"] == "00123"


def test_the_same_file_again_accepts_nothing_twice(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "stock.jsonl", [stock(number) for number in range(1_200)])
    command.said("load", str(file), "--kind", "stock")
    told = json.loads(command.said("load", str(file), "--kind", "stock", "--json"))
    assert told == {"lines": 1200, "accepted": 0, "accepted_before": 1200, "refused": 0}


def test_a_run_that_was_killed_is_finished_by_the_next(on_sqlite: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "stock.jsonl", [stock(number) for number in range(20_000)])
    environment = {**os.environ, **SECRETS, "BRIDGE_CONFIG": str(on_sqlite.file)}
    arguments = [sys.executable, "-m", "app", "load", str(file), "--kind", "stock"]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 30
        while stored(on_sqlite) < 1_000:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    cut_off = stored(on_sqlite)
    assert cut_off < 20_000
    told = json.loads(on_sqlite.said("load", str(file), "--kind", "stock", "--json"))
    assert (told["accepted_before"], told["accepted"]) == (cut_off, 20_000 - cut_off)
    assert stored(on_sqlite) == 20_000


def test_100_000_lines_stay_within_the_memory(on_sqlite: Command, tmp_path: Path) -> None:
    file = written(tmp_path / "stock.jsonl", [stock(number) for number in range(100_000)])
    environment = {**os.environ, **SECRETS, "BRIDGE_CONFIG": str(on_sqlite.file)}
    arguments = [sys.executable, "-m", "app", "load", str(file), "--kind", "stock"]
    most = 0
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            try:
                most = max(most, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.1)
        assert running.stdout is not None
        assert running.stdout.read().startswith("100,000 lines, 100,000 accepted")
    assert 0 < most < MOST_MEGABYTES * 1024 * 1024
