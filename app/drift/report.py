"""The report of a comparison, as it is stored and printed."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Table, insert
from sqlmodel import Field, SQLModel

from app.database import Database
from app.queue.models import Document, Identity

#: Findings that are kept one by one; all are counted.
_MOST_FINDINGS = 1000


class DriftReport(SQLModel, table=True):
    __tablename__ = "drift_report"

    id: int | None = Field(default=None, sa_column=Column(Identity, primary_key=True))
    connection: str = Field(index=True)
    started_at: datetime
    finished_at: datetime
    report: dict[str, Any] = Field(sa_column=Column(Document, nullable=False))


_REPORT: Table = DriftReport.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    key: str
    what: Literal["missing", "different", "unread"]
    #: By VTEX's name: what the ERP says, and what VTEX has.
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_drift(self) -> bool:
        return self.what != "unread"

    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = {"kind": self.kind, "key": self.key, "what": self.what}
        said |= {"fields": _plain(self.fields)} if self.fields else {}
        return said | ({"reason": self.reason} if self.reason else {})


@dataclass
class Report:
    connection: str
    compared: int = 0
    #: On their way to VTEX: not compared.
    pending: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    extras: int = 0
    extra: list[dict[str, Any]] = field(default_factory=list)
    repaired: int = 0
    #: Their events are past retention: there is nothing left to send again.
    unrepaired: int = 0

    def add(self, finding: Finding) -> None:
        self.counts[finding.what] += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)

    def document(self) -> dict[str, Any]:
        return {
            "connection": self.connection,
            "compared": self.compared,
            "pending": self.pending,
            **{what: self.counts[what] for what in ("missing", "different", "unread")},
            "extra": self.extras,
            "repaired": self.repaired,
            "unrepaired": self.unrepaired,
            "findings": [finding.document() for finding in self.findings],
            "extra_skus": self.extra,
        }

    async def store(self, database: Database, started_at: datetime, finished_at: datetime) -> None:
        values = {"connection": self.connection, "started_at": started_at, "finished_at": finished_at}
        async with database.write() as transaction:
            await transaction.execute(insert(_REPORT).values(**values, report=self.document()))


def _plain(value: Any) -> Any:
    """As JSON has it: exact decimals as text."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
