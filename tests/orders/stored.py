"""All that a database holds, as bytes: what is not in it was not stored."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.database import Database


async def everything(database: Database, url: str) -> bytes:
    if database.on_sqlite:
        file = Path(str(make_url(url).database))
        return b"".join(each.read_bytes() for each in sorted(file.parent.glob(f"{file.name}*")))
    async with database.read() as connection:
        tables = await connection.scalars(
            text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        )
        rows = [
            each
            for table in tables.all()
            # Of bytea too: it is written as hexadecimal digits.
            for each in (await connection.scalars(text(f"SELECT t::text FROM {table} t"))).all()
        ]
    return "\n".join(rows).encode()


def found_in(stored: bytes, words: list[str]) -> list[str]:
    return [word for word in words if word.encode() in stored or word.encode().hex().encode() in stored]
