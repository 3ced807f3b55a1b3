"""Before and after each request: pauses, probes and budgets, shared with all replicas.

An API is paused when it asks for it (429, 503 with Retry-After), fails several times in a row, or refuses the
keys; then one request, of whichever replica, tries it, and the pause ends or begins again.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from app import logging
from app.errors import DatabaseUnavailable, DeliveryError, Forbidden, Paused, Retry, Throttled, Unauthorized
from app.http.answer import Answer
from app.http.bucket import growing
from app.http.budgets import Budgets, Spent
from app.http.limits import Call, Limit, Limits
from app.http.pauses import Pauses
from app.http.reasons import ALL_OF_VTEX, ERP, resting, used_up, who
from app.http.shared import Cause, Paces, Pause
from app.http.tokens import Token

log = logging.get(__name__)

#: A token that comes within this time is waited for at the door.
_LONGEST_WAIT_SECONDS = 2.0
#: A queue this long keeps the dispatcher from claiming more of the same.
_FULL_SECONDS = 0.5
#: Beyond the request's own timeout: until its sender has told how it ended.
_PROBE_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Breaking:
    """After `failures` in a row an API rests for base, 2 · base, … seconds, up to cap."""

    failures: int = 5
    base_seconds: float = 5
    cap_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that may go out; `probes` are the pauses that it is to end."""

    call: Call
    limits: tuple[Limit, ...]
    probes: tuple[Pause, ...] = ()


