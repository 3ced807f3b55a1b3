"""`bridge keys` and `bridge audit`, as an operator meets them."""

import getpass
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.database import Database
from app.keys import Caller, Keys, Scope
from app.main import cli
from tests.conftest import in_own_loop
from tests.test_command import Command, refused


@pytest.fixture
def on_sqlite(migrated_sqlite_url: str, tmp_path: Path) -> Command:
    return Command(tmp_path, migrated_sqlite_url)


def caller(command: Command, key: str) -> Caller | None:
    async def asked() -> Caller | None:
        database = Database(command.database_url)
        try:
            return await Keys(database).caller(key)
        finally:
            await database.close()

    return in_own_loop(asked())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scope", "changes:delete"], "is not one of 'changes:write', 'events:read'"),
        (["--expires-in", "soon"], "write a number and s, m, h, d or w, such as 90d"),
        (["--expires-in", "0d"], "write a number and s, m, h, d or w, such as 90d"),
        (["--expires-at", "31.1.2027"], "write a moment such as 2027-01-31"),
        (["--expires-at", "2020-01-31"], "--expires-at is past: the key would open nothing"),
        (["--expires-in", "1d", "--expires-at", "2999-01-31"], "say --expires-in or --expires-at, not both"),
        (["--name", ""], "--name takes 1 to 100 printable characters"),
        (["--name", "a\nb"], "--name takes 1 to 100 printable characters"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_with_the_fix(
    on_sqlite: Command, arguments: list[str], said: str
) -> None:
    """In this process: eight more would take long."""
    ended = CliRunner().invoke(
        cli, ["keys", "create", "acme", *arguments, "--config", str(on_sqlite.file)], env={"COLUMNS": "200"}
    )
    assert ended.exit_code in {1, 2}
    assert said in f"{ended.stderr} {ended.exception}"
    assert ended.stdout == ""


def test_a_key_has_what_the_command_gives_it_and_the_list_shows_it(on_sqlite: Command) -> None:
    key = on_sqlite.said(
        *("keys", "create", "acme", "--name", "price export", "--expires-in", "90d"),
        *("--scope", "events:read", "--scope", "changes:write"),
    )
    found = caller(on_sqlite, key)
    assert found is not None
    assert found.scopes == {Scope.CHANGES_WRITE, Scope.EVENTS_READ}
    assert found.expires_at is not None
    assert timedelta(days=89) < found.expires_at - datetime.now(UTC) < timedelta(days=90)
    until = f"{found.expires_at:%Y-%m-%d %H:%M}"
    assert on_sqlite.said("keys", "list").endswith(
        f"  active until {until}  changes:write,events:read  price export"
    )


def test_a_revoked_key_is_refused_by_a_process_that_hears_of_nothing(on_sqlite: Command) -> None:
    """When the command has ended, all that was remembered of the key is over."""
    key = on_sqlite.said("keys", "create", "acme")

    async def remembered() -> list[bool]:
        database = Database(on_sqlite.database_url)
        keys = Keys(database)
        try:
            before = await keys.caller(key)
            on_sqlite.said("keys", "revoke", key)
            return [before is not None, await keys.caller(key) is not None]
        finally:
            await database.close()

    assert in_own_loop(remembered()) == [True, False]


def test_what_the_commands_do_is_in_the_audit_log(on_sqlite: Command) -> None:
    assert on_sqlite.said("audit") == ""
    key = on_sqlite.said("keys", "create", "acme", "--name", "prices", "--scope", "changes:write")
    on_sqlite.said("keys", "revoke", key)
    on_sqlite.said("seal")
    shown = [re.split(r"  +", line)[1:] for line in on_sqlite.said("audit").splitlines()]
    operator = f"operator {getpass.getuser()}"
    assert shown == [
        [operator, "acme", "key-create", f"{key[:10]} (prices)", "changes:write"],
        [operator, "acme", "key-revoke", f"{key[:10]} (prices)", "done"],
        [operator, "(all)", "seal", "all personal data", "begun"],
        [operator, "(all)", "seal", "all personal data", "0 events and 0 attempts, 0 not"],
    ]
    assert key not in on_sqlite.said("audit", "--json")


def test_the_audit_log_is_listed_from_a_moment_on(on_sqlite: Command) -> None:
    on_sqlite.said("keys", "create", "acme")
    [line] = json.loads(on_sqlite.said("audit", "--json"))
    assert {"at", "who", "connection", "action", "what", "outcome"} <= set(line)
    for since, count in (("1h", 1), ("2999-01-31T10:00:00Z", 0)):
        assert len(json.loads(on_sqlite.said("audit", "--since", since, "--json"))) == count
    lines = refused(on_sqlite.run("audit", "--since", "yesterday", COLUMNS="200"))
    assert "write a moment such as 2027-01-31" in " ".join(lines)
