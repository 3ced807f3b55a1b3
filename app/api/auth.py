"""Who is calling: the bearer key names the connection."""

from collections.abc import Container
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.api.problems import Problem
from app.keys import Keys

#: Only for the OpenAPI: the header is read below, so that its absence is our own problem document.
_scheme = HTTPBearer(auto_error=False, description="The connection's key: `bridge keys create CONNECTION`.")


#: The same in an operation's own words.
SECURITY = [{_scheme.scheme_name: list[str]()}]


async def connection_of(authorization: str, keys: Keys, connections: Container[str]) -> str:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _refused("send the header `Authorization: Bearer <key>`")
    connection = await keys.connection_of(key.strip())
    if connection is None or connection not in connections:
        raise _refused("this key is unknown or revoked; make a new one with `bridge keys create CONNECTION`")
    return connection


def _refused(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


async def _documented(request: Request, _scheme: Annotated[object, Depends(_scheme)]) -> str:
    state = request.app.state
    return await connection_of(request.headers.get("authorization", ""), state.keys, state.connections)


Connection = Annotated[str, Depends(_documented)]
