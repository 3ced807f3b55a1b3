"""`bridge doctor --explain`: what changes would do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_command import Command, command, on_sqlite, refused

__all__ = ["command", "on_sqlite"]

CHANGE = {"kind": "brand", "change": {"code": "B", "name": "DuBom"}}


def explained(
    bridge: Command, folder: Path, content: Any, *others: str
) -> "subprocess.CompletedProcess[str]":
    file = folder / "change.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return bridge.run("doctor", "--explain", str(file), *others)


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ({"kind": ["brand"], "change": {}}, "change 1: kind must be one of brand, category"),
        ({"kind": "brand"}, 'change 1 must be {"kind": …, "change": {…}}'),
        ([CHANGE, {"kind": "invoice", "change": {}}], "change 2: kind must be one of brand, category"),
        ({"kind": "stock", "change": {"sku": "A"}}, "change 1: nothing was stored; /warehouse"),
    ],
)
def test_a_wrong_file_names_the_fix(on_sqlite: Command, tmp_path: Path, content: Any, mistake: str) -> None:
    assert mistake in refused(explained(on_sqlite, tmp_path, content))[0]


def test_a_database_that_is_not_migrated_is_said(sqlite_url: str, tmp_path: Path) -> None:
    mistake = refused(explained(Command(tmp_path, sqlite_url), tmp_path, CHANGE))[0]
    assert "run `bridge migrate`" in mistake


def test_the_calls_are_printed_and_none_is_made(command: Command, tmp_path: Path) -> None:
    """The configuration's VTEX is a port where nobody listens."""
    ended = explained(command, tmp_path, [CHANGE])
    assert ended.returncode == 0, ended.stderr
    assert "brand B (complete, rest): would create it" in ended.stdout
    assert "writes POST http://127.0.0.1:9/api/catalog/pvt/brand" in ended.stdout
    assert "sandbox-token" not in ended.stdout + ended.stderr


def test_for_machines_it_is_json(on_sqlite: Command, tmp_path: Path) -> None:
    [told] = json.loads(explained(on_sqlite, tmp_path, CHANGE, "--json").stdout)
    assert (told["kind"], told["would"], told["owned"]) == ("brand", "create", ["code", "name"])


def test_production_roles_do_not_load_the_sandbox() -> None:
    program = "import sys, app.main; sys.exit(any(name.startswith('app.sandbox') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
