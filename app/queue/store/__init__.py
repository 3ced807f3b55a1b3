"""The only SQL over events, lanes and attempts."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app import audit
from app.audit import Action, Deed
from app.database import VIOLATIONS, Database, GroupCommit, Transaction, may_rerun
from app.errors import DatabaseUnavailable, LeaseLost
from app.queue.fairness import Chooser, MostUrgent
from app.queue.lanes import Claim, Outcome, Submission
from app.queue.notices import Notices
from app.queue.personal import IMPERSONAL, Personal
from app.queue.store import accepting, claiming, leasing, pruning, recording, replaying, waking
from app.queue.store.claiming import Taken
from app.queue.store.contents import Contents
from app.queue.store.idempotency import Accepted, IdempotencyConflict
from app.queue.store.reading import EventFilter, Reading
from app.queue.store.storable import storable
from app.queue.store.streams import Stream, streams
from app.queue.wakeup import Hint, StreamName, Wakeup

__all__ = ["Accepted", "EventFilter", "IdempotencyConflict", "Store"]

#: Events in one accepting transaction, outcomes in one recording transaction.
_MOST_EVENTS = 2000
_MOST_OUTCOMES = 200
#: PostgreSQL: while it works on one batch, we prepare the next.
_ACCEPTING = 2
#: So many rows take the event loop's thread longer than changing to another.
_MANY = 64
#: A claim of so many lanes comes from streams that have more; for so long they are not looked up again.
_RICH = 4
_KNOWN_SECONDS = 0.05
#: Of no person.
_REPLAY = Deed(audit.BRIDGE, Action.REPLAY)


Follow = Callable[[Sequence[Outcome], datetime], Sequence[Submission]]


def follow_nothing(_recorded: Sequence[Outcome], _now: datetime) -> Sequence[Submission]:
    return ()


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The queue's door: accept, claim, record, replay, read."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = utc_now,
        personal: Personal = IMPERSONAL,
        follow: Follow = follow_nothing,
    ) -> None:
        self.database = database
        self.clock = clock
        self.personal = personal
        #: What is accepted because of how claims ended, in the same transaction.
        self._follow = follow
        self.wakeup = Wakeup()
        #: The same hint for the other processes, and from them.
        self.notices = Notices(database, self.wakeup)
        self.read = Reading(database)
        self.contents = Contents(database, self.personal, clock)
        self._known: list[Stream] = []
        self._known_at = float("-inf")
        #: The last claim took so many lanes that the next one will find some of the same streams.
        self._is_rich = False
        self._accepting = GroupCommit(
            self._accept,
            most=_MOST_EVENTS,
            weight=lambda item: len(item.events),
            workers=1 if database.on_sqlite else _ACCEPTING,
        )
        self._recording = GroupCommit(self._record, most=_MOST_OUTCOMES, weight=lambda _: 1)

    async def accept(self, submission: Submission) -> Accepted:
        """Return after the commit. IdempotencyConflict, DatabaseUnavailable: nothing was stored."""
        if not self.personal.kept.keys().isdisjoint(event.kind for event in submission.events):
            submission = replace(submission, events=self.personal.sealed(submission.events))
        accepted = await self._accepting.submit(submission)
        if not accepted.repeated:
            self.wakeup.accepted(submission.connection, submission.events)
            self.notices.post()
        return accepted

    async def claim(self, most: int, *, lease: timedelta) -> list[Claim]:
        """Take up to `most` due lanes, the most urgent first; at most one of each write target."""
        self.wakeup.set()
        return (await self.take(MostUrgent(most), lease=lease)).claims

    async def take(
        self, chooser: Chooser, *, lease: timedelta, excluding: Collection[tuple[str, str]] = ()
    ) -> Taken:
        """Take due lanes as the chooser says, none of the (connection, kind) that are excluded now."""
        hint = self.wakeup.take()
        try:
            return await self._take(hint, chooser, lease, excluding)
        except BaseException:
            self.wakeup.missed()
            raise

    async def _take(
        self, hint: Hint, chooser: Chooser, lease: timedelta, excluding: Collection[tuple[str, str]]
    ) -> Taken:
        accepted = hint.accepted
        found = await self._streams(anew=hint.is_news) if accepted is None else self._of(accepted)
        now = self.clock()
        wanted = [each for each in found if (each.connection, each.kind) not in excluding]
        due = [each for each in wanted if each.due_at <= now and chooser.room(each.connection, each.priority)]
        claims = await self._claim(due, chooser, now, lease) if due else []
        self._is_rich = len(claims) >= _RICH
        if accepted is not None and len(claims) < accepted.total():
            # Something stands in the way of the rest.
            self.wakeup.set()
        elif accepted is None and claims:
            # There may be more.
            self.wakeup.again()
        next_due = min((each.due_at for each in wanted if each.due_at > now), default=None)
        left = any(each.due_at <= now for each in wanted)
        contended = bool(due) and not claims
        return Taken(claims, next_due, contended=contended, left=left, looked=accepted is None)

    def _of(self, accepted: Iterable[StreamName]) -> list[Stream]:
        """What was accepted is due."""
        return [Stream(*each, self.clock()) for each in accepted]

    async def _streams(self, *, anew: bool) -> list[Stream]:
        """While one claim after the other finds plenty, what streams there are is not asked before each."""
        now = time.monotonic()
        if anew or not self._is_rich or now - self._known_at > _KNOWN_SECONDS:
            self._known, self._known_at = await self.database.look(streams), now
        return self._known

    async def _claim(
        self, due: list[Stream], chooser: Chooser, now: datetime, lease: timedelta
    ) -> list[Claim]:
        try:
            if len(due) == 1 and (claims := await self._claim_at_once(due[0], chooser, now, lease)):
                return claims
            return await self.database.run(
                lambda transaction: claiming.claim(transaction, due, chooser, now, lease)
            )
        except VIOLATIONS:
            pass
        except DatabaseUnavailable as error:
            if not may_rerun(error):
                raise
        # A replica of another version took a lane of the same target in the same moment; the database
        # refused ours.
        self.wakeup.set()
        return []

    async def _claim_at_once(
        self, stream: Stream, chooser: Chooser, now: datetime, lease: timedelta
    ) -> list[Claim]:
        room = chooser.room(stream.connection, stream.priority)
        if self.database.on_sqlite or chooser.most(stream.connection, stream.kind) is not None:
            return []
        try:
            return await self.database.look(
                lambda transaction: claiming.claim_at_once(transaction, stream, room, now, lease)
            )
        except VIOLATIONS:
            return []

    async def record(self, outcome: Outcome) -> bool:
        """Write how a claim ended; False if the lease was lost, and then nothing was written."""
        if outcome.claim.kind in self.personal.kept:
            outcome = self.personal.outcome_at_rest(storable(outcome))
        return await self._recording.submit(outcome)

    async def renew(self, claims: Sequence[Claim], *, lease: timedelta) -> set[tuple[int, UUID]]:
        """The (lane, lease) that are ours still, for another `lease` from now."""
        async with self.database.write() as connection:
            return await leasing.renew(connection, claims, self.clock() + lease)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """End leases in order: the lanes are due at once, and no attempt is counted."""
        async with self.database.write() as connection:
            await leasing.give_back(connection, claims, self.clock())
        self._is_due()

    async def checkpoint(self, claim: Claim, stage: str) -> None:
        """Remember how far a fact of several steps has come; LeaseLost if it is no longer ours."""
        async with self.database.write() as connection:
            if not await recording.checkpoint(connection, claim, stage):
                raise LeaseLost(f"lane {claim.lane_id} is leased to another worker")

    async def replay(self, connection_name: str, event_id: UUID, deed: Deed = _REPLAY) -> bool:
        """Send again: a fact as it was, a state kind as its lane wants it today; False: no such event."""
        async with self.database.write() as connection:
            replayed = await replaying.replay(connection, connection_name, event_id, self.clock())
            if replayed:
                await audit.write(connection, deed, connection_name, f"event {event_id}")
        self._is_due()
        return replayed

    async def resend(self, connection_name: str, kind: str, key_prefixes: Collection[str]) -> list[str]:
        """The next change of each lane whose key begins so is sent, even if it was acknowledged before.

        Tells the lanes' keys.
        """
        if not key_prefixes:
            return []
        async with self.database.write() as connection:
            return await replaying.resend(connection, connection_name, kind, key_prefixes)

    async def distrust(self) -> int:
        """The next change of each state's lane is sent, whatever was acknowledged; how many there are."""
        async with self.database.write() as connection:
            return await replaying.distrust(connection)

    async def forget(self, connection_name: str, route: str, key: str) -> None:
        """What was accepted under this idempotency key and has ended may be accepted anew."""
        async with self.database.write() as connection:
            await replaying.forget(connection, connection_name, route, key)

    async def arrived(self, connection_name: str, kind: str, keys: Sequence[str]) -> None:
        """Wake who waits for these: VTEX has them, though nothing of ours was delivered."""
        if keys:
            await self.database.run(
                lambda transaction: waking.wake_for(transaction, connection_name, kind, keys, self.clock())
            )
            self._is_due()

    async def events_from(self, cursor: UUID | None, most: int) -> list[pruning.Place]:
        """The next events after `cursor`, oldest first."""
        async with self.database.read() as connection:
            return await pruning.events_from(connection, cursor, most)

    async def prune_events(
        self, event_ids: list[UUID], most: int, *, states: bool, before: datetime
    ) -> pruning.Pruned:
        """Those of them that ended before then, of state kinds or of facts, with up to `most` attempts."""
        async with self.database.write() as connection:
            return await pruning.prune_events(connection, event_ids, most, states=states, before=before)

    async def prune_idempotency_keys(self, most: int) -> int:
        """The expired ones; those that hold for ever stay."""
        async with self.database.write() as connection:
            return await pruning.prune_idempotency_keys(connection, most, self.clock())

    async def drain(self) -> None:
        await self._accepting.drain()
        await self._recording.drain()

    def _is_due(self) -> None:
        self.wakeup.set()
        self.notices.post()

    async def _accept(self, batch: list[Submission]) -> list[Accepted | Exception]:
        events = sum(len(submission.events) for submission in batch)
        return await self.database.run(
            lambda transaction: accepting.accept(transaction, batch, self.clock()), is_long=events > _MANY
        )

    async def _record(self, batch: list[Outcome]) -> list[bool | Exception]:
        following: list[Submission] = []

        def record(transaction: Transaction) -> tuple[list[bool], bool]:
            now = self.clock()
            written, is_due = recording.record(transaction, batch, now)
            held = [outcome for outcome, ours in zip(batch, written, strict=True) if ours]
            # Anew each time: the transaction may be run again.
            following[:] = [
                replace(each, events=self.personal.sealed(each.events)) for each in self._follow(held, now)
            ]
            if following:
                accepting.accept(transaction, following, now)
            return written, is_due

        written, is_due = await self.database.run(record, is_long=len(batch) > _MANY)
        if is_due or following:
            self._is_due()
        elif any(outcome.due_at for outcome in batch):
            # The next moment may be another now.
            self.wakeup.set()
        return [*written]
