"""Budgets and pauses, shared by all replicas: rows of the database, in the database's own clock."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Float, bindparam, case, delete, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.schema import Table

from app.database import Database
from app.http.bucket import Lease, Level, lease
from app.http.limits import Limit, adaptive
from app.http.shared import Cause, Pause, Standing, Want
from app.paces.tables import ApiPause, Budget

#: A burst of 429s is one complaint.
_CUT_AGAIN_SECONDS = 5.0
#: Tokens per second that an adaptive rate gains in each second in which it is used up.
_GAIN = 1.0
#: So long without a complaint, an adaptive limit is dropped.
_FORGIVEN_SECONDS = 600.0
_SLOWEST = 0.5


_BUDGET: Table = Budget.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
_PAUSE: Table = ApiPause.__table__  # type: ignore[attr-defined]


class SharedPaces:
    """The keeper of both tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[tuple[str, str]] = set()
        #: `now()` of PostgreSQL is the transaction's beginning: a wait for a lock would earn tokens twice.
        clock = "(julianday('now') - 2440587.5) * 86400.0"
        if not database.on_sqlite:
            clock = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
        self._clock: ColumnElement[float] = literal_column(clock, Float(53))

    async def lease(self, wants: Sequence[Want]) -> list[Lease | None]:
        async with self._database.write() as connection:
            rows = await self._locked(connection, [want.limit for want in wants])
            now = await self._now(connection)
            leased, changed = [], []
            for want in wants:
                row = rows[want.limit.owner, want.limit.name]
                given, values = _leased(row, want, now)
                leased.append(given)
                changed += [values] if values else []
            if changed:
                await connection.execute(_update_budget("tokens", "counted_at", "full_at", "rate"), changed)
        return leased

    async def standing(self) -> Standing:
        limited = _BUDGET.c.rate.is_not(None)
        async with self._database.read() as connection:
            pauses = (await connection.execute(select(_PAUSE))).all()
            budgets = await connection.execute(select(*_BUDGET.c["connection", "name"]).where(limited))
            names = frozenset((row.connection, row.name) for row in budgets)
            now = await self._now(connection)
        return Standing(now, tuple(_pause(row) for row in pauses), names)

    async def pause(self, pause: Pause, seconds: float, emptied: Sequence[Limit] = ()) -> Pause:
        async with self._database.write() as connection:
            rows = await self._locked(connection, emptied)
            now = await self._now(connection)
            statement = self._database.upsert(_PAUSE).values(
                connection=pause.connection,
                scope=pause.scope,
                cause=pause.cause.value,
                said=pause.said,
                paused_until=now + seconds,
                trips=pause.trips,
                probe_until=None,
            )
            new, old = statement.excluded, _PAUSE.c
            later = case((new.paused_until > old.paused_until, new.paused_until), else_=old.paused_until)
            taken = {name: new[name] for name in ("cause", "said", "trips", "probe_until")}
            statement = statement.on_conflict_do_update(
                index_elements=["connection", "scope"], set_={**taken, "paused_until": later}
            )
            until = await connection.scalar(statement.returning(_PAUSE.c.paused_until))
            empty = [
                _key(row) | {"new_tokens": min(0.0, row.tokens), "new_counted_at": now, "new_full_at": now}
                for row in rows.values()
            ]
            if empty:
                await connection.execute(_update_budget("tokens", "counted_at", "full_at"), empty)
        return replace(pause, until=until)

    async def probe(self, connection: str, scope: str, seconds: float) -> bool:
        clock = self._clock
        free = func.coalesce(_PAUSE.c.probe_until, 0.0) <= clock
        statement = (
            update(_PAUSE)
            .where(*_is(connection, scope), _PAUSE.c.paused_until <= clock, free)
            .values(probe_until=clock + seconds)
        )
        async with self._database.write() as transaction:
            return (await transaction.execute(statement)).rowcount == 1

    async def resume(self, connection: str, scope: str) -> None:
        async with self._database.write() as transaction:
            await transaction.execute(delete(_PAUSE).where(*_is(connection, scope)))

    async def limit(self, limits: Sequence[Limit], per_second: float) -> None:
        open_ended = [limit for limit in limits if limit.quota is None]
        if not open_ended:
            return
        async with self._database.write() as connection:
            rows = await self._locked(connection, open_ended)
            now = await self._now(connection)
            cut = [
                _key(row) | {"new_rate": _slower(row.rate, per_second), "new_cut_at": now}
                for row in rows.values()
                if row.cut_at is None or now - row.cut_at >= _CUT_AGAIN_SECONDS
            ]
            if cut:
                await connection.execute(_update_budget("rate", "cut_at"), cut)

    async def _locked(
        self, connection: AsyncConnection, limits: Sequence[Limit]
    ) -> dict[tuple[str, str], Any]:
        """The rows of the limits, made full where there are none, locked in one order."""
        by_key = dict(sorted({(limit.owner, limit.name): limit for limit in limits}.items()))
        if not by_key:
            return {}
        if new := [limit for key, limit in by_key.items() if key not in self._known]:
            now = await self._now(connection)
            full = [
                {
                    "connection": limit.owner,
                    "name": limit.name,
                    "tokens": limit.quota.capacity if limit.quota else 0.0,
                    "counted_at": now,
                    "full_at": now,
                }
                for limit in new
            ]
            await connection.execute(self._database.upsert(_BUDGET).on_conflict_do_nothing(), full)
        rows: dict[tuple[str, str], Any] = {}
        for owner in sorted({owner for owner, _ in by_key}):
            names = [name for each, name in by_key if each == owner]
            mine = select(_BUDGET).where(_BUDGET.c.connection == owner, _BUDGET.c.name.in_(names))
            locked = mine.order_by(_BUDGET.c.name).with_for_update()
            rows |= {(row.connection, row.name): row for row in await connection.execute(locked)}
        self._known |= rows.keys()
        if missing := by_key.keys() - rows.keys():
            self._known -= missing
            return await self._locked(connection, limits)
        return rows

    async def _now(self, connection: AsyncConnection) -> float:
        return float((await connection.execute(select(self._clock))).scalar_one())


