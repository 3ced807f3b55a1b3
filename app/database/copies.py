"""Copies of an SQLite database: taken while it is written, put back while nobody uses it."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from app.errors import BridgeError

#: Between two steps of a copy the writer has its turn.
_PAGES, _REST_SECONDS = 2000, 0.01


def copy(source: Path, target: Path) -> None:
    """SQLite's online backup; BridgeError where the target exists or the source is none of ours."""
    if target.exists():
        raise BridgeError(f"{target} exists; name a file that does not")
    check(source)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with closing(_opened(source)) as reading, closing(sqlite3.connect(part)) as writing:
            reading.backup(writing, pages=_PAGES, sleep=_REST_SECONDS)
        settle(part)
        check(part)
        _flushed(part)
        os.link(part, target)
    except (sqlite3.Error, OSError) as error:
        raise BridgeError(f"{target} could not be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    _flushed(target.parent)


def settle(path: Path) -> None:
    """One file, without a journal beside it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")


def check(path: Path) -> None:
    """BridgeError unless it is a whole database of the bridge."""
    if not path.is_file():
        raise BridgeError(f"{path} is no file")
    try:
        with closing(_opened(path)) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != ("ok",):
                raise BridgeError(f"{path} is damaged: {found[0]}")
            database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BridgeError(f"{path} is no database of the bridge: {error}") from error


def check_unused(path: Path) -> None:
    """BridgeError while a process has it open: it would go on with the old file."""
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise BridgeError(f"{path} is in use ({error}); stop the bridge first") from error


def set_aside(path: Path, now: datetime) -> Path | None:
    """With its journal; where it is now, or None if there was none."""
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _flushed(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
