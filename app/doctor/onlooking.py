"""Budgets are spent like anyone's; pauses are neither heeded nor made, but where VTEX asks for time.

What a person has just mended is asked at once. What this command meets, perhaps with other keys in its
environment, must not stop the bridge that runs.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.http.bucket import Lease
from app.http.limits import Limit
from app.http.shared import Cause, Paces, Pause, Standing, Want


class OnlookingPaces:
    def __init__(self, paces: Paces) -> None:
        self._paces = paces

    async def lease(self, wants: Sequence[Want]) -> list[Lease | None]:
        return await self._paces.lease(wants)

    async def standing(self) -> Standing:
        standing = await self._paces.standing()
        asked_for = tuple(pause for pause in standing.pauses if pause.cause is Cause.THROTTLED)
        return replace(standing, pauses=asked_for)

    async def pause(self, pause: Pause, seconds: float, emptied: Sequence[Limit] = ()) -> Pause:
        if pause.cause is Cause.THROTTLED:
            return await self._paces.pause(pause, seconds, emptied)
        return replace(pause, until=0.0)

    async def probe(self, connection: str, scope: str, seconds: float) -> bool:  # noqa: ARG002
        return True

    async def resume(self, connection: str, scope: str) -> None:
        """Whoever was paused finds it out by itself."""

    async def limit(self, limits: Sequence[Limit], per_second: float) -> None:
        await self._paces.limit(limits, per_second)
