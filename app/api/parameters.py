"""Mistakes outside of the body: in the query, the path and the headers."""

from typing import Any

from fastapi import Request

from app.api.problems import FieldMistake, pointer
from app.wording import rule


def parameter_mistake(request: Request, error: Any) -> FieldMistake:
    place, name = error["loc"][0], str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        detail = f"{name} is no parameter here; the parameters are {', '.join(_names(request, place))}"
    else:
        detail = f"{name} {rule(error)}"
    if place == "query" and error["type"].startswith("datetime"):
        detail += " (in an address, write + as %2B)"
    return FieldMistake(pointer=pointer(error["loc"]), detail=detail)


def _names(request: Request, place: str) -> list[str]:
    operation = request.app.openapi()["paths"][request.scope["route"].path_format][request.method.lower()]
    return [each["name"] for each in operation["parameters"] if each["in"] == place]
