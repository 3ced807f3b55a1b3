"""The ERP's bearer keys: each names one connection and what it may do; only their SHA-256 is stored.

A key is 256 random bits, so a fast hash is enough: there is nothing to guess (docs/decisions/0004, 0031).
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Field, SQLModel

from app import audit
from app.audit import Action, Deed
from app.database import Database

#: Makes a leaked key recognisable to secret scanners.
PREFIX = "evb_"
_HINT_LENGTH = len(PREFIX) + 6
#: So long a process may know a key that was revoked elsewhere, should no notice reach it.
CACHE_SECONDS = 2.0
_CHANNEL = "bridge_keys"


class Scope(StrEnum):
    """What a key may do; what a scope opens stands at each route."""

    CHANGES_WRITE = "changes:write"
    EVENTS_READ = "events:read"
    EVENTS_REPLAY = "events:replay"
    ORDERS_READ = "orders:read"
    ORDERS_IMPORT = "orders:import"
    #: All of them, and those of later versions.
    ADMIN = "admin"


#: What an ERP needs: all that there is by name, nothing of what is yet to come.
USUAL = tuple(scope for scope in Scope if scope is not Scope.ADMIN)


class ApiKey(SQLModel, table=True):
    __tablename__ = "api_key"

    sha256: str = Field(primary_key=True)
    connection: str = Field(index=True)
    #: The first characters, by which a person recognises it.
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None
    #: Separated by blanks; a key that is older than scopes has them all.
    scopes: str = Field(sa_column_kwargs={"server_default": Scope.ADMIN.value})
    name: str | None = None
    expires_at: datetime | None = None


_KEY = ApiKey.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is."""

    connection: str
    scopes: frozenset[str]
    #: For the audit log.
    who: str
    expires_at: datetime | None = None

    def may(self, scope: str) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What the database says of a key, or is being asked."""

    answer: asyncio.Task[Caller | None]
    #: From its beginning on: what is revoked afterwards, it does not know.
    expires: float


class Keys:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        #: By the digest; one at a time for each key, however many requests wait for it.
        self._lookups: dict[str, _Lookup] = {}
        #: Digests that were good once: no more than there are keys.
        self._seen: set[str] = set()

    async def create(
        self,
        connection: str,
        *,
        name: str | None = None,
        scopes: Collection[Scope] = USUAL,
        expires_at: datetime | None = None,
        who: str = audit.BRIDGE,
    ) -> str:
        """The new key, shown this once."""
        key = PREFIX + secrets.token_urlsafe(32)
        row = ApiKey(
            sha256=_digest(key),
            connection=connection,
            hint=key[:_HINT_LENGTH],
            created_at=datetime.now(UTC),
            scopes=" ".join(scope for scope in Scope if scope in scopes),
            name=name,
            expires_at=expires_at,
        )
        async with self._database.write() as transaction:
            await transaction.execute(insert(_KEY).values(row.model_dump()))
            await audit.write(transaction, Deed(who, Action.KEY_CREATE), connection, _shown(row), row.scopes)
        return key

    async def revoke(self, shown: str, *, who: str = audit.BRIDGE) -> int:
        """Revoke the living key of this hint, or this very key; how many there were.

        Nothing shorter than a hint: a beginning that all keys share would revoke them all.
        """
        shown = shown.rstrip("…")
        meant = _KEY.c.sha256 == _digest(shown) if len(shown) > _HINT_LENGTH else _KEY.c.hint == shown
        living = meant & _KEY.c.revoked_at.is_(None)
        statement = update(_KEY).where(living).values(revoked_at=datetime.now(UTC))
        async with self._database.write() as transaction:
            revoked = (
                await transaction.execute(statement.returning(*_KEY.c["connection", "hint", "name"]))
            ).all()
            for row in revoked:
                await audit.write(transaction, Deed(who, Action.KEY_REVOKE), row.connection, _shown(row))
        self._forget_all()
        if revoked:
            self._database.notify(_CHANNEL, "revoked")
        return len(revoked)

    async def all(self) -> Sequence[Row[Any]]:
        async with self._database.read() as transaction:
            return (await transaction.execute(select(_KEY).order_by(_KEY.c.created_at))).all()

    async def caller(self, key: str) -> Caller | None:
        """Whose living key it is; one revoked elsewhere is known for two seconds more at the most."""
        digest, now = _digest(key), self._clock()
        lookup = self._lookups.get(digest)
        if lookup is None or lookup.expires <= now:
            lookup = _Lookup(asyncio.create_task(self._look_up(digest)), now + CACHE_SECONDS)
            self._lookups[digest] = lookup
            lookup.answer.add_done_callback(lambda answer: self._forget_unless_found(digest, answer))
        # Shielded: a request that is given up takes no other's answer with it.
        found = lookup.answer.result() if lookup.answer.done() else await asyncio.shield(lookup.answer)
        if found is not None and found.expires_at is not None and found.expires_at <= datetime.now(UTC):
            return None
        return found

    def has_seen(self, key: str) -> bool:
        """Whether this process knew it as a good one once: it is no guess."""
        return _digest(key) in self._seen

    async def listen(self) -> None:
        """Until cancelled: forget what another process revoked; a lost notice costs two seconds."""
        await self._database.keep_listening(
            _CHANNEL, lambda _payload: self._forget_all(), begun=self._forget_all
        )

    async def _look_up(self, digest: str) -> Caller | None:
        living = select(_KEY).where(_KEY.c.sha256 == digest, _KEY.c.revoked_at.is_(None))
        async with self._database.read() as transaction:
            row = (await transaction.execute(living)).first()
        # The index was searched by the digest of a guess, whose time tells nothing of a key; what it found
        # is compared in constant time all the same.
        if row is None or not hmac.compare_digest(row.sha256, digest):
            return None
        self._seen.add(digest)
        return Caller(row.connection, frozenset(row.scopes.split()), f"key {_shown(row)}", row.expires_at)

    def _forget_all(self) -> None:
        """What is being asked at this moment may not know of a revocation yet."""
        self._lookups = {}

    def _forget_unless_found(self, digest: str, answer: asyncio.Task[Caller | None]) -> None:
        """A key may be created, and a database come back, at any moment."""
        if not answer.cancelled() and answer.exception() is None and answer.result() is not None:
            return
        lookup = self._lookups.get(digest)
        if lookup is not None and lookup.answer is answer:
            del self._lookups[digest]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _shown(row: Any) -> str:
    """How a person recognises it."""
    return f"{row.hint} ({row.name})" if row.name else str(row.hint)
