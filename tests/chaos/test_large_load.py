"""An initial load of a hundred thousand lines: what it takes does not grow with the file."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import toml
from tests.running import SECRETS, configuration

LINES = 100_000
MOST_KILOBYTES = 200 * 1024


@pytest.mark.chaos
def test_a_hundred_thousand_lines_stay_under_200_mb(migrated_sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text(toml(configuration(migrated_sqlite_url, "http://127.0.0.1:9")))
    with (tmp_path / "stock.jsonl").open("w") as file:
        for number in range(LINES):
            change = {"kind": "stock", "sku": f"SKU-{number}", "warehouse": "1_1", "quantity": number}
            file.write(json.dumps(change) + "\n")
    command = [sys.executable, "-m", "app", "load", str(tmp_path / "stock.jsonl")]
    environment = {**os.environ, **SECRETS, "BRIDGE_CONFIG": str(tmp_path / "bridge.toml")}
    process = os.posix_spawn(sys.executable, command, environment)
    _, status, used = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (LINES,)
    assert used.ru_maxrss < MOST_KILOBYTES
