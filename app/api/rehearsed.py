"""?dry_run=true: what a change would do, told instead of done."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field

from app.api.problems import FieldMistake, Problem, pointer
from app.changes.kind import Change, Kind

#: Each takes a store of its own.
MOST_REHEARSED = 20
PARAMETER = "dry_run"


class RehearsedCall(BaseModel):
    method: str
    url: str
    body: Any = Field(default=None, description="JSON; of the webservice the SOAP envelope.")
    reads: bool = Field(description="It would only read; its answer was assumed here.")


class Rehearsal(BaseModel):
    """What would happen if the change were the next to be delivered; no call was made and nothing stored."""

    kind: str
    key: str
    mode: Literal["complete", "express"]
    catalog: Literal["rest", "webservice"]
    would: Literal["create", "update", "nothing", "wait", "refused"]
    reason: str | None = Field(description="Why it would wait, be refused or do nothing.")
    owned: list[str] = Field(description="Its fields that would be written.")
    left_to_the_team: list[str] = Field(
        description="Its fields that the store's team owns in express mode, once the entity is in VTEX."
    )
    defaults: dict[str, Any] = Field(description="What the configuration puts in, in express mode.")
    calls: list[RehearsedCall] = Field(
        description="In their order, as far as it would come. Reads are answered by what the bridge knows of"
        " VTEX; an update keeps whatever else VTEX has."
    )


class Rehearsals(BaseModel):
    rehearsals: list[Rehearsal]


Rehearse = Callable[[str, Kind[Any], Sequence[Change]], Awaitable[list[Rehearsal]]]


def is_dry_run(query: bytes) -> bool:
    """Another parameter is refused: a misspelt dry_run would store the change."""
    said = set[str]()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name != PARAMETER:
            raise _mistake(name, f"{name} is no parameter here; the parameters are {PARAMETER}")
        said.add(value)
    if not said <= {"true", "false"} or len(said) > 1:
        raise _mistake(PARAMETER, f"{PARAMETER} must be true or false")
    return said == {"true"}


def check_rehearsable(kind: Kind[Any], changes: Sequence[Change], states: Sequence[str]) -> None:
    if kind.fold is None:
        detail = f"a {kind.name} is a fact and depends on the order in VTEX; {PARAMETER} takes the kinds"
        raise _mistake(PARAMETER, f"{detail} {', '.join(states)}")
    if len(changes) > MOST_REHEARSED:
        raise _mistake(
            PARAMETER, f"the array has {len(changes)} changes; with {PARAMETER} send at most {MOST_REHEARSED}"
        )


def _mistake(name: str, detail: str) -> Problem:
    return Problem("invalid-request", detail, [FieldMistake(pointer=pointer(("query", name)), detail=detail)])
