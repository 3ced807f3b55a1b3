"""Mistakes outside of the body: in the query, the path and the headers."""

from typing import Any

from fastapi import Request

from app.api.problems import FieldMistake, Problem, pointer
from app.wording import rule


def parameter_mistake(request: Request, error: Any) -> FieldMistake:
    place, name = error["loc"][0], str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        known = _names(request, place)
        there_are = f"the parameters are {', '.join(known)}" if known else "there are none"
        detail = f"{name} is no parameter here; {there_are}"
    else:
        detail = f"{name} {rule(error)}"
    if place == "query" and error["type"].startswith("datetime"):
        detail += " (in an address, write + as %2B)"
    return FieldMistake(pointer=pointer(error["loc"]), detail=detail)


def text_header(name: str, value: str, *, most: int) -> str:
    """For what FastAPI's own reading of parameters would slow down."""
    if 0 < len(value) <= most:
        return value
    rule_broken = f"must have at most {most} characters" if value else "must not be empty"
    mistake = FieldMistake(pointer=pointer(("header", name)), detail=f"{name} {rule_broken}")
    raise Problem("invalid-request", mistake.detail, [mistake])


def described_header(name: str, description: str, *, most: int) -> dict[str, Any]:
    """The same for the OpenAPI."""
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _names(request: Request, place: str) -> list[str]:
    operation = request.app.openapi()["paths"][request.scope["route"].path_format][request.method.lower()]
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == place]
