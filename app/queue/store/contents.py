"""What the store knows of people: pruned, erased, and sealed anew."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit
from app.audit import Deed
from app.database import Database
from app.queue.personal import Personal
from app.queue.store import stripping
from app.queue.store.stripping import Found, Resealed, Stripped


class Contents:
    """Payloads and answers of personal kinds."""

    def __init__(self, database: Database, personal: Personal, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._personal = personal
        self._clock = clock

    async def prune(self, event_ids: Collection[UUID], before: datetime) -> Stripped:
        """Of those that ended before then only ids and amounts are left."""
        async with self._rewriting() as connection:
            return await stripping.prune(connection, event_ids, self._personal, before, self._clock())

    async def erase(
        self, name: str, target: str, deed: Deed | None = None, *, force: bool
    ) -> Stripped | Sequence[Found]:
        """All of a write target; or what of it has not ended, for which it is left alone, unless by force."""
        async with self._rewriting() as connection:
            done = await stripping.erase(connection, name, target, self._personal, self._clock(), force=force)
            if deed is not None and isinstance(done, Stripped) and done.is_known:
                outcome = f"{done.events} events and {done.answers} attempts"
                await audit.write(connection, deed, name, target, outcome)
            return done

    async def reseal(self, cursor: UUID | None, most: int) -> Resealed:
        """The next events, as far as they stand in clear or an older key sealed them."""
        async with self._rewriting() as connection:
            return await stripping.reseal(connection, cursor, most, self._personal)

    async def key_ids(self, name: str) -> set[str | None]:
        """Of the keys that sealed some of a connection's newest content; None is for what stands in clear."""
        async with self._database.read() as connection:
            return await stripping.key_ids(connection, name, self._personal.kept)

    @asynccontextmanager
    async def _rewriting(self) -> AsyncIterator[AsyncConnection]:
        async with self._database.write() as connection:
            if self._database.on_sqlite:
                # What was there before is overwritten; else it would stay in the file's free pages.
                await connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection
