"""An event for people: its status with why, since when and what next, each in one sentence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.changes import KINDS
from app.errors import Taken, Unauthorized, Waiting
from app.queue.models import Status
from app.queue.personal import NO_CONTENT


class EventView(BaseModel):
    id: UUID
    kind: str
    key: str
    number: int = Field(description="Its place among the changes of this entity.")
    status: Status
    why: str | None = Field(
        description="In one sentence: for what is not done yet, failed or came too late; what is left to do."
    )
    since: datetime | None = Field(description="Since when it is waiting, retrying or failed.")
    next: str | None = Field(description="What happens next, or what to do.")
    next_attempt_at: datetime | None
    accepted_at: datetime
    finished_at: datetime | None


def event_view(row: Row[Any], resting: Mapping[str, str]) -> EventView:
    return EventView(**fields(row, resting))


def fields(row: Row[Any], resting: Mapping[str, str]) -> dict[str, Any]:
    """`resting` says for each kind that is not sent at the moment why."""
    held_up = row.status in {Status.WAITING, Status.RETRYING}
    return {
        **{
            name: getattr(row, name)
            for name in ("id", "kind", "key", "number", "status", "accepted_at", "finished_at")
        },
        "why": _why(row, resting),
        "since": row.since if held_up else row.finished_at if row.status == Status.FAILED else None,
        "next": _next(row, resting),
        "next_attempt_at": row.next_attempt_at if held_up else None,
    }


def _rests(row: Row[Any], resting: Mapping[str, str]) -> bool:
    """Unless its own attempt met the refused keys: that says more."""
    waits = row.status in {Status.ACCEPTED, Status.RETRYING} and row.reason_class != Unauthorized.reason_class
    return waits and row.kind in resting


def _why(row: Row[Any], resting: Mapping[str, str]) -> str | None:
    if row.behind is not None:
        return f"it stands behind event {row.behind} of the same {row.kind}"
    reason: str | None = row.reason
    if _rests(row, resting):
        return resting[row.kind]
    if row.status == Status.WAITING and row.waiting_kind in KINDS:
        return f"{reason}{_of_the_awaited(row)}"
    return reason


def _of_the_awaited(row: Row[Any]) -> str:
    """Who waits wants to know how the other is doing."""
    other = f"{row.waiting_kind} {row.waiting_key}"
    match row.awaited_status:
        case None:
            return f"; {other} was never sent to this connection"
        case Status.FAILED:
            return f"; {other} failed itself: {row.awaited_reason}"
        case Status.WAITING | Status.RETRYING:
            return f"; {other} is {row.awaited_status} itself: {row.awaited_reason}"
    return ""


def _next(row: Row[Any], resting: Mapping[str, str]) -> str | None:
    if row.behind is not None:
        return "it is sent when that one has ended"
    if _rests(row, resting):
        return "one request tries it then; when that comes through, all are sent"
    match row.status:
        case Status.WAITING:
            return _next_of_waiting(row)
        case Status.RETRYING:
            is_ours = row.reason_class == Unauthorized.reason_class
            first = "mend that: it goes on by itself" if is_ours else "it is tried again by itself"
            return f"{first}, next at next_attempt_at"
        case Status.FAILED:
            return _next_of_failed(row)
    return None


def _next_of_waiting(row: Row[Any]) -> str:
    if row.waiting_kind is None:
        return "VTEX is asked again at next_attempt_at"
    other = f"{row.waiting_kind} {row.waiting_key}"
    if row.waiting_kind in KINDS and row.awaited_status is None:
        return f"send {other}, or make it in VTEX, which is asked again at next_attempt_at"
    if row.awaited_status == Status.FAILED:
        return f"mend {other}: this is sent as soon as that is there"
    return "it is sent as soon as the other arrives; VTEX is asked again at next_attempt_at"


def _next_of_failed(row: Row[Any]) -> str:
    if row.reason_class == NO_CONTENT:
        return "send the change again: of this event only ids and amounts are left"
    if row.reason_class == Waiting.reason_class and row.waiting_kind:
        return f"when {row.waiting_kind} {row.waiting_key} arrives after all, this is sent by itself"
    if row.reason_class == Taken.reason_class:
        return "send what it says anew, as why says: a replay of this event would meet the same"
    return "mend the cause, then send the change again or POST to this event's /replay"
