"""Connections to the outside: bounded in number and in life."""

import asyncio
import time

import httpx2

from app.http.proxies import Proxies
from app.http.transport import AiohttpTransport


class Connections:
    """VTEX scales by DNS and asks clients not to hold on to addresses, so none is used for long."""

    def __init__(self, most: int, life_seconds: float) -> None:
        self._room = asyncio.Semaphore(most)
        self._life_seconds = life_seconds
        #: Read once: each new transport would stop the loop while it reads all authorities anew.
        self._authorities = httpx2.create_ssl_context()
        self._authorities.set_alpn_protocols(["http/1.1"])
        self._young: AiohttpTransport | None = None
        self._opened_at = 0.0
        #: Requests in flight of each transport.
        self._users: dict[AiohttpTransport, int] = {}

    async def exchange(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; httpx2's errors, among them PoolTimeout where there was no room in time."""
        if self._room.locked():
            await self._wait_for_room(request.extensions["timeout"]["pool"])
        else:
            await self._room.acquire()
        transport = self._take()
        try:
            return await transport.handle_async_request(request)
        finally:
            self._room.release()
            if transport in self._users:
                self._users[transport] -= 1
            if len(self._users) > 1:
                await self._close_old()

    async def close(self) -> None:
        transports, self._users, self._young = [*self._users], {}, None
        for transport in transports:
            await transport.aclose()

    async def _wait_for_room(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx2.PoolTimeout("all connections are busy") from error

    def _take(self) -> AiohttpTransport:
        now = time.monotonic()
        if self._young is None or now - self._opened_at > self._life_seconds:
            self._young, self._opened_at = AiohttpTransport(self._authorities, Proxies()), now
            self._users[self._young] = 0
        self._users[self._young] += 1
        return self._young

    async def _close_old(self) -> None:
        """Those that nobody uses any more."""
        old = [each for each, users in self._users.items() if not users and each is not self._young]
        for each in old:
            del self._users[each]
        for each in old:
            await asyncio.shield(each.aclose())