class Gate:
    def __init__(self, paces: Paces, limits: Limits, breaking: Breaking | None = None) -> None:
        self._paces = paces
        self._limits = limits
        self._breaking = breaking or Breaking()
        self._budgets = Budgets(paces)
        self._pauses = Pauses(paces)
        #: What `limits` says of each.
        self._applying: dict[Call, tuple[Limit, ...]] = {}
        #: Failures in a row: reads that work say nothing of writes that fail.
        self._failures: dict[Call, int] = {}
        #: The limits that requests have met, by connection and API.
        self._met: dict[tuple[str, str], set[Limit]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def enter(self, call: Call, timeout_seconds: float) -> Passage:
        """Wait shortly for the budgets; Paused if it would be long, or the API rests."""
        await self._pauses.refresh()
        self._open(call)
        if (every := self._applying.get(call)) is None:
            every = self._applying[call] = self._limits.of(call)
        limits = tuple([limit for limit in every if self._pauses.is_limited(limit)])
        tokens = await self._tokens(call, limits) if limits else []
        try:
            # The wait took its time.
            probes = tuple([await self._probing(call, pause, timeout_seconds) for pause in self._open(call)])
        except BaseException:
            self._budgets.give_back(limits, tokens)
            raise
        return Passage(call, every, probes)

    async def _tokens(self, call: Call, limits: tuple[Limit, ...]) -> list[Token]:
        self._met.setdefault((call.connection, call.api), set()).update(limits)
        try:
            return await self._budgets.take(limits, longest=_LONGEST_WAIT_SECONDS)
        except Spent as spent:
            raise used_up(call, spent) from None

    async def leave(self, passage: Passage, answer: Answer | None, error: DeliveryError | None) -> None:
        """Learn from how it ended. An outage of the database must not cost us what the other side said."""
        try:
            await self._learn(passage, answer, error)
        except DatabaseUnavailable as unavailable:
            log.error("pause.not_shared", api=passage.call.api, error=str(unavailable))

    def held(self) -> frozenset[tuple[str, str]]:
        """(connection, API) to which nothing can go now; API `vtex` stands for all of VTEX's."""
        full = {
            key
            for key, limits in self._met.items()
            if any(self._budgets.wait_seconds(limit) > _FULL_SECONDS for limit in limits)
        }
        at_rest = self._pauses.resting()
        if at_rest and self._looking is None:
            # Held back, nothing asks any more; another replica's probe may have ended the pause.
            self._looking = asyncio.create_task(self._look())
        return at_rest | full

    async def pauses(self, connection: str) -> dict[str, str]:
        """Why nothing goes to an API of this connection now, by API or `vtex` for all of VTEX's."""
        await self._pauses.refresh()
        return {pause.scope: resting(pause, left).reason for pause, left in self._pauses.of(connection)}

    async def _look(self) -> None:
        try:
            await self._pauses.refresh()
        except DatabaseUnavailable as error:
            log.error("pauses.unknown", error=str(error))
        finally:
            self._looking = None

    async def close(self) -> None:
        if self._looking is not None:
            await asyncio.wait([self._looking])
        await self._budgets.close()

    def _open(self, call: Call) -> list[Pause]:
        """The pauses that this request would have to probe; Paused if one still holds."""
        if not self._pauses:
            return []
        found = [self._pauses.find(call.connection, scope) for scope in _scopes(call)]
        for pause in filter(None, found):
            if (left := self._pauses.seconds_left(pause)) > 0:
                raise resting(pause, left)
        return [pause for pause in found if pause and pause.cause is not Cause.THROTTLED]

    async def _probing(self, call: Call, pause: Pause, timeout_seconds: float) -> Pause:
        if not await self._pauses.probe(pause, timeout_seconds + _PROBE_GRACE_SECONDS):
            reason = f"{who(call.api)} {pause.said}; one request is trying it now"
            raise Paused(reason, after=timedelta(seconds=1))
        return pause

    async def _learn(self, passage: Passage, answer: Answer | None, error: DeliveryError | None) -> None:
        call = passage.call
        if isinstance(error, Forbidden):
            await self._refused(passage, f"{call.api}/{call.operation}", Cause.FORBIDDEN, error)
        elif isinstance(error, Unauthorized):
            scope = ERP if call.api == ERP else ALL_OF_VTEX
            await self._refused(passage, scope, Cause.UNAUTHORIZED, error)
        elif isinstance(error, Throttled) and _asks_for_time(answer):
            await self._throttled(passage, answer, error)
        elif isinstance(error, Throttled | Retry) and _failed(answer):
            await self._failing(passage, answer)
        else:
            self._failures.pop(call, None)
            for pause in passage.probes:
                await self._pauses.end(call.connection, pause.scope)
            await self._heed(passage, answer)

    async def _throttled(self, passage: Passage, answer: Answer | None, error: Throttled) -> None:
        call, seconds = passage.call, (error.after or timedelta(seconds=1)).total_seconds()
        status = answer.status_code if answer else "nothing"
        pause = Pause(call.connection, call.api, Cause.THROTTLED, f"asked to slow down ({status})", 0.0)
        log.warning("api.throttled", connection=call.connection, api=call.api, seconds=seconds)
        await self._pauses.begin(pause, seconds, [limit for limit in passage.limits if limit.quota])
        if answer is not None and answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            await self._slow_down(passage)

    async def _slow_down(self, passage: Passage, per_second: float | None = None) -> None:
        adaptive = [limit for limit in passage.limits if limit.quota is None]
        if not adaptive:
            return
        self._pauses.limit_too(adaptive)
        rate = per_second or max(1.0, self._budgets.recent(adaptive[0]) / 2)
        await self._paces.limit(adaptive, rate)

    async def _refused(self, passage: Passage, scope: str, cause: Cause, error: Unauthorized) -> None:
        """Alerts once, not at each failed probe."""
        call = passage.call
        before = self._pauses.find(call.connection, scope)
        if before is None or before.cause is not cause:
            log.error("api.refused", connection=call.connection, api=scope, reason=error.reason)
        said = "refused the keys (401)" if cause is Cause.UNAUTHORIZED else "lacks a permission (403)"
        pause = Pause(call.connection, scope, cause, said, 0.0)
        await self._pauses.begin(pause, error.after.total_seconds())

    async def _failing(self, passage: Passage, answer: Answer | None) -> None:
        call, breaking = passage.call, self._breaking
        key = (call.connection, call.api)
        probed = next((pause for pause in passage.probes if pause.scope == call.api), None)
        count = self._failures[call] = self._failures.get(call, 0) + 1
        known = self._pauses.find(*key)
        # Those that were under way when it was paused say nothing new.
        rests = known is not None and self._pauses.seconds_left(known) > 0
        if probed is None and (count < breaking.failures or rests):
            return
        said = f"answered {answer.status_code}" if answer else "did not answer"
        said += " again" if probed else f" {count} times in a row"
        trips = probed.trips + 1 if probed else 0
        seconds = growing(breaking.base_seconds, breaking.cap_seconds, trips)
        log.warning("api.failing", connection=call.connection, api=call.api, said=said, seconds=seconds)
        await self._pauses.begin(Pause(*key, Cause.FAILING, said, 0.0, trips), seconds)

    async def _heed(self, passage: Passage, answer: Answer | None) -> None:
        """What the other side counts itself: others may spend from the same quota."""
        counted = answer and answer.credits()
        if not counted:
            return
        for limit in passage.limits:
            self._budgets.told(limit, counted.remaining)
        if counted.remaining <= counted.limit // 10 and counted.per_second:
            await self._slow_down(passage, counted.per_second)


def _scopes(call: Call) -> tuple[str, ...]:
    own = (call.api, f"{call.api}/{call.operation}")
    return own if call.api == ERP else (ALL_OF_VTEX, *own)


def _asks_for_time(answer: Answer | None) -> bool:
    return answer is not None and (
        answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.retry_after() is not None
    )


def _failed(answer: Answer | None) -> bool:
    """No answer, or one that says that the other side is not well; 4xx is a healthy no."""
    return (
        answer is None
        or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        or answer.status_code == HTTPStatus.REQUEST_TIMEOUT
    )
