"""Notices between processes that something is due (LISTEN, NOTIFY); a lost one costs only latency."""

import asyncio
from uuid import uuid4

from app import logging
from app.database import Database
from app.errors import DatabaseUnavailable
from app.queue.wakeup import Wakeup

log = logging.get(__name__)
_CHANNEL = "bridge_due"
_RECONNECT_SECONDS = 1.0


class Notices:
    """Posted after a commit, as a hint. On SQLite there is one process, and nothing to post."""

    def __init__(self, database: Database, wakeup: Wakeup) -> None:
        self._database = database
        self._wakeup = wakeup
        self._origin = uuid4().hex

    def post(self) -> None:
        """Tell the other processes, soon, that something may be due."""
        self._database.notify(_CHANNEL, self._origin)

    async def listen(self) -> None:
        """Until cancelled: wake this process when another one posts; reconnects by itself."""
        if self._database.on_sqlite:
            return
        while True:
            try:
                async with self._database.listening(_CHANNEL, self._heard) as until_broken:
                    # What was posted while nobody listened is found by looking once.
                    self._wakeup.set()
                    await until_broken()
            except DatabaseUnavailable as error:
                log.warning("notices.unavailable", error=str(error))
                await asyncio.sleep(_RECONNECT_SECONDS)

    def _heard(self, origin: str) -> None:
        if origin != self._origin:
            self._wakeup.set()
