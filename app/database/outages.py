"""Foreign errors at our border: what means "not now", and what may simply run again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DatabaseUnavailable

#: SQLSTATE: serialization failure, deadlock; the transaction may simply run again.
_RERUN = {"40001", "40P01"}
#: SQLSTATE classes: connection, login (a password that is being rotated), no such database (yet), resources,
#: operator intervention, system error, rerun.
_NOT_NOW_CLASSES = {"08", "28", "3D", "53", "57", "58", "40"}
#: Read-only after a failover, idle too long in a transaction, no schema yet.
_NOT_NOW = {"25006", "25P03", "42P01"}


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Foreign errors that mean "not now" become DatabaseUnavailable; faulty statements stay what they are."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, OSError) or error.connection_invalidated or _is_operational(error):
            raise DatabaseUnavailable(f"{type(error).__name__}: {error.orig}") from error
        raise
    except (OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error


def _is_operational(error: DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state:
        return state[:2] in _NOT_NOW_CLASSES or state in _NOT_NOW
    return type(error).__name__ in {"OperationalError", "InterfaceError"}


def may_rerun(error: BaseException) -> bool:
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in _RERUN
