"""SQLite: the room that its disk has left; what is accepted stops before what is recorded would."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from app.errors import DatabaseUnavailable

_LEAST_BYTES = 64 * 1024 * 1024
#: Of a small disk, this part instead.
_LEAST_PART = 0.05
_LIFE_SECONDS = 1.0

#: Total and free bytes where a path is.
Usage = Callable[[Path], tuple[int, int]]


def _usage(path: Path) -> tuple[int, int]:
    found = shutil.disk_usage(path)
    return found.total, found.free


class Room:
    def __init__(
        self, file: Path, *, usage: Usage = _usage, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._usage, self._clock = file.absolute().parent, usage, clock
        self._looked_at = float("-inf")
        self._free, self._least = 0, 0

    def must_be_left(self) -> None:
        """DatabaseUnavailable where the disk is nearly full: outcomes need the rest."""
        now = self._clock()
        if now - self._looked_at > _LIFE_SECONDS:
            total, self._free = self._usage(self._folder)
            self._least, self._looked_at = min(_LEAST_BYTES, int(total * _LEAST_PART)), now
        if self._free < self._least:
            raise DatabaseUnavailable(
                f"its disk is nearly full: {self._free >> 20} MB are free, {self._least >> 20} are kept for"
                " what was accepted; make room"
            )
