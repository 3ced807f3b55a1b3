"""POST /v1/changes/{kind} as plain ASGI: validate, store, 202; never a word with VTEX.

It stands before FastAPI's routing, which took several times as long as all that is done here
(docs/decisions/0019); what the OpenAPI says of it is in webhooks.py.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from app import metrics
from app.api.admission import Bodies
from app.api.auth import Authentication, Sender
from app.api.bodies import read_changes
from app.api.parameters import text_header
from app.api.problems import FieldMistake, Problem, pointer, unavailable
from app.api.rehearsed import Rehearsals, Rehearse, check_rehearsable, is_dry_run
from app.changes import KINDS
from app.changes.kind import Kind
from app.errors import DatabaseUnavailable
from app.queue.lanes import NewEvent, Submission
from app.queue.store import Accepted, IdempotencyConflict, Store

PREFIX = "/v1/changes"
#: The first that is sent counts.
KEY_HEADERS = {
    "idempotency-key": "Your own id of this request, for 7 days: the same body again repeats the first"
    " answer, another is 409.",
    "webhook-id": "Standard Webhooks' name for Idempotency-Key, which goes first if both are sent.",
}
LONGEST_KEY = 255
IDEMPOTENCY_LIFE = timedelta(days=7)

_KEY_NAMES = [(name.encode(), name) for name in KEY_HEADERS]
_JSON = (b"content-type", b"application/json")
_encode = msgspec.json.Encoder().encode
#: Finding a counter by its labels takes longer than counting.
_accepted = cache(metrics.EVENTS_ACCEPTED.labels)

Headers = dict[bytes, bytes]
#: Bytes of a body that came in pieces, until its request is answered.
_HELD = "bridge.held"


@dataclass(frozen=True, slots=True)
class _Route:
    #: By which the request is counted, as with FastAPI's own routes.
    path: str
    kind: Kind[Any]


class Intake:
    """Answers what is posted to a known kind; everything else goes on to the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        authentication: Authentication,
        max_body_bytes: int,
        bodies: Bodies,
        rehearse: Rehearse | None = None,
    ) -> None:
        self._app, self._rehearse = app, rehearse
        self._store, self._authentication = store, authentication
        self._most_bytes, self._bodies = max_body_bytes, bodies
        self._routes = {f"{PREFIX}/{name}": _Route(f"{PREFIX}/{name}", kind) for name, kind in KINDS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        route = self._routes.get(scope["path"]) if is_post else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        # Reversed: of a header that is sent twice the first counts.
        headers = dict(reversed(scope["headers"]))
        try:
            if scope["query_string"] and is_dry_run(scope["query_string"]):
                status, content = 200, await self._rehearsed(route.kind, headers, receive, scope)
            else:
                status, content = 202, await self._accept(route.kind, headers, receive, scope)
        except Problem as problem:
            await problem.response()(scope, receive, send)
        except DatabaseUnavailable as error:
            await unavailable(error).response()(scope, receive, send)
        except ClientDisconnect:
            # Nothing was stored, and nobody is left to be told so.
            return
        else:
            length = (b"content-length", b"%d" % len(content))
            await send({"type": "http.response.start", "status": status, "headers": [_JSON, length]})
            await send({"type": "http.response.body", "body": content})
        finally:
            if _HELD in scope:
                self._bodies.bytes -= scope[_HELD]

    async def _rehearsed(self, kind: Kind[Any], headers: Headers, receive: Receive, scope: Scope) -> bytes:
        sender = await self._authentication.sender(headers, scope)
        _expect_json(headers)
        body = await self._body(headers, receive, scope)
        connection = self._authentication.sent(sender, headers, body, scope)
        changes = read_changes(kind, body, self._store.clock())
        check_rehearsable(kind, changes, [each.name for each in KINDS.values() if each.fold])
        assert self._rehearse is not None
        told = Rehearsals(rehearsals=await self._rehearse(connection, kind, changes))
        return told.model_dump_json().encode()

    async def _accept(self, kind: Kind[Any], headers: Headers, receive: Receive, scope: Scope) -> bytes:
        sender = await self._authentication.sender(headers, scope)
        idempotency_key = _idempotency_key(headers, is_signed=sender.is_signed)
        _expect_json(headers)
        body = await self._body(headers, receive, scope)
        connection = self._authentication.sent(sender, headers, body, scope)
        changes = read_changes(kind, body, self._store.clock())
        events = tuple(kind.event(change) for change in changes)
        submission = Submission(
            connection,
            events,
            # No signature says of which kind the body is: to another kind the same id is a replay too.
            route="changes" if sender.is_signed else f"changes/{kind.name}",
            idempotency_key=idempotency_key,
            body_sha256=_fingerprint(kind, body, sender) if idempotency_key else "",
            idempotency_life=IDEMPOTENCY_LIFE,
        )
        try:
            accepted = await self._store.accept(submission)
        except IdempotencyConflict as conflict:
            raise Problem("idempotency-conflict", f"{conflict}; use a new key for a new body") from None
        if not accepted.repeated:
            _accepted(connection, kind.name).inc(len(events))
        return _answer(accepted, events)

    async def _body(self, headers: Headers, receive: Receive, scope: Scope) -> bytes:
        most, length = self._most_bytes, headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            raise _too_large(most)
        content = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part: bytes = message.get("body", b"")
            if len(content) + len(part) > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                # Nearly always the whole came in one part, which is not copied.
                return bytes(content + part) if content else part
            content += part
            scope[_HELD] = len(content)
            self._bodies.add(len(part))


def _answer(accepted: Accepted, events: tuple[NewEvent, ...]) -> bytes:
    """As AcceptedChanges describes it."""
    answers = [
        {"id": event_id, "kind": event.kind, "key": event.key, "status": "accepted"}
        for event_id, event in zip(accepted.event_ids, events, strict=True)
    ]
    return _encode({"events": answers})


def _fingerprint(kind: Kind[Any], body: bytes, sender: Sender) -> str:
    return hashlib.sha256(kind.name.encode() + b"\n" + body if sender.is_signed else body).hexdigest()


def _idempotency_key(headers: Headers, *, is_signed: bool) -> str | None:
    sent = [
        text_header(name, value.decode("latin-1"), most=LONGEST_KEY)
        for raw, name in _KEY_NAMES
        if (value := headers.get(raw)) is not None
    ]
    if is_signed and len(set(sent)) > 1:
        # With a key of the replayer's own, a signed request could be stored once more.
        detail = "idempotency-key is not signed; send webhook-id alone, or the same in both"
        mistake = FieldMistake(pointer=pointer(("header", "idempotency-key")), detail=detail)
        raise Problem("invalid-request", detail, [mistake])
    return sent[0] if sent else None


def _expect_json(headers: Headers) -> None:
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media and media != b"application/json" and not media.endswith(b"+json"):
        declared = media.decode("latin-1")
        raise Problem("unsupported-media-type", f"the body is declared as {declared}; send application/json")
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        coded = encoding.decode("latin-1")
        raise Problem("unsupported-media-type", f"the body is encoded as {coded}; send it as it is")


def _too_large(most: int) -> Problem:
    return Problem("too-large", f"the body has more than {most} bytes; send fewer changes at once")
