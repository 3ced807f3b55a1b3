"""The audit log: who did what and when. Lines are added; the database refuses to change or delete one.

A line stands in the transaction of what it tells of, so that neither is there without the other.
"""

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field, SQLModel

from app.database import Database

#: Who acts where no person asked for it.
BRIDGE = "bridge"


class Action(StrEnum):
    REPLAY = "replay"
    #: An order was told to the ERP again.
    RESEND = "resend"
    IMPORT = "import"
    DRIFT_REPAIR = "drift-repair"
    ERASE = "erase"
    SEAL = "seal"
    KEY_CREATE = "key-create"
    KEY_REVOKE = "key-revoke"


class AuditLine(SQLModel, table=True):
    __tablename__ = "audit"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    )
    at: datetime = Field(index=True)
    #: A key by its first characters and name, an operator by the account, or the bridge.
    who: str
    #: None for what is about all of them.
    connection: str | None = None
    action: str
    #: Ids alone: no person's data.
    what: str
    outcome: str


_AUDIT = AuditLine.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody is about to do, to be written down where it is done."""

    who: str
    action: Action


async def write(
    transaction: AsyncConnection, deed: Deed, connection: str | None, what: str, outcome: str = "done"
) -> None:
    line = {"at": datetime.now(UTC), "who": deed.who, "connection": connection}
    line |= {"action": deed.action.value, "what": what, "outcome": outcome}
    await transaction.execute(insert(_AUDIT).values(line))


async def lines(database: Database, since: datetime | None = None) -> Sequence[Row[Any]]:
    """Oldest first."""
    query = select(_AUDIT).order_by(_AUDIT.c.id)
    if since is not None:
        query = query.where(_AUDIT.c.at >= since)
    async with database.read() as transaction:
        return (await transaction.execute(query)).all()


def operator() -> str:
    """Who runs the command; in a container the account may have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"operator {name}"
