"""The door, with an ear for VTEX's clock; each request is shorter than its question may take."""

import math
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime

from app.doctor.findings import LONGEST_SECONDS, NotInOrder
from app.http.answer import Answer
from app.http.door import Outgoing, Sender

#: Signatures are refused from some minutes on; a machine that keeps its time is off by less than a second.
MOST_SECONDS_OFF = 60
_REQUEST_SECONDS = LONGEST_SECONDS - 1


class ListeningDoor:
    def __init__(self, door: Sender) -> None:
        self._door = door
        #: By how much our clock was ahead of VTEX's at each answer that told the time.
        self._ahead: list[float] = []

    async def send(self, request: Outgoing) -> Answer:
        judge = request.judge

        def heard(answer: Answer) -> None:
            self._hear(answer)
            if judge is not None:
                judge(answer)

        seconds = min(request.timeout_seconds, _REQUEST_SECONDS)
        return await self._door.send(replace(request, timeout_seconds=seconds, judge=heard))

    def _hear(self, answer: Answer) -> None:
        try:
            told = parsedate_to_datetime(answer.headers.get("date") or "").timestamp()
        except (ValueError, OverflowError):
            return
        self._ahead.append(time.time() - told)

    @property
    def heard_the_time(self) -> bool:
        return bool(self._ahead)

    async def compare_clocks(self) -> str:
        # An answer that was long under way makes us look ahead; the header has whole seconds.
        off = min(self._ahead, key=abs)
        if abs(off) <= MOST_SECONDS_OFF:
            return f"within {math.ceil(abs(off)) or 1} s of VTEX's"
        raise NotInOrder(
            f"this machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} VTEX's",
            "set it by NTP (timedatectl set-ntp true): ERPs refuse signatures of another time",
        )
