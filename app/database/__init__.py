"""The one database: engines, transactions, schema; SQLite and PostgreSQL with the same code."""

from app.database.outages import may_rerun
from app.database.schema import is_migrated, migrate
from app.database.transactions import Database

__all__ = ["Database", "is_migrated", "may_rerun", "migrate"]
