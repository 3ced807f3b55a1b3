"""Notices between processes that something is due (LISTEN, NOTIFY); a lost one costs only latency."""

from uuid import uuid4

from app.database import Database
from app.queue.wakeup import Wakeup

_CHANNEL = "bridge_due"


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
        # What was posted while nobody listened is found by looking once.
        await self._database.keep_listening(_CHANNEL, self._heard, begun=self._wakeup.set)

    def _heard(self, origin: str) -> None:
        if origin != self._origin:
            self._wakeup.set()