def _leased(row: Any, want: Want, now: float) -> tuple[Lease | None, dict[str, Any] | None]:
    """The tokens, and the row's new values."""
    rate, quota = row.rate, want.limit.quota
    if quota is None:
        rate = _recovered(row, now)
        if rate is None:
            return None, (_key(row) | _values(Level(0.0, now, now), None) if row.rate is not None else None)
        quota = adaptive(rate)
    level, leased = lease(
        Level(row.tokens, row.counted_at, row.full_at),
        quota,
        now,
        want.wanted,
        returned=want.returned,
        remaining=want.remaining,
    )
    return leased, _key(row) | _values(level, rate)


def _recovered(row: Any, now: float) -> float | None:
    """Additive increase while it is used up; in the end the limit is dropped."""
    if row.rate is None or now - (row.cut_at or 0.0) >= _FORGIVEN_SECONDS:
        return None
    gain = _GAIN * max(0.0, now - row.counted_at) if row.tokens < 1 else 0.0
    return float(row.rate + min(gain, _GAIN))


def _slower(rate: float | None, otherwise: float) -> float:
    return max(_SLOWEST, otherwise if rate is None else rate / 2)


def _values(level: Level, rate: float | None) -> dict[str, Any]:
    return {
        "new_tokens": level.tokens,
        "new_counted_at": level.at,
        "new_full_at": level.full_at,
        "new_rate": rate,
    }


def _key(row: Any) -> dict[str, Any]:
    return {"its_connection": row.connection, "its_name": row.name}


def _update_budget(*columns: str) -> Any:
    here = (
        _BUDGET.c.connection == bindparam("its_connection"),
        _BUDGET.c.name == bindparam("its_name"),
    )
    return update(_BUDGET).where(*here).values({name: bindparam(f"new_{name}") for name in columns})


def _is(connection: str, scope: str) -> tuple[ColumnElement[bool], ...]:
    return _PAUSE.c.connection == connection, _PAUSE.c.scope == scope


def _pause(row: Any) -> Pause:
    return Pause(
        row.connection,
        row.scope,
        Cause(row.cause),
        row.said,
        row.paused_until,
        row.trips,
        row.probe_until,
    )
