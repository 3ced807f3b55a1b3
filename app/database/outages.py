"""Foreign errors at our border: what means "not now", and what may simply run again."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DatabaseUnavailable

#: SQLSTATE: serialization failure, deadlock; the transaction may simply run again.
_RERUN = {"40001", "40P01"}
#: SQLSTATE classes: connection, login (a password that is being rotated), no such database (yet), resources,
#: operator intervention, system error, rerun.
_NOT_NOW_CLASSES = {"08", "28", "3D", "53", "57", "58", "40"}
#: Read-only after a failover, idle too long in a transaction, no schema yet.
_NOT_NOW = {"25006", "25P03", "42P01"}
#: A constraint was violated, as SQLAlchemy and as the drivers say it.
VIOLATIONS = (IntegrityError, asyncpg.IntegrityConstraintViolationError, sqlite3.IntegrityError)
#: The drivers' own: the connection is gone or in a state that it cannot go on from.
_BROKEN = (OSError, PoolTimeout, asyncpg.InterfaceError, asyncpg.InternalClientError, sqlite3.InterfaceError)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Foreign errors that mean "not now" become DatabaseUnavailable; faulty statements stay what they are."""
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError, sqlite3.Error, *_BROKEN) as error:
        if not _is_not_now(error):
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseUnavailable(f"{type(error).__name__}: {cause}") from error


def _is_not_now(error: BaseException) -> bool:
    if isinstance(error, _BROKEN):
        # A value that does not fit its parameter is a fault of ours, whatever asyncpg derives it from.
        return isinstance(error, OSError) or not isinstance(error, ValueError)
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error.orig, OSError):
            return True
        if not _state(error):
            # Of the driver itself: the connection broke, or is in a state that it cannot go on from.
            return type(error).__name__ in {"OperationalError", "InterfaceError", "InternalError"}
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError) and not _is_faulty(error)
    return _state(error)[:2] in _NOT_NOW_CLASSES or _state(error) in _NOT_NOW or _is_outdated(error)


def _is_faulty(error: sqlite3.OperationalError) -> bool:
    """A statement that can never run; a table may still be missing before the first migration."""
    return error.sqlite_errorcode == sqlite3.SQLITE_ERROR and "no such table" not in str(error)


def may_rerun(error: BaseException) -> bool:
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    return cause is not None and (_state(cause) in _RERUN or _is_outdated(cause))


def _is_outdated(error: BaseException) -> bool:
    """A migration changed what the driver had prepared; it prepares it anew."""
    return isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError)


def _state(error: BaseException) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(said, "sqlstate", "") or "")
