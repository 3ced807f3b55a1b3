"""Personal data at rest: sealed anew, or taken away; ids and amounts stay."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.queue.lanes import Document
from app.queue.models import Status
from app.queue.personal import ANSWER, NO_CONTENT, REMOVED, SEALED, Personal
from app.queue.store.recording import ATTEMPT
from app.queue.store.tables import EVENT, LANE, LOCK_ORDER
from app.sealing import ID_CHARACTERS, NoKey

Found = Row[*tuple[Any, ...]]
_CONTENT = EVENT.c["id", "kind", "payload"]
#: Lanes of each kind that are looked at, the last keys first.
_SAMPLE = 20
FORCED = "its content was erased before it was delivered, as a person had asked for"


@dataclass(frozen=True, slots=True)
class Stripped:
    events: int = 0
    answers: int = 0
    #: Whether anything was ever accepted of it.
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Resealed:
    """One batch; `cursor` is None at the end."""

    cursor: UUID | None
    events: int
    answers: int
    #: That no key opens.
    unopened: list[UUID]


async def prune(
    connection: AsyncConnection,
    event_ids: Collection[UUID],
    personal: Personal,
    before: datetime,
    now: datetime,
) -> Stripped:
    """Of those that ended before then; rows that another pruner has in hand are left to it."""
    found = await connection.execute(
        select(*_CONTENT)
        .where(
            EVENT.c.id.in_(event_ids),
            EVENT.c.kind.in_(personal.kept),
            EVENT.c.finished_at < before,
            EVENT.c.payload[REMOVED].as_string().is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    return await _strip(connection, found.all(), personal, "pruned", now)


async def erase(
    connection: AsyncConnection, name: str, target: str, personal: Personal, now: datetime, *, force: bool
) -> Stripped | Sequence[Found]:
    """All of a write target; else what of it has not ended, and then nothing was done.

    By force such events end; never while somebody is delivering one.
    """
    lane_ids = await _locked(connection, name, target, personal)
    ours, unfinished = EVENT.c.lane_id.in_(lane_ids), EVENT.c.finished_at.is_(None)
    in_flight = (LANE.c.lease.is_not(None) & (LANE.c.due_at > now)).label("in_flight")
    query = select(*EVENT.c["id", "kind", "key"], in_flight).join(LANE, EVENT.c.lane_id == LANE.c.id)
    pending = (await connection.execute(query.where(ours, unfinished).order_by(EVENT.c.id))).all()
    if any(row.in_flight for row in pending) or (pending and not force):
        return pending
    ended = {"status": Status.FAILED.value, "reason": FORCED, "reason_class": NO_CONTENT, "finished_at": now}
    await connection.execute(update(EVENT).where(ours, unfinished).values(ended))
    # Nothing is due any more, no late worker records, and nobody's arrival revives what gave up waiting.
    idle = dict.fromkeys(("due_at", "status", "lease", "reason", "waiting_kind", "waiting_key"), null())
    await connection.execute(update(LANE).where(LANE.c.id.in_(lane_ids)).values(idle))
    with_content = EVENT.c.payload[REMOVED].as_string().is_(None)
    found = await connection.execute(select(*_CONTENT).where(ours, with_content).with_for_update())
    stripped = await _strip(connection, found.all(), personal, "erased", now)
    return replace(stripped, is_known=bool(lane_ids))


async def _locked(connection: AsyncConnection, name: str, target: str, personal: Personal) -> list[int]:
    """The target's lanes, and those that tell how theirs ended."""
    ours = LANE.c.connection == name
    of_target = LANE.c.kind.in_(personal.kept) & (LANE.c.target == target)
    found = await connection.execute(select(*LANE.c["kind", "key"]).where(ours, of_target))
    told = LANE.c.key.in_([f"{row.kind}/{row.key}" for row in found])
    wanted = or_(of_target, (LANE.c.kind == personal.told_by) & told)
    locked = select(LANE.c.id).where(ours, wanted).order_by(*LOCK_ORDER).with_for_update()
    return list(await connection.scalars(locked))


async def _strip(
    connection: AsyncConnection, found: Sequence[Found], personal: Personal, why: str, now: datetime
) -> Stripped:
    if not found:
        return Stripped()
    payloads = {row.id: personal.removed(row.kind, row.payload, why, now) for row in found}
    await _write_payloads(connection, payloads)
    answers = await _rewrite_calls(connection, [*payloads], _without_answer)
    # A reason may have the other side's words, and these what they were said of.
    failed = EVENT.c.status == Status.FAILED.value, EVENT.c.reason != FORCED
    silent = {"reason": f"the reason was {why} with the content", "reason_class": NO_CONTENT}
    await connection.execute(update(EVENT).where(EVENT.c.id.in_(payloads), *failed).values(silent))
    await connection.execute(update(ATTEMPT).where(ATTEMPT.c.event_id.in_(payloads)).values(reason=null()))
    return Stripped(len(payloads), answers)


