"""Who goes next: each connection has slots of its own, and its four classes share them by weight."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.queue.lanes import Claim

#: Orders and invoices, stock, prices, catalogue: of 15 turns, when all have work.
WEIGHTS = (8, 4, 2, 1)
#: Each class leaves this part of the slots free for the classes before it.
_RESERVED = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due lane whose target is free, seen but not yet leased."""

    lane_id: int
    connection: str
    target: str
    priority: int


class Chooser(Protocol):
    def room(self, connection: str, priority: int) -> int:
        """How many lanes of this class could be taken now, if no other class took any."""

    def most(self, connection: str, kind: str) -> int | None:
        """How many lanes of this kind may be in flight, over all replicas; None: as many as there is room."""

    def choose(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Whom to take, of candidates that stand in the order of their class and due time."""


@dataclass(frozen=True, slots=True)
class MostUrgent:
    """The most urgent first, whatever their connection: for benches and tools."""

    number: int

    def room(self, connection: str, priority: int) -> int:  # noqa: ARG002  the protocol's arguments
        return self.number

    def most(self, connection: str, kind: str) -> int | None:  # noqa: ARG002
        return None

    def choose(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        return list(candidates[: self.number])


@dataclass(slots=True)
class _Share:
    """One connection: how many of each class are in flight, and whose turn it is."""

    in_flight: list[int] = field(default_factory=lambda: [0] * len(WEIGHTS))
    turns: list[int] = field(default_factory=lambda: [0] * len(WEIGHTS))


class Slots:
    """The slots of one process, `concurrency` for each connection.

    Classes share them by smooth weighted round robin: of `WEIGHTS` turns each class gets its own, spread
    evenly, and the turns of a class without work fall to the others. A class and all after it together
    leave a part of the slots to those before it, so that slow calls of the catalogue never hold them all.
    """

    def __init__(self, concurrency: int, most: Mapping[tuple[str, str], int] | None = None) -> None:
        #: By connection and kind.
        self._most = most or {}
        self._limits = [
            max(1, concurrency - -(-concurrency * each // _RESERVED)) for each in range(len(WEIGHTS))
        ]
        self._shares: defaultdict[str, _Share] = defaultdict(_Share)
        #: By lane: claimed anew, it may be held twice for a moment.
        self._held: Counter[int] = Counter()
        #: Attempts in flight, of all connections.
        self.busy = 0

    def room(self, connection: str, priority: int) -> int:
        return self._room(self._shares[connection].in_flight, class_of(priority))

    def most(self, connection: str, kind: str) -> int | None:
        return self._most.get((connection, kind))

    def choose(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """One of each connection in turn, until none has work and room left.

        A lane that we hold ourselves is left alone, even if its lease ended: it is being given back.
        """
        waiting: dict[str, list[list[Candidate]]] = {}
        for each in reversed([each for each in candidates if each.lane_id not in self._held]):
            classes = waiting.setdefault(each.connection, [[] for _ in WEIGHTS])
            classes[class_of(each.priority)].append(each)
        planned = {name: [*self._shares[name].in_flight] for name in waiting}
        chosen: list[Candidate] = []
        while waiting:
            for name in [*waiting]:
                able = [
                    each
                    for each, lanes in enumerate(waiting[name])
                    if lanes and self._room(planned[name], each) > 0
                ]
                if not able:
                    del waiting[name]
                    continue
                turn = _turn(self._shares[name].turns, able)
                planned[name][turn] += 1
                chosen.append(waiting[name][turn].pop())
        return chosen

    def take(self, lane: Candidate | Claim) -> None:
        self._held[lane.lane_id] += 1
        self.busy += 1
        self._shares[lane.connection].in_flight[class_of(lane.priority)] += 1

    def free(self, lane: Candidate | Claim) -> None:
        """Its attempt ended; until `forget` the lane is still ours."""
        self.busy -= 1
        self._shares[lane.connection].in_flight[class_of(lane.priority)] -= 1

    def forget(self, lane: Candidate | Claim) -> None:
        self._held[lane.lane_id] -= 1
        if not self._held[lane.lane_id]:
            del self._held[lane.lane_id]

    def _room(self, in_flight: list[int], number: int) -> int:
        # Within its own bound and that of every class before it: they all count what comes after them.
        return max(0, min(self._limits[each] - sum(in_flight[each:]) for each in range(number + 1)))


def class_of(priority: int) -> int:
    return min(max(priority, 0), len(WEIGHTS) - 1)


def _turn(turns: list[int], able: Iterable[int]) -> int:
    """Smooth weighted round robin: everyone able gains its weight, the richest goes and pays them all."""
    able = [*able]
    for each in able:
        turns[each] += WEIGHTS[each]
    richest = max(able, key=lambda each: (turns[each], -each))
    turns[richest] -= sum(WEIGHTS[each] for each in able)
    return richest
