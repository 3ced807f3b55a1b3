"""The rows that all replicas share: token buckets and pauses."""

from sqlalchemy import Column, Float, Text
from sqlmodel import Field, SQLModel


class Budget(SQLModel, table=True):
    """A token bucket of one (connection, API or part of it)."""

    __tablename__ = "budget"

    connection: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    #: Below zero: promised ahead.
    tokens: float = Field(sa_column=Column(Float(53), nullable=False))
    #: The database's clock, in seconds since 1970, when `tokens` was right.
    counted_at: float = Field(sa_column=Column(Float(53), nullable=False))
    #: When it was full last.
    full_at: float = Field(sa_column=Column(Float(53), nullable=False))
    #: Adaptive ones: tokens per second; none while nothing limits it.
    rate: float | None = Field(default=None, sa_column=Column(Float(53)))
    #: When `rate` was cut last.
    cut_at: float | None = Field(default=None, sa_column=Column(Float(53)))


class ApiPause(SQLModel, table=True):
    """An API, or a part of it, to which nothing is sent now; without a row all is well."""

    __tablename__ = "api_pause"

    connection: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    cause: str
    said: str = Field(sa_column=Column(Text, nullable=False))
    paused_until: float = Field(sa_column=Column(Float(53), nullable=False))
    trips: int
    probe_until: float | None = Field(default=None, sa_column=Column(Float(53)))