def _without_answer(call: Document) -> Document:
    return {name: value for name, value in call.items() if name != ANSWER}


async def reseal(connection: AsyncConnection, cursor: UUID | None, most: int, personal: Personal) -> Resealed:
    """The next events of personal kinds: what stands in clear, or was sealed by another key than today's."""
    query = select(*_CONTENT).where(EVENT.c.kind.in_(personal.kept)).order_by(EVENT.c.id).limit(most)
    if cursor is not None:
        query = query.where(EVENT.c.id > cursor)
    found = (await connection.execute(query.with_for_update())).all()
    key_id = personal.seals.key_ids[0]
    payloads, unopened = {}, []
    for row in found:
        sealed = row.payload.get(SEALED)
        if REMOVED in row.payload or (sealed and sealed.startswith(f"{key_id}.")):
            continue
        try:
            content = personal.seals.open(sealed) if sealed else row.payload
        except NoKey:
            unopened.append(row.id)
            continue
        payloads[row.id] = personal.at_rest(row.kind, content)
    ids = [row.id for row in found]
    await _write_payloads(connection, payloads)
    answers = await _rewrite_calls(connection, ids, lambda call: _resealed(call, key_id, personal))
    unopened += [each for each in await _older(connection, ids, key_id) if each not in unopened]
    return Resealed(ids[-1] if len(ids) == most else None, len(payloads), answers, unopened)


def _resealed(call: Document, key_id: str, personal: Personal) -> Document:
    answer = call[ANSWER]
    if _is_sealed_by(answer, key_id):
        return call
    if isinstance(answer, dict):
        try:
            answer = personal.seals.open(answer[SEALED])
        except NoKey:
            return call
    return personal.calls_at_rest([call | {ANSWER: answer}])[0]


def _is_sealed_by(answer: Any, key_id: str) -> bool:
    return isinstance(answer, dict) and str(answer[SEALED]).startswith(f"{key_id}.")


async def _older(connection: AsyncConnection, event_ids: Sequence[UUID], key_id: str) -> list[UUID]:
    """Those of which an attempt's answer is still not sealed by this key."""
    query = select(*ATTEMPT.c["event_id", "calls"]).where(ATTEMPT.c.event_id.in_(event_ids))
    return [
        row.event_id
        for row in await connection.execute(query.order_by(ATTEMPT.c.id))
        if any(ANSWER in call and not _is_sealed_by(call[ANSWER], key_id) for call in row.calls)
    ]


async def _write_payloads(connection: AsyncConnection, payloads: dict[UUID, Document]) -> None:
    if payloads:
        await connection.execute(
            update(EVENT).where(EVENT.c.id == bindparam("event")).values(payload=bindparam("content")),
            [{"event": each, "content": payload} for each, payload in payloads.items()],
        )


async def _rewrite_calls(
    connection: AsyncConnection, event_ids: Sequence[UUID], rewrite: Callable[[Document], Document]
) -> int:
    """Of their attempts the calls that have an answer; how many attempts became others."""
    found = await connection.execute(
        select(*ATTEMPT.c["id", "calls"]).where(ATTEMPT.c.event_id.in_(event_ids)).with_for_update()
    )
    changed = []
    for row in found:
        calls = [rewrite(call) if ANSWER in call else call for call in row.calls]
        if calls != row.calls:
            changed.append({"attempt": row.id, "written": calls})
    if changed:
        await connection.execute(
            update(ATTEMPT).where(ATTEMPT.c.id == bindparam("attempt")).values(calls=bindparam("written")),
            changed,
        )
    return len(changed)


async def key_ids(connection: AsyncConnection, name: str, kinds: Collection[str]) -> set[str | None]:
    """With which keys some of a connection's newest content is sealed; None is for what stands in clear."""
    found: set[str | None] = set()
    sealed = func.substr(EVENT.c.payload[SEALED].as_string(), 1, ID_CHARACTERS)
    for kind in kinds:
        lanes = select(LANE.c.id).where(LANE.c.connection == name, LANE.c.kind == kind)
        newest = lanes.order_by(LANE.c.key.desc()).limit(_SAMPLE)
        with_content = EVENT.c.payload[REMOVED].as_string().is_(None)
        query = select(sealed).where(EVENT.c.lane_id.in_(newest), with_content)
        found |= set(await connection.scalars(query))
    return found
