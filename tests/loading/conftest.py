"""The command on SQLite, with what it left in the database."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.test_command import Command


class Loaded(Command):
    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url)
        self.folder = folder

    def written(self, name: str, *lines: str) -> str:
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        return str(self.folder / name)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "bridge.db", timeout=30)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def command(migrated_sqlite_url: str, tmp_path: Path) -> Loaded:
    return Loaded(tmp_path, migrated_sqlite_url)
