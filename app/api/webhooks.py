"""POST /v1/changes/{kind} as the OpenAPI has it; what is posted to a known kind is answered by intake.py."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.auth import SECURITY, WritesChanges
from app.api.bodies import MOST_CHANGES
from app.api.intake import KEY_HEADERS, LONGEST_KEY, PREFIX
from app.api.parameters import described_header
from app.api.problems import AUTHENTICATION, Problem, declared
from app.api.rehearsed import MOST_REHEARSED, PARAMETER, Rehearsals
from app.api.signatures import SIGNATURE_HEADERS
from app.changes import KINDS
from app.changes.kind import Kind

_PROBLEMS = declared(
    "invalid-body",
    *AUTHENTICATION,
    "idempotency-conflict",
    "too-large",
    "unsupported-media-type",
    "invalid-change",
    "invalid-request",
    "internal",
    "unavailable",
)


_REHEARSED: dict[int | str, dict[str, Any]] = {
    200: {"model": Rehearsals, "description": "With dry_run=true: what it would do. Nothing was stored."}
}
_DRY_RUN = {
    "name": PARAMETER,
    "in": "query",
    "required": False,
    "schema": {"type": "boolean", "default": False},
    "description": f"Show what up to {MOST_REHEARSED} changes would do: the calls to VTEX; none is made.",
}


class AcceptedEvent(BaseModel):
    id: UUID
    kind: str
    key: str = Field(description="The entity that the change is about.")
    status: Literal["accepted"] = "accepted"


class AcceptedChanges(BaseModel):
    events: list[AcceptedEvent]


def router() -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["changes"])
    for kind in KINDS.values():
        _add(routes, kind)

    @routes.api_route("/{kind}", methods=["POST"], include_in_schema=False)
    async def unknown(kind: str, _caller: WritesChanges) -> None:
        raise Problem("unknown-kind", f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")

    return routes


def _add(routes: APIRouter, kind: Kind[Any]) -> None:
    async def answered_before() -> None:
        """Never called: the route stands for the OpenAPI, and for the 405 of other methods."""

    routes.post(
        f"/{kind.name}",
        name=f"post_{kind.name}",
        summary=f"Tell of {kind.name} changes, one or up to {MOST_CHANGES:,}",
        description=(kind.change.__doc__ or "").strip(),
        status_code=202,
        response_model=AcceptedChanges,
        response_description="Stored; the answer follows the commit.",
        responses=_PROBLEMS | (_REHEARSED if kind.fold else {}),
        openapi_extra=_described(kind),
    )(answered_before)


def _described(kind: Kind[Any]) -> dict[str, Any]:
    """What FastAPI cannot see: the key, two headers and the body are read by ourselves."""
    schema = {"$ref": f"#/components/schemas/{kind.change.__name__}"}
    example = {"example": kind.example}
    many = {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST_CHANGES}
    return {
        "security": SECURITY,
        "parameters": [
            *(
                described_header(name, description, most=LONGEST_KEY)
                for name, description in (KEY_HEADERS | SIGNATURE_HEADERS).items()
            ),
            *([_DRY_RUN] if kind.fold else []),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [schema, many]}} | example},
        },
    }
