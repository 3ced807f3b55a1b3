"""Changes from a file: each line is validated as the API would, and accepted in batches."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.api.bodies import read_changes
from app.api.problems import Problem
from app.changes.kind import Kind
from app.loading.lines import Line, as_json
from app.queue.lanes import NewEvent, Submission
from app.queue.store import Store

#: Lines of one transaction; where a run was cut off, the next one goes on at such a boundary.
BATCH = 500
#: So long a file that was cut off may be begun again without accepting anything twice.
REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    number: int
    #: JSON Pointer of the field, empty for the line as a whole.
    pointer: str
    reason: str


@dataclass(slots=True)
class Progress:
    """Of one batch."""

    lines: int = 0
    accepted: int = 0
    #: Accepted by an earlier run.
    before: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    #: How far into the file it ends; 0 where that is not known.
    end: int = 0


async def load(
    store: Store, connection: str, kind: Kind[Any], lines: Iterable[Line], file_digest: str
) -> AsyncIterator[Progress]:
    """Batch by batch; each batch has an idempotency key of the file's digest and its first line."""
    schema = kind.change.model_json_schema()
    for batch in _batches(lines):
        progress, events = Progress(lines=len(batch), end=batch[-1].end), list[NewEvent]()
        for line in batch:
            event = _event(kind, line, schema, store, progress)
            if event is not None:
                events.append(event)
        if events:
            identity = f"{kind.name}/{file_digest}/{batch[0].number}"
            accepted = await store.accept(
                Submission(
                    connection,
                    tuple(events),
                    route="load",
                    idempotency_key=identity,
                    body_sha256=hashlib.sha256(identity.encode()).hexdigest(),
                    idempotency_life=REMEMBERED,
                )
            )
            if accepted.repeated:
                progress.before = len(events)
            else:
                progress.accepted = len(events)
        yield progress


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    remaining = iter(lines)
    while batch := list(itertools.islice(remaining, BATCH)):
        yield batch


def _event(
    kind: Kind[Any], line: Line, schema: dict[str, Any], store: Store, progress: Progress
) -> NewEvent | None:
    if line.mistake is not None or line.content is None:
        progress.refused.append(RefusedLine(line.number, "", line.mistake or "is empty"))
        return None
    content = line.content if isinstance(line.content, bytes) else as_json(line.content, schema)
    if content[:1] == b"[":
        progress.refused.append(RefusedLine(line.number, "", "must be one object, not an array"))
        return None
    try:
        [change] = read_changes(kind, content, store.clock())
    except Problem as problem:
        progress.refused += [
            RefusedLine(line.number, each.pointer, each.detail) for each in problem.errors or ()
        ]
        return None
    return kind.event(change)
