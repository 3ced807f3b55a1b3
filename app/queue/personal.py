"""Personal data at rest: sealed, beside the ids and amounts, which stand in clear and outlive it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.errors import BridgeError, Refused, Unauthorized
from app.queue.lanes import Claim, Document, NewEvent, Outcome
from app.sealing import NoKey, Seals

#: Members of what is stored, beside ids and amounts: the whole content sealed, or when and why it went.
SEALED, REMOVED = "_sealed", "_removed"
ANSWER = "answer"
#: The reason class of what failed and has only ids and amounts left; nothing revives it.
NO_CONTENT = "removed"


class ContentRemoved(BridgeError):
    """Only the event's ids and amounts are left: it cannot be sent again."""


@dataclass(frozen=True)
class Personal:
    """Which kinds are about a person; of the others nothing is sealed."""

    seals: Seals = field(default_factory=lambda: Seals(()))
    #: By kind: what of a payload is ids and amounts.
    kept: Mapping[str, Callable[[Document], Document]] = field(default_factory=dict)
    #: The kind that tells how others ended, keyed by the other's kind and key.
    told_by: str | None = None

    def sealed(self, events: Sequence[NewEvent]) -> tuple[NewEvent, ...]:
        return tuple(
            replace(event, payload=self.at_rest(event.kind, event.payload))
            if event.kind in self.kept
            else event
            for event in events
        )

    def at_rest(self, kind: str, payload: Document) -> Document:
        return self.kept[kind](payload) | {SEALED: self.seals.seal(payload)}

    def removed(self, kind: str, payload: Document, why: str, now: datetime) -> Document:
        """What is left of it; no key is needed for that."""
        left = {name: value for name, value in payload.items() if name != SEALED}
        return self.kept[kind](left) | {REMOVED: {"why": why, "at": now.isoformat(timespec="seconds")}}

    def opened(self, claim: Claim) -> Claim:
        """As it is delivered; a missing key is waited for, as others are that a person has to put right."""
        payload = claim.payload
        if SEALED in payload:
            try:
                return replace(claim, payload=self.seals.open(payload[SEALED]))
            except NoKey as error:
                raise Unauthorized(f"its content cannot be read: {error}") from error
        if REMOVED in payload:
            raise Refused(f"{_gone(payload)}; send it again")
        return claim

    def shown(self, payload: Document) -> Document:
        """For people: what cannot be opened says why."""
        if SEALED not in payload:
            return payload
        try:
            opened: Document = self.seals.open(payload[SEALED])
        except NoKey as error:
            return payload | {SEALED: str(error)}
        return opened

    def outcome_at_rest(self, outcome: Outcome) -> Outcome:
        attempt = outcome.attempt
        if attempt is None:
            return outcome
        return replace(outcome, attempt=replace(attempt, calls=self.calls_at_rest(attempt.calls)))

    def calls_at_rest(self, calls: Sequence[Document]) -> list[Document]:
        """The other side's answer may repeat what it was sent."""
        return [
            call | {ANSWER: {SEALED: self.seals.seal(call[ANSWER])}} if ANSWER in call else call
            for call in calls
        ]

    def calls_shown(self, calls: Sequence[Document]) -> list[Document]:
        return [call | {ANSWER: self._answer(call[ANSWER])} if ANSWER in call else call for call in calls]

    def _answer(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            return answer
        try:
            return self.seals.open(answer[SEALED])
        except NoKey as error:
            return str(error)


#: Of nobody.
IMPERSONAL = Personal()


def must_have_content(payload: Document) -> None:
    if REMOVED in payload:
        raise ContentRemoved(f"{_gone(payload)}; it cannot be sent again")


def _gone(payload: Document) -> str:
    removed = payload[REMOVED]
    return f"its content was {removed['why']} at {removed['at']}, only ids and amounts are left"
