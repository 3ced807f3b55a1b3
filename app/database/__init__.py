"""The one database: engines, transactions, schema; SQLite and PostgreSQL with the same code."""

from app.database.drivers import Transaction
from app.database.group import GroupCommit
from app.database.outages import VIOLATIONS, may_rerun
from app.database.schema import is_migrated, migrate
from app.database.transactions import Database
from app.database.written import DIALECTS, Written

__all__ = [
    "DIALECTS",
    "VIOLATIONS",
    "Database",
    "GroupCommit",
    "Transaction",
    "Written",
    "is_migrated",
    "may_rerun",
    "migrate",
]
