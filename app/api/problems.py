"""RFC 9457 problem documents: what is wrong, where, and the fix."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app import logging
from app.errors import DatabaseUnavailable

log = logging.get(__name__)
MEDIA_TYPE = "application/problem+json"

#: Slug → (status, title). The type of a problem is `/problems/{slug}`.
TYPES: dict[str, tuple[int, str]] = {
    "invalid-body": (400, "The body is not JSON"),
    "unauthorized": (401, "No valid key"),
    "forbidden": (403, "The key lacks a scope"),
    "not-found": (404, "Not found"),
    "unknown-kind": (404, "No such kind of change"),
    "method-not-allowed": (405, "Method not allowed"),
    "idempotency-conflict": (409, "Idempotency-Key used for another body"),
    "removed": (410, "Its content was removed"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be JSON"),
    "invalid-change": (422, "The change is not valid"),
    "invalid-request": (422, "The request is not valid"),
    "too-many-failures": (429, "Too many failed authentications"),
    "internal": (500, "Internal error"),
    "busy": (503, "Not stored: too much is being answered"),
    "unavailable": (503, "Not stored: the database did not answer"),
}


class FieldMistake(BaseModel):
    pointer: str = Field(
        description="JSON Pointer of the field, such as /0/quantity; empty for the whole body; "
        "outside of the body it begins with /query, /path or /header."
    )
    detail: str = Field(description="What is wrong and how to mend it.")


class ProblemDocument(BaseModel):
    """application/problem+json (RFC 9457)."""

    type: str = Field(description="What went wrong; GET it for its title.", examples=["/problems/too-large"])
    title: str = Field(description="The type in words.")
    status: int = Field(description="The HTTP status again.")
    detail: str = Field(description="What is wrong with this request, and the fix.")
    errors: list[FieldMistake] | None = Field(default=None, description="One entry for each mistake.")


_RETRY_AFTER = {"description": "Seconds to wait before sending it again.", "schema": {"type": "integer"}}


@dataclass
class Problem(Exception):
    slug: str
    detail: str
    errors: list[FieldMistake] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        status, title = TYPES[self.slug]
        document = ProblemDocument(
            type=f"/problems/{self.slug}", title=title, status=status, detail=self.detail, errors=self.errors
        )
        content = document.model_dump(mode="json", exclude_none=True)
        return JSONResponse(content, status, headers=self.headers, media_type=MEDIA_TYPE)


async def answer_problem(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return problem.response()


def unavailable(error: DatabaseUnavailable) -> Problem:
    log.error("database.unavailable", error=str(error))
    detail = "nothing was stored; send it again after the time in Retry-After"
    return Problem("unavailable", detail, headers={"Retry-After": "2"})


def pointer(location: tuple[str | int, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


#: Of every route that takes a key.
AUTHENTICATION = ("unauthorized", "forbidden", "too-many-failures")


def declared(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a route, for its OpenAPI."""
    answers: dict[int | str, dict[str, Any]] = {}
    # Whatever the database does, a process may have its hands full.
    for slug in ("busy", *slugs) if "unavailable" in slugs else slugs:
        status, title = TYPES[slug]
        before = answers.get(status, {}).get("description")
        answers[status] = {
            "description": f"{before}; {title}" if before else title,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        if slug in {"unavailable", "too-many-failures"}:
            answers[status]["headers"] = {"Retry-After": _RETRY_AFTER}
    return answers
