"""What a question found: in order, not in order with the remedy, or that it could not be asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from app.errors import BridgeError, DeliveryError, Paused, Throttled, Unauthorized
from app.http.door import begin_trace

#: No question takes longer.
LONGEST_SECONDS = 10.0
#: What reading an answer of another shape ends with.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
_NO_ANSWER = frozenset({"none", "unreachable", "timeout", "broken", "unsent"})


class Result(StrEnum):
    OK = "ok"
    ILL = "ill"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    result: Result = Result.OK
    said: str = ""
    remedy: str = ""
    #: None for what concerns them all.
    connection: str | None = None
    #: How the last request ended, as the door notes it: an HTTP status, `unreachable`, …; None without one.
    status: str | None = None

    @property
    def was_answered(self) -> bool:
        return self.status is not None and self.status not in _NO_ANSWER

    @property
    def shows_the_keys_are_good(self) -> bool:
        """A key that lacks a permission is one that VTEX knows."""
        status = self.status or ""
        return status == "403" or (self.result is Result.OK and status.startswith("2"))


class NotInOrder(Exception):
    """It was asked, and the answer needs a person."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(said)
        self.said = said
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Question:
    """`ask` returns what is worth saying of what is in order; `place` are the settings that it goes by."""

    check: str
    place: str
    ask: Callable[[], Awaitable[str]]

    def unasked(self, why: str) -> Finding:
        return Finding(self.check, Result.UNASKED, f"not asked: {why}")

    async def asked(self) -> Finding:
        """Never an error: in a task of its own, so that its requests are told apart."""
        return await asyncio.create_task(self._asked())

    async def _asked(self) -> Finding:
        calls = begin_trace()
        result, said, remedy = await self._outcome()
        status = str(calls[-1]["status"]) if calls else None
        if result is Result.ILL and not remedy:
            remedy = _remedy(status, self.place)
        return Finding(self.check, result, said, remedy, status=status)

    async def _outcome(self) -> tuple[Result, str, str]:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return Result.OK, await self.ask(), ""
        except (NotInOrder, BridgeError, TimeoutError, *_MALFORMED) as error:
            return _meaning(error)


def _meaning(error: Exception) -> tuple[Result, str, str]:
    """Without a remedy here, it is found by how the request ended."""
    found = Result.ILL, f"the answer is not what was asked for ({type(error).__name__})", ""
    match error:
        case NotInOrder():
            found = Result.ILL, error.said, error.remedy
        case Paused() | Throttled():
            found = Result.UNASKED, error.reason, "ask again later"
        case Unauthorized():
            said, _, remedy = error.reason.partition(": ")
            found = Result.ILL, said, remedy
        case DeliveryError():
            found = Result.ILL, error.reason, ""
        case BridgeError():
            found = Result.UNASKED, f"the database went away, and budgets are kept there: {error}", ""
        case TimeoutError():
            found = Result.ILL, f"no answer within {LONGEST_SECONDS:g} s", ""
    return found


def _remedy(status: str | None, place: str) -> str:
    match status:
        case "404":
            return f"nothing of this account is there: check {place}"
        case _ if status and status.startswith("5"):
            return "VTEX is not well: see https://status.vtex.com, and ask again"
        case _ if status is None or status in _NO_ANSWER:
            return f"check {place}, and this machine's network, DNS and proxy"
    return f"check {place}"
