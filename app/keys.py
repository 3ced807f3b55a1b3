"""The ERP's bearer keys: each names one connection; only their SHA-256 is stored.

A key is 256 random bits, so a fast hash is enough: there is nothing to guess (docs/decisions/0004).
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Field, SQLModel

from app.database import Database

#: Makes a leaked key recognisable to secret scanners.
PREFIX = "evb_"
_HINT_LENGTH = len(PREFIX) + 6
_CACHE_SECONDS = 2.0


class ApiKey(SQLModel, table=True):
    __tablename__ = "api_key"

    sha256: str = Field(primary_key=True)
    connection: str = Field(index=True)
    #: The first characters, by which a person recognises it.
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None


_KEY = ApiKey.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What the database says of a key, or is being asked."""

    answer: asyncio.Task[str | None]
    #: From its beginning on: what is revoked afterwards, it does not know.
    expires: float


class Keys:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        #: By the digest; one at a time for each key, however many requests wait for it.
        self._lookups: dict[str, _Lookup] = {}

    async def create(self, connection: str) -> str:
        """The new key, shown this once."""
        key = PREFIX + secrets.token_urlsafe(32)
        row = ApiKey(
            sha256=_digest(key),
            connection=connection,
            hint=key[:_HINT_LENGTH],
            created_at=datetime.now(UTC),
        )
        async with self._database.write() as transaction:
            await transaction.execute(insert(_KEY).values(row.model_dump()))
        return key

    async def revoke(self, shown: str) -> int:
        """Revoke the living key of this hint, or this very key; how many there were.

        Nothing shorter than a hint: a beginning that all keys share would revoke them all.
        """
        shown = shown.rstrip("…")
        meant = _KEY.c.sha256 == _digest(shown) if len(shown) > _HINT_LENGTH else _KEY.c.hint == shown
        living = meant & _KEY.c.revoked_at.is_(None)
        async with self._database.write() as transaction:
            result = await transaction.execute(
                update(_KEY).where(living).values(revoked_at=datetime.now(UTC))
            )
        # What is being asked at this moment may not know of it yet.
        self._lookups = {}
        return result.rowcount

    async def all(self) -> Sequence[Row[Any]]:
        async with self._database.read() as transaction:
            return (await transaction.execute(select(_KEY).order_by(_KEY.c.created_at))).all()

    async def connection_of(self, key: str) -> str | None:
        """The connection that the key opens; a revoked key is known for two seconds more at the most."""
        digest, now = _digest(key), self._clock()
        lookup = self._lookups.get(digest)
        if lookup is None or lookup.expires <= now:
            lookup = _Lookup(asyncio.create_task(self._look_up(digest)), now + _CACHE_SECONDS)
            self._lookups[digest] = lookup
            lookup.answer.add_done_callback(lambda answer: self._forget_unless_found(digest, answer))
        # Shielded: a request that is given up takes no other's answer with it.
        return await asyncio.shield(lookup.answer)

    async def _look_up(self, digest: str) -> str | None:
        # Found by the digest of 256 random bits: comparing in the index leaks nothing of use.
        living = select(_KEY.c.connection).where(_KEY.c.sha256 == digest, _KEY.c.revoked_at.is_(None))
        async with self._database.read() as transaction:
            connection: str | None = await transaction.scalar(living)
        return connection

    def _forget_unless_found(self, digest: str, answer: asyncio.Task[str | None]) -> None:
        """A key may be created, and a database come back, at any moment."""
        if not answer.cancelled() and answer.exception() is None and answer.result() is not None:
            return
        lookup = self._lookups.get(digest)
        if lookup is not None and lookup.answer is answer:
            del self._lookups[digest]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
