"""The command `bridge`, as a process: what it prints, and how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.database import Database
from app.keys import Keys
from tests.conftest import in_own_loop
from tests.processes import toml
from tests.running import SECRETS, configuration

SHOWN = re.compile(r"(evb_.{6})…  (\w+)  \d{4}-\d\d-\d\d \d\d:\d\d  (.*)")


class Command:
    def __init__(self, folder: Path, database_url: str) -> None:
        self.file = folder / "bridge.toml"
        self.database_url = database_url
        self.file.write_text(toml(configuration(database_url, "http://127.0.0.1:9")))
        self._folder = folder

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env={**os.environ, **SECRETS, "BRIDGE_CONFIG": str(self.file), **environment},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def said(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def connection_of(self, key: str) -> str | None:
        async def asked() -> str | None:
            database = Database(self.database_url)
            try:
                caller = await Keys(database).caller(key)
                return caller.connection if caller else None
            finally:
                await database.close()

        return in_own_loop(asked())


@pytest.fixture
def command(migrated_database_url: str, tmp_path: Path) -> Command:
    return Command(tmp_path, migrated_database_url)


@pytest.fixture
def on_sqlite(migrated_sqlite_url: str, tmp_path: Path) -> Command:
    return Command(tmp_path, migrated_sqlite_url)


def refused(ended: "subprocess.CompletedProcess[str]") -> list[str]:
    """The lines of a refusal: exit code 2, nothing on standard output, and never a traceback."""
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()


@pytest.mark.parametrize("role", ["api", "dispatcher", "poller"])
def test_on_sqlite_a_single_role_refuses_and_names_postgresql(on_sqlite: Command, role: str) -> None:
    assert refused(on_sqlite.run(role)) == [
        f"bridge: database_url: on SQLite only `bridge all` runs; `bridge {role}` needs postgresql://"
    ]


@pytest.mark.parametrize("arguments", [["all"], ["keys", "list"]])
def test_without_a_configuration_the_fix_is_named(on_sqlite: Command, arguments: list[str]) -> None:
    lines = refused(on_sqlite.run(*arguments, BRIDGE_CONFIG="/not/there.toml"))
    fix = "copy bridge.example.toml or name another by BRIDGE_CONFIG"
    assert lines == [f"bridge: /not/there.toml: no such file; {fix}"]


def test_every_mistake_of_the_configuration_is_a_line(on_sqlite: Command) -> None:
    on_sqlite.file.write_text('log_level = "loud"\nport = 1\ndatabase_url = "mysql://db"\n')
    lines = refused(on_sqlite.run("all"))
    assert len(lines) == 3
    assert all(line.startswith(f"bridge: {on_sqlite.file}: ") for line in lines)


def test_a_database_that_does_not_answer_is_named(on_sqlite: Command) -> None:
    lines = refused(on_sqlite.run("keys", "list", BRIDGE_DATABASE_URL="postgresql://b:hunter2@127.0.0.1:9/b"))
    assert len(lines) == 1
    assert "hunter2" not in lines[0]


def test_a_key_for_an_unknown_connection_is_refused(on_sqlite: Command) -> None:
    expected = "bridge: there is no connection 'acne'; the configuration has: acme"
    assert refused(on_sqlite.run("keys", "create", "acne")) == [expected]
    assert on_sqlite.said("keys", "list") == ""


def test_revoking_what_many_keys_begin_with_is_refused(on_sqlite: Command) -> None:
    key = on_sqlite.said("keys", "create", "acme")
    [line] = refused(on_sqlite.run("keys", "revoke", "evb_"))
    assert line.startswith("bridge: no active key begins so; `bridge keys list`")
    assert on_sqlite.connection_of(key) == "acme"


def test_a_created_key_opens_its_connection_and_is_shown_once(command: Command) -> None:
    key = command.said("keys", "create", "acme")
    assert re.fullmatch(r"evb_[\w-]{43}", key)
    assert command.connection_of(key) == "acme"
    assert key not in command.said("keys", "list")


def test_a_revoked_key_opens_nothing_and_is_listed_as_revoked(command: Command) -> None:
    key, kept = command.said("keys", "create", "acme"), command.said("keys", "create", "acme")
    # As the list shows it, dots and all.
    assert command.said("keys", "revoke", f"{key[:10]}…") == "1 revoked"
    assert command.connection_of(key) is None
    assert command.connection_of(kept) == "acme"
    listed = [SHOWN.fullmatch(line) for line in command.said("keys", "list").splitlines()]
    states = {line[1]: (line[2], line[3].partition(" ")[0]) for line in listed if line}
    assert states == {key[:10]: ("acme", "revoked"), kept[:10]: ("acme", "active")}


def test_keys_are_listed_for_machines(on_sqlite: Command) -> None:
    key = on_sqlite.said("keys", "create", "acme")
    [row] = json.loads(on_sqlite.said("keys", "list", "--json"))
    assert (row["hint"], row["connection"], row["revoked_at"]) == (key[:10], "acme", None)


def test_a_fresh_sqlite_database_needs_no_migration_before_its_first_key(tmp_path: Path) -> None:
    command = Command(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")
    key = command.said("keys", "create", "acme")
    assert command.connection_of(key) == "acme"


def test_migrating_makes_an_empty_database_ready_and_can_be_repeated(
    database_url: str, tmp_path: Path
) -> None:
    command = Command(tmp_path, database_url)
    for _ in range(2):
        command.said("migrate")
    key = command.said("keys", "create", "acme")
    assert command.connection_of(key) == "acme"


def test_the_openapi_is_printed_without_a_configuration(on_sqlite: Command, tmp_path: Path) -> None:
    ended = on_sqlite.run("openapi", BRIDGE_CONFIG=str(tmp_path / "none.toml"))
    assert ended.returncode == 0, ended.stderr
    exported = Path(__file__).parent.parent / "openapi" / "openapi.json"
    assert ended.stdout == exported.read_text(encoding="utf-8")


def test_the_command_alone_says_what_it_can(on_sqlite: Command) -> None:
    ended = on_sqlite.run()
    said = ended.stdout + ended.stderr
    for name in ("all", "api", "dispatcher", "poller", "migrate", "keys", "openapi", "sandbox", "demo"):
        assert re.search(rf"\b{name}\b", said), name
