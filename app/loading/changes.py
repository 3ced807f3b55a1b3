"""An initial load: each line is validated as the API would, and accepted in batches that are done once."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from app.api.bodies import read_changes
from app.api.problems import Problem
from app.changes import KINDS
from app.loading import cells
from app.loading.lines import Line
from app.queue.lanes import NewEvent, Submission
from app.queue.store import IdempotencyConflict, Store

#: Lines and bytes of one transaction; where a batch ends depends on nothing but the file.
_MOST_LINES = 1000
_MOST_BYTES = 2_000_000
#: For so long a load that was cut off goes on where it was.
_LIFE = timedelta(days=30)
_ROUTE = "load"
_MOST_MISTAKES = 5


class RefusedLine(Exception):
    """What is wrong with a line, and the fix."""


@dataclass
class Loaded:
    accepted: int = 0
    #: By an earlier run of the same load.
    before: int = 0
    refused: int = 0


@dataclass
class Loading:
    """One file into one connection."""

    store: Store
    connection: str
    #: Names the load: what was accepted under it is not accepted again.
    run: str
    #: None: each line says its own.
    kind: str | None
    refused: Callable[[int, str], None]
    moved: Callable[[int], None]
    loaded: Loaded = field(default_factory=Loaded)

    async def load(self, lines: Iterable[Line]) -> Loaded:
        for batch in _batches(lines):
            await self._accept(batch)
            self.moved(batch[-1].position)
        return self.loaded

    async def _accept(self, batch: list[Line]) -> None:
        now, events, numbers = self.store.clock(), list[NewEvent](), list[int]()
        for line in batch:
            try:
                events.append(_event(line, self.kind, now))
            except RefusedLine as error:
                self._refuse(line.number, str(error))
            else:
                numbers.append(line.number)
        if not events:
            return
        submission = Submission(
            self.connection,
            tuple(events),
            route=_ROUTE,
            idempotency_key=f"{self.run}:{batch[0].number}",
            body_sha256=hashlib.sha256(repr((self.kind, numbers)).encode()).hexdigest(),
            idempotency_life=_LIFE,
        )
        try:
            accepted = await self.store.accept(submission)
        except IdempotencyConflict:
            # Such as an occurred_at that was in the future then.
            for number in numbers:
                self._refuse(
                    number,
                    "an earlier run accepted others of these lines; load this one in a file of its own",
                )
            return
        if accepted.repeated:
            self.loaded.before += len(events)
        else:
            self.loaded.accepted += len(events)

    def _refuse(self, number: int, reason: str) -> None:
        self.loaded.refused += 1
        self.refused(number, reason)


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    start = 0
    for line in lines:
        batch.append(line)
        if len(batch) == _MOST_LINES or line.position - start > _MOST_BYTES:
            yield batch
            batch, start = [], line.position
    if batch:
        yield batch


def _event(line: Line, kind_name: str | None, now: datetime) -> NewEvent:
    if line.mistake:
        raise RefusedLine(line.mistake)
    if isinstance(line.content, bytes):
        kind_name, body = _json(line.content, kind_name)
    else:
        row = dict(line.content)
        kind_name = kind_name or row.pop("kind", None)
        body = cells.document(kind_name, row) if kind_name in KINDS else b""
    if kind_name not in KINDS:
        raise RefusedLine(_unknown(kind_name))
    kind = KINDS[kind_name]
    try:
        [change] = read_changes(kind, body, now)
    except Problem as problem:
        raise RefusedLine(_reason(problem)) from None
    return kind.event(change)


def _json(content: bytes, kind_name: str | None) -> tuple[str | None, bytes]:
    if kind_name is not None:
        return kind_name, content
    try:
        members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(members.pop("kind", msgspec.Raw(b"null")), type=str | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedLine(f"the line is not valid JSON, or its kind is no text: {error}") from None
    return kind, msgspec.json.encode(members)


def _unknown(kind_name: str | None) -> str:
    known = ", ".join(KINDS)
    if kind_name is None:
        return f"kind is missing: name it in each line, or once by --kind; the kinds are {known}"
    return f"kind: there is no kind {kind_name!r}; the kinds are {known}"


def _reason(problem: Problem) -> str:
    mistakes = problem.errors or []
    shown = [
        f"{each.pointer}: {each.detail}" if each.pointer else each.detail
        for each in itertools.islice(mistakes, _MOST_MISTAKES)
    ]
    return "; ".join(shown) or problem.detail
