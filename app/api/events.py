"""What became of a change: events, their attempts, entities, replay."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from app.api.auth import ReadsEvents, ReplaysEvents, must_have
from app.api.explained import EventView, event_view, fields
from app.api.problems import AUTHENTICATION, Problem, declared
from app.audit import Action, Deed
from app.bindings import Bindings
from app.changes import KINDS
from app.changes.outcomes import KIND as OUTCOME
from app.keys import Scope
from app.orders.handling import KIND as HANDLING
from app.orders.telling import KIND as ORDER
from app.queue.models import Status
from app.queue.store import EventFilter, Store

#: All that has a life: what the ERP tells, and what is told to it.
_NAMES = (*KINDS, ORDER, HANDLING, OUTCOME)
_PROBLEMS = declared(*AUTHENTICATION, "invalid-request", "internal", "unavailable")
_PROBLEMS_OF_ONE = declared(*AUTHENTICATION, "not-found", "invalid-request", "internal", "unavailable")
_PROBLEMS_OF_REPLAY = _PROBLEMS_OF_ONE | declared("removed")


class EventQuery(BaseModel):
    """Unknown parameters are refused: a misspelt filter would find too much."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(default=None, description="Such as price; order is what is told to the ERP.")
    key: str | None = Field(default=None, description="The entity, as the answer to the change named it.")
    status: Status | None = None
    since: AwareDatetime | None = Field(default=None, description="Accepted at or after.")
    cursor: UUID | None = Field(default=None, description="From the page before.")
    limit: int = Field(default=100, ge=1, le=500, description="Events of one page.")

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in _NAMES:
            raise ValueError(f"must be one of {', '.join(_NAMES)}")
        return kind

    def filter(self) -> EventFilter:
        """One more than the page has: it says whether there is another."""
        since = self.since.astimezone(UTC) if self.since else None
        return EventFilter(self.kind, self.key, self.status, since, self.cursor, self.limit + 1)


class AttemptView(BaseModel):
    started_at: datetime
    duration_ms: int
    outcome: str
    reason: str | None
    calls: list[dict[str, Any]] = Field(
        description="Each request, without secrets; answers of failed ones, cut."
    )


class EventWithAttempts(EventView):
    payload: dict[str, Any] = Field(
        description="Of what happened, and of orders, only ids and amounts once all else was pruned or"
        " erased; `_removed` says when."
    )
    attempts: list[AttemptView]


class EventPage(BaseModel):
    events: list[EventView] = Field(description="Newest first.")
    cursor: UUID | None = Field(description="Pass it on for the next page; null on the last.")


class EntityView(BaseModel):
    kind: str
    key: str
    vtex_id: int | None
    desired: dict[str, Any] | None = Field(
        description="The sum of all accepted changes: what is, or will be, sent."
    )
    acknowledged: dict[str, Any] | None = Field(description="What VTEX acknowledged last.")
    acknowledged_at: datetime | None
    pending: EventView | None = Field(description="What is under way, and why it is not done.")
    failed: EventView | None = Field(
        description="The newest change, if it failed: what is desired is then not what VTEX has."
    )


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["events"])

    @routes.get("/events", summary="List what was told and what became of it", responses=_PROBLEMS)
    async def list_events(
        request: Request, caller: ReadsEvents, query: Annotated[EventQuery, Query()]
    ) -> EventPage:
        """The connection's events, newest first."""
        connection = caller.connection
        rows = await _store(request).read.events(connection, query.filter())
        page, resting = rows[: query.limit], await _resting(request, connection)
        return EventPage(
            events=[event_view(row, resting) for row in page],
            cursor=page[-1].id if len(rows) > len(page) else None,
        )

    @routes.get("/events/{event_id}", summary="Show one event", responses=_PROBLEMS_OF_ONE)
    async def read_event(request: Request, caller: ReadsEvents, event_id: UUID) -> EventWithAttempts:
        """One event with its payload and every attempt; an order's needs the scope orders:read too."""
        store, connection = _store(request), caller.connection
        row = await store.read.event(connection, event_id)
        if row is None:
            raise _no_event(event_id)
        if row.kind == ORDER:
            must_have(caller, Scope.ORDERS_READ)
        attempts = [
            AttemptView.model_validate(
                {**each._mapping, "calls": store.personal.calls_shown(each.calls)}  # noqa: SLF001  SQLAlchemy's API
            )
            for each in await store.read.attempts(event_id)
        ]
        told = fields(row, await _resting(request, connection))
        return EventWithAttempts(**told, payload=store.personal.shown(row.payload), attempts=attempts)

    @routes.post(
        "/events/{event_id}/replay",
        status_code=202,
        summary="Send an event again",
        response_description="It is due again.",
        responses=_PROBLEMS_OF_REPLAY,
    )
    async def replay_event(request: Request, caller: ReplaysEvents, event_id: UUID) -> EventView:
        """Send again: a fact as it was; a state kind as the sum of its changes is today."""
        store, connection = _store(request), caller.connection
        if not await store.replay(connection, event_id, Deed(caller.who, Action.REPLAY)):
            raise _no_event(event_id)
        row = await store.read.event(connection, event_id)
        assert row is not None
        return event_view(row, await _resting(request, connection))

    @routes.get("/entities/{kind}/{key:path}", summary="Show an entity", responses=_PROBLEMS_OF_ONE)
    async def read_entity(request: Request, caller: ReadsEvents, kind: str, key: str) -> EntityView:
        """What the ERP wants of an entity, what VTEX acknowledged, what is pending or failed.

        The key is the `key` of the change's answer: the code; for stock `SKU@WAREHOUSE`, for invoices
        `ORDER/NUMBER`.
        """
        _known(kind)
        store, connection = _store(request), caller.connection
        lane = await store.read.lane(connection, kind, key)
        if lane is None:
            raise Problem("not-found", f"nothing was ever accepted for {kind} {key} on this connection")
        pending = await store.read.pending(lane.id)
        newest = await store.read.events(connection, EventFilter(kind=kind, key=key, limit=1))
        failed = [row for row in newest if row.status == Status.FAILED]
        return EntityView(
            kind=kind,
            key=key,
            vtex_id=await Bindings(store.database, connection).find(kind, key),
            desired=lane.desired,
            acknowledged=lane.acknowledged_state,
            acknowledged_at=lane.acknowledged_at,
            pending=event_view(pending, await _resting(request, connection)) if pending else None,
            failed=event_view(failed[0], {}) if failed else None,
        )

    return routes


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _resting(request: Request, connection: str) -> Mapping[str, str]:
    found: Mapping[str, str] = await request.app.state.why_kinds_rest(connection)
    return found


def _known(kind: str) -> None:
    if kind not in _NAMES:
        raise Problem("unknown-kind", f"there is no kind {kind!r}; the kinds are {', '.join(_NAMES)}")


def _no_event(event_id: UUID) -> Problem:
    return Problem("not-found", f"this connection has no event {event_id}")
