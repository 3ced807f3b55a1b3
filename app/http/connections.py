"""Connections to the outside: bounded in number and in life."""

import asyncio
import time

import httpx2

from app.http.proxies import Proxies
from app.http.transport import AiohttpTransport
from app.http.ways import USUAL, Contexts, Way


class Connections:
    """VTEX scales by DNS and asks clients not to hold on to addresses, so none is used for long."""

    def __init__(self, most: int, life_seconds: float) -> None:
        self._room = asyncio.Semaphore(most)
        self._life_seconds = life_seconds
        self._contexts = Contexts()
        #: Of each way, with the moment when it was opened.
        self._young: dict[Way, tuple[AiohttpTransport, float]] = {}
        #: Requests in flight of each transport.
        self._users: dict[AiohttpTransport, int] = {}

    async def exchange(self, request: httpx2.Request, way: Way = USUAL) -> httpx2.Response:
        """The answer; httpx2's errors, among them PoolTimeout where there was no room in time."""
        if self._room.locked():
            await self._wait_for_room(request.extensions["timeout"]["pool"])
        else:
            await self._room.acquire()
        transport = None
        try:
            transport = self._take(way)
            return await transport.handle_async_request(request)
        finally:
            self._room.release()
            if transport in self._users:
                self._users[transport] -= 1
            if len(self._users) > len(self._young):
                await self._close_old()

    async def close(self) -> None:
        transports, self._users, self._young = [*self._users], {}, {}
        for transport in transports:
            await transport.aclose()

    async def _wait_for_room(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx2.PoolTimeout("all connections are busy") from error

    def _take(self, way: Way) -> AiohttpTransport:
        now = time.monotonic()
        young, opened_at = self._young.get(way, (None, 0.0))
        if young is None or now - opened_at > self._life_seconds:
            young = AiohttpTransport(self._contexts.of(way), Proxies(), way)
            self._young[way] = young, now
            self._users[young] = 0
        self._users[young] += 1
        return young

    async def _close_old(self) -> None:
        """Those that nobody uses any more."""
        young = {each for each, _ in self._young.values()}
        old = [each for each, users in self._users.items() if not users and each not in young]
        for each in old:
            del self._users[each]
        for each in old:
            await asyncio.shield(each.aclose())
