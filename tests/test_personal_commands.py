"""`bridge erase` and `bridge seal`, and the keys at the start, as an operator meets them."""

import getpass
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app import personal_data
from app.config import parse
from app.database import Database
from app.queue.store import Store
from tests.conftest import in_own_loop
from tests.processes import toml
from tests.queue.making import accept, ended, fact
from tests.running import configuration
from tests.test_command import Command

SAID = {"order": "1-01", "number": "7", "value": "1.00", "items": [], "xml": "<nome>Maria Canaria</nome>"}


@pytest.fixture
def command(migrated_database_url: str, tmp_path: Path) -> Command:
    return Command(tmp_path, migrated_database_url)


def told(command: Command, *, sealed: bool = True, delivered: bool = True) -> None:
    """An invoice that this or an older version took."""
    personal = personal_data.of(parse(configuration(command.database_url, "http://127.0.0.1:9")))

    async def tell() -> None:
        database = Database(command.database_url)
        store = Store(database, personal=personal) if sealed else Store(database)
        await accept(store, fact("1-01/7", SAID, target="order:1-01"))
        if delivered:
            [claim] = await store.claim(1, lease=timedelta(minutes=1))
            await store.record(ended(claim))
        await store.drain()
        await database.close()

    in_own_loop(tell())


def reads_keys(command: Command, file: Path, *keys: str) -> None:
    file.write_text("\n".join(keys))
    settings = configuration(command.database_url, "http://127.0.0.1:9")
    command.file.write_text(toml({**settings, "encryption": {"keys": [f"file:{file}"]}}))


def test_an_order_of_which_nothing_was_stored_is_not_erased(command: Command) -> None:
    ended = command.run("erase", "--order", "2-01", "--yes")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "nothing was ever stored of order 2-01 on connection acme; check the id\n"


def test_an_order_with_something_undelivered_is_erased_by_force_alone(command: Command) -> None:
    told(command, delivered=False)
    ended = command.run("erase", "--order", "1-01", "--yes")
    assert ended.returncode == 1
    assert "invoice 1-01/7 (" in ended.stderr
    assert "say --force: then they will never be delivered" in ended.stderr
    assert command.said("erase", "--order", "1-01", "--yes", "--force") == (
        "order 1-01: 1 events and 0 attempts erased"
    )
    assert command.run("erase", "--order", "1-01", "--yes").returncode == 0


def test_an_order_is_erased_once_and_for_all(command: Command) -> None:
    told(command)
    asked = command.run("erase", "--order", "1-01")
    assert asked.returncode == 1
    assert "for ever?" in asked.stdout
    assert command.said("erase", "--order", "1-01", "--yes") == "order 1-01: 1 events and 0 attempts erased"
    again = command.said("erase", "--order", "1-01", "--yes")
    assert again.startswith("it was erased at ")
    assert again.endswith("before; order 1-01: 0 events and 0 attempts erased")
    audited = command.said("audit").splitlines()
    operator = f"operator {getpass.getuser()}  acme  erase  order:1-01"
    assert [line.partition("  ")[2] for line in audited] == [
        f"{operator}  1 events and 0 attempts",
        f"{operator}  0 events and 0 attempts",
    ]


def test_the_wrong_key_stops_the_start_and_names_the_one_that_is_missing(
    command: Command, tmp_path: Path
) -> None:
    told(command)
    reads_keys(command, tmp_path / "keys", Fernet.generate_key().decode())
    [line] = [each for each in command.run("all").stderr.splitlines() if each.startswith("bridge: ")]
    assert line.startswith("bridge: encryption.keys: content of connection acme is sealed with key ")
    assert "put that key back" in line


def test_all_is_sealed_by_the_first_key(command: Command, tmp_path: Path) -> None:
    told(command, sealed=False)
    assert command.said("seal") == "1 events and 0 attempts sealed anew, 0 not"
    assert command.said("seal") == "0 events and 0 attempts sealed anew, 0 not"
    reads_keys(command, tmp_path / "keys", Fernet.generate_key().decode())
    ended = command.run("seal")
    assert ended.returncode == 1
    assert ended.stdout == "0 events and 0 attempts sealed anew, 1 not\n"
    assert ended.stderr.startswith("no key opens event ")


def test_on_sqlite_a_key_is_made_beside_the_database_for_its_owner_alone(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    command = Command(tmp_path, migrated_sqlite_url)
    settings = configuration(command.database_url, "http://127.0.0.1:9")
    command.file.write_text(toml({name: each for name, each in settings.items() if name != "encryption"}))
    command.said("keys", "list")
    file = Path(f"{make_url(migrated_sqlite_url).database}.key")
    made = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    command.said("keys", "list")
    assert file.read_text() == made


def test_a_key_that_cannot_be_read_stops_the_start(migrated_sqlite_url: str, tmp_path: Path) -> None:
    command = Command(tmp_path, migrated_sqlite_url)
    settings = configuration(command.database_url, "http://127.0.0.1:9")
    command.file.write_text(toml({name: each for name, each in settings.items() if name != "encryption"}))
    Path(f"{make_url(migrated_sqlite_url).database}.key").mkdir()
    [line] = [each for each in command.run("all").stderr.splitlines() if each.startswith("bridge: ")]
    assert line.startswith("bridge: encryption.keys cannot be read: ")
    assert "bridge.db.key" in line
