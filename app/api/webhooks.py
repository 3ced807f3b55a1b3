"""POST /v1/changes/{kind}: validate, store, 202; never a word with VTEX."""

import hashlib
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from uuid_utils.compat import uuid7

from app import metrics
from app.api.auth import SECURITY, Connection, connection_of
from app.api.bodies import MOST_CHANGES, read_changes
from app.api.parameters import described_header, text_header
from app.api.problems import Problem, declared
from app.changes import KINDS
from app.changes.kind import Change, Kind
from app.queue.lanes import NewEvent, Submission
from app.queue.store import IdempotencyConflict, Store

IDEMPOTENCY_LIFE = timedelta(days=7)
_PROBLEMS = declared(
    "invalid-body",
    "unauthorized",
    "idempotency-conflict",
    "too-large",
    "unsupported-media-type",
    "invalid-change",
    "invalid-request",
    "internal",
    "unavailable",
)
_LONGEST_KEY = 255
#: The first that is sent counts.
_KEY_HEADERS = {
    "idempotency-key": "Your own id of this request, for 7 days: the same body again repeats the first"
    " answer, another is 409.",
    "webhook-id": "Standard Webhooks' name for Idempotency-Key, which goes first if both are sent.",
}


class AcceptedEvent(BaseModel):
    id: UUID
    kind: str
    key: str = Field(description="The entity that the change is about.")
    status: Literal["accepted"] = "accepted"


class AcceptedChanges(BaseModel):
    events: list[AcceptedEvent]


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1/changes", tags=["changes"])
    for kind in KINDS.values():
        _add(routes, kind)

    @routes.api_route("/{kind}", methods=["POST"], include_in_schema=False)
    async def unknown(kind: str, _connection: Connection) -> None:
        raise Problem("unknown-kind", f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")

    return routes


def _add(routes: APIRouter, kind: Kind[Any]) -> None:
    async def accept(request: Request) -> Response:
        # Read by ourselves: FastAPI's solving of dependencies would take a seventh of the loop's time.
        connection = await connection_of(request)
        once_by = [text_header(request, name, most=_LONGEST_KEY) for name in _KEY_HEADERS]
        body = await _body(request)
        store: Store = request.app.state.store
        changes = read_changes(kind, body, store.clock())
        events = tuple(_event(kind, change) for change in changes)
        submission = Submission(
            connection,
            events,
            route=f"changes/{kind.name}",
            idempotency_key=next(filter(None, once_by), None),
            body_sha256=hashlib.sha256(body).hexdigest(),
            idempotency_life=IDEMPOTENCY_LIFE,
        )
        try:
            accepted = await store.accept(submission)
        except IdempotencyConflict as conflict:
            raise Problem("idempotency-conflict", f"{conflict}; use a new key for a new body") from None
        if not accepted.repeated:
            metrics.EVENTS_ACCEPTED.labels(connection, kind.name).inc(len(events))
        answers = [
            AcceptedEvent.model_construct(id=event_id, kind=kind.name, key=event.key)
            for event_id, event in zip(accepted.event_ids, events, strict=True)
        ]
        content = AcceptedChanges.model_construct(events=answers).model_dump_json()
        return Response(content, status_code=202, media_type="application/json")

    routes.post(
        f"/{kind.name}",
        name=f"post_{kind.name}",
        summary=f"Tell of {kind.name} changes, one or up to {MOST_CHANGES:,}",
        description=(kind.change.__doc__ or "").strip(),
        status_code=202,
        response_model=AcceptedChanges,
        response_description="Stored; the answer follows the commit.",
        responses=_PROBLEMS,
        openapi_extra=_described(kind),
    )(accept)


def _described(kind: Kind[Any]) -> dict[str, Any]:
    """What FastAPI cannot see: we read the key, two headers and the body ourselves."""
    schema = {"$ref": f"#/components/schemas/{kind.change.__name__}"}
    example = {"example": kind.example}
    many = {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST_CHANGES}
    return {
        "security": SECURITY,
        "parameters": [
            described_header(name, description, most=_LONGEST_KEY)
            for name, description in _KEY_HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [schema, many]}} | example},
        },
    }


def _event(kind: Kind[Any], change: Change) -> NewEvent:
    return NewEvent(
        id=uuid7(),
        kind=kind.name,
        key=kind.key(change),
        target=kind.target(change),
        priority=kind.priority,
        payload=change.payload(),
        fold=kind.fold,
    )


async def _body(request: Request) -> bytes:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media and media != "application/json" and not media.endswith("+json"):
        raise Problem("unsupported-media-type", f"the body is declared as {media}; send application/json")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Problem("unsupported-media-type", f"the body is encoded as {encoding}; send it as it is")
    most: int = request.app.state.max_body_bytes
    declared_length = request.headers.get("content-length", "")
    if declared_length.isdecimal() and int(declared_length) > most:
        raise _too_large(most)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise _too_large(most)
    return bytes(content)


def _too_large(most: int) -> Problem:
    return Problem("too-large", f"the body has more than {most} bytes; send fewer changes at once")
