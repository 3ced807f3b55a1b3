"""Outcomes: an ERP that wants it is told how each of its changes ended, by the same signed callback.

A change that a newer one of its lane answers for is not told: the newer one's outcome is its own.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from uuid_utils.compat import uuid7

from app.bindings import Bindings
from app.database import Database
from app.erp.callback import Callback
from app.errors import Refused
from app.queue.lanes import Claim, Document, NewEvent, Outcome, Submission
from app.queue.models import Status

KIND = "outcome"
#: After all that it could tell of.
PRIORITY = 3
VERSION = 1
_ENDS = frozenset({Status.DELIVERED, Status.UNCHANGED, Status.FAILED})
#: Fields of changes that hold a code of ours, by the kind that binds it.
_CODES = ("brand", "category", "product", "sku", "service")


class ChangeOutcome(BaseModel):
    id: str = Field(description="The event's id, as the 202 named it.")
    kind: str
    key: str
    status: Literal["delivered", "unchanged", "failed"]
    reason: str | None = Field(description="Why it failed and what to do; or what is left to do.")
    ended_at: str
    vtex_ids: dict[str, int] = Field(
        description="VTEX's ids of what the change names, as far as they are known.", examples=[{"sku": 1001}]
    )


class OutcomeCallback(BaseModel):
    """A change that you posted has ended."""

    version: Annotated[int, Field(ge=1, description="Of this document's shape.")]
    type: str = Field(description="`change.` and the status.", examples=["change.delivered"])
    change: ChangeOutcome


class Outcomes:
    """What is accepted in the transaction that records how changes ended, so that none is lost."""

    def __init__(self, connections: Collection[str], kinds: Collection[str]) -> None:
        #: Whose ERP wants to be told.
        self._connections = frozenset(connections)
        self._kinds = frozenset(kinds)

    def __call__(self, recorded: Sequence[Outcome], now: datetime) -> list[Submission]:
        return [
            Submission(outcome.claim.connection, (_event(outcome, now),), route=KIND)
            for outcome in recorded
            if outcome.status in _ENDS
            and outcome.claim.connection in self._connections
            and outcome.claim.kind in self._kinds
        ]


def _event(outcome: Outcome, now: datetime) -> NewEvent:
    claim = outcome.claim
    key = f"{claim.kind}/{claim.key}"
    ended: Document = {
        "id": str(claim.event_id),
        "kind": claim.kind,
        "key": claim.key,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "ended_at": now.isoformat(),
    }
    payload = {"change": ended, "codes": _codes(claim)}
    return NewEvent(uuid7(), KIND, key, f"{KIND}:{key}", PRIORITY, payload, fold=None)


def without_words(payload: Document) -> Document:
    """A reason may have VTEX's words, and these what they were said of."""
    return payload | {"change": {name: each for name, each in payload["change"].items() if name != "reason"}}


def _codes(claim: Claim) -> dict[str, str]:
    named = {kind: claim.payload.get(kind) for kind in _CODES} | {claim.kind: claim.key}
    return {kind: code for kind, code in named.items() if kind in _CODES and isinstance(code, str)}


class OutcomeDeliverer:
    """For events of kind `outcome`: the event's id is the callback's `webhook-id`."""

    def __init__(self, database: Database, callbacks: dict[str, Callback]) -> None:
        self._database = database
        #: By connection.
        self._callbacks = callbacks

    def fingerprint(self, claim: Claim) -> str | None:  # noqa: ARG002  it is a fact
        return None

    async def deliver(self, claim: Claim) -> None:
        callback = self._callbacks.get(claim.connection)
        if callback is None:
            raise Refused(
                f"connection {claim.connection!r} has no [erp] section any more; add it, then replay"
            )
        bindings = Bindings(self._database, claim.connection)
        ids = {kind: await bindings.find(kind, code) for kind, code in claim.payload["codes"].items()}
        ended: dict[str, Any] = claim.payload["change"] | {
            "vtex_ids": {kind: vtex_id for kind, vtex_id in ids.items() if vtex_id is not None}
        }
        told = OutcomeCallback(
            version=VERSION, type=f"change.{ended['status']}", change=ChangeOutcome(**ended)
        )
        await callback.send(str(claim.event_id), told.model_dump(mode="json"))
