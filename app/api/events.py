"""What became of a change: events, their attempts, entities, replay."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Row

from app.api.auth import Connection
from app.api.problems import Problem, declared
from app.bindings import Bindings
from app.queue.models import Status
from app.queue.store import EventFilter, Store

_PROBLEMS = declared("unauthorized", "invalid-request", "internal", "unavailable")
_PROBLEMS_OF_ONE = declared("unauthorized", "not-found", "invalid-request", "internal", "unavailable")


class EventQuery(BaseModel):
    """Unknown parameters are refused: a misspelt filter would find too much."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(default=None, description="Such as price; order is what is told to the ERP.")
    key: str | None = Field(default=None, description="The entity, as the answer to the change named it.")
    status: Status | None = None
    since: AwareDatetime | None = Field(default=None, description="Accepted at or after.")
    cursor: UUID | None = Field(default=None, description="From the page before.")
    limit: int = Field(default=100, ge=1, le=500, description="Events of one page.")

    def filter(self) -> EventFilter:
        """One more than the page has: it says whether there is another."""
        since = self.since.astimezone(UTC) if self.since else None
        return EventFilter(self.kind, self.key, self.status, since, self.cursor, self.limit + 1)


class EventView(BaseModel):
    id: UUID
    kind: str
    key: str
    number: int = Field(description="Its place among the changes of this entity.")
    status: Status
    why: str | None = Field(
        description="In one sentence, for waiting, retrying and failed events, and for what came too late."
    )
    since: datetime | None = Field(description="Since when it is waiting, retrying or failed.")
    next: str | None = Field(description="What happens next, or what to do.")
    next_attempt_at: datetime | None
    accepted_at: datetime
    finished_at: datetime | None


class AttemptView(BaseModel):
    started_at: datetime
    duration_ms: int
    outcome: str
    reason: str | None
    calls: list[dict[str, Any]] = Field(
        description="Each request, without secrets; answers of failed ones, cut."
    )


class EventWithAttempts(EventView):
    payload: dict[str, Any]
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


def _next(row: Row[Any]) -> str | None:
    match row.status:
        case Status.WAITING:
            return "it is sent as soon as the other arrives; VTEX is asked again at next_attempt_at"
        case Status.RETRYING:
            return "it is tried again by itself at next_attempt_at"
        case Status.FAILED:
            return "mend the cause, then send the change again or POST to this event's /replay"
    return None


def _fields(row: Row[Any]) -> dict[str, Any]:
    held_up = row.status in {Status.WAITING, Status.RETRYING}
    return {
        **{
            name: getattr(row, name)
            for name in ("id", "kind", "key", "number", "status", "accepted_at", "finished_at")
        },
        "why": row.reason,
        "since": row.since if held_up else row.finished_at if row.status == Status.FAILED else None,
        "next": _next(row),
        "next_attempt_at": row.next_attempt_at if held_up else None,
    }


def _view(row: Row[Any]) -> EventView:
    return EventView(**_fields(row))


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["events"])

    @routes.get("/events", summary="List what was told and what became of it", responses=_PROBLEMS)
    async def list_events(
        request: Request, connection: Connection, query: Annotated[EventQuery, Query()]
    ) -> EventPage:
        """The connection's events, newest first."""
        rows = await _store(request).read.events(connection, query.filter())
        page = rows[: query.limit]
        return EventPage(
            events=[_view(row) for row in page], cursor=page[-1].id if len(rows) > len(page) else None
        )

    @routes.get("/events/{event_id}", summary="Show one event", responses=_PROBLEMS_OF_ONE)
    async def read_event(request: Request, connection: Connection, event_id: UUID) -> EventWithAttempts:
        """One event with its payload and every attempt."""
        store = _store(request)
        row = await store.read.event(connection, event_id)
        if row is None:
            raise _no_event(event_id)
        attempts = [
            AttemptView.model_validate(each, from_attributes=True)
            for each in await store.read.attempts(event_id)
        ]
        return EventWithAttempts(**_fields(row), payload=row.payload, attempts=attempts)

    @routes.post(
        "/events/{event_id}/replay",
        status_code=202,
        summary="Send an event again",
        response_description="It is due again.",
        responses=_PROBLEMS_OF_ONE,
    )
    async def replay_event(request: Request, connection: Connection, event_id: UUID) -> EventView:
        """Send again: a fact as it was; a state kind as the sum of its changes is today."""
        store = _store(request)
        if not await store.replay(connection, event_id):
            raise _no_event(event_id)
        row = await store.read.event(connection, event_id)
        assert row is not None
        return _view(row)

    @routes.get("/entities/{kind}/{key:path}", summary="Show an entity", responses=_PROBLEMS_OF_ONE)
    async def read_entity(request: Request, connection: Connection, kind: str, key: str) -> EntityView:
        """What the ERP wants of an entity, what VTEX acknowledged, and what is pending."""
        store = _store(request)
        lane = await store.read.lane(connection, kind, key)
        if lane is None:
            raise Problem("not-found", f"nothing was ever accepted for {kind} {key} on this connection")
        pending = await store.read.pending(lane.id)
        return EntityView(
            kind=kind,
            key=key,
            vtex_id=await Bindings(store.database, connection).find(kind, key),
            desired=lane.desired,
            acknowledged=lane.acknowledged_state,
            acknowledged_at=lane.acknowledged_at,
            pending=_view(pending) if pending else None,
        )

    return routes


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _no_event(event_id: UUID) -> Problem:
    return Problem("not-found", f"this connection has no event {event_id}")
