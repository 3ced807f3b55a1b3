"""A store's warehouses, remembered for some minutes: their ids as VTEX spells them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from app import logging
from app.config import VtexSettings
from app.errors import DeliveryError, Forbidden, Refused, Retry, Unauthorized
from app.vtex.rest import Rest

log = logging.get(__name__)

_LIFE_SECONDS = 300.0
#: One that is not in the list may be new; but all that names it must not ask.
_AGAIN_SECONDS = 10.0
_PATH = "/api/logistics/pvt/configuration/warehouses"


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: str
    is_active: bool = True


class Warehouses:
    def __init__(
        self, rest: Rest, settings: VtexSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rest = rest
        self._address = settings.rest_base + _PATH
        self._clock = clock
        self._lock = asyncio.Lock()
        self._listed: list[Warehouse] = []
        self._asked_at = float("-inf")
        #: The last list could be read.
        self._is_known = False

    async def find(self, code: str) -> Warehouse:
        """In VTEX's spelling, for stock ids are case-insensitive (known issue); Refused where there is none.

        Where the list cannot be read, VTEX judges the id itself.
        """
        for life in (_LIFE_SECONDS, _AGAIN_SECONDS):
            await self._read(life)
            if found := self._spelt(code):
                return found
        if not self._is_known:
            return Warehouse(code)
        known = ", ".join(sorted(each.id for each in self._listed)) or "none"
        raise Refused(
            f"VTEX has no warehouse {code}; it has {known}: send one of them, or make it in VTEX, then replay"
        )

    def _spelt(self, code: str) -> Warehouse | None:
        same = [each for each in self._listed if each.id.lower() == code.lower()]
        return next((each for each in same if each.id == code), same[0] if len(same) == 1 else None)

    async def _read(self, life: float) -> None:
        async with self._lock:
            if self._clock() - self._asked_at < life:
                return
            try:
                self._listed = await self.listed()
                self._is_known = True
            except DeliveryError as error:
                if isinstance(error, Unauthorized) and not isinstance(error, Forbidden):
                    raise
                self._is_known = False
                log.warning("warehouses.unread", reason=error.reason)
            self._asked_at = self._clock()

    async def listed(self) -> list[Warehouse]:
        """Asked anew."""
        reply = await self._rest.call("logistics", "list warehouses", "GET", self._address)
        listed = reply.listed()
        if listed is None:
            raise Retry("VTEX answered without a list of warehouses")
        rows = [row for row in listed if isinstance(row, dict) and row.get("id")]
        return [Warehouse(str(row["id"]), row.get("isActive") is not False) for row in rows]
