"""Folding: a lane's desired state is made of registers, and in each stays what was said last.

A register is a field, or one item of a list whose items are told apart by a key. The ERP may say when, by
`occurred_at` or `version`; a change without either counts as said at its acceptance. What cannot be compared,
a moment with a version, goes by acceptance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

Values = dict[str, Any]
#: A moment in UTC, as text that sorts by time, or the ERP's version.
Said = str | int
#: A field, or an item of a list: the field and the parts of the item's key.
Register = str | tuple[Any, ...]
#: As it is stored, in the order of acceptance: what was said when, as far as it still stands.
Stamps = list[list[Any]]

#: Members of a change that say how fresh it is; they are kept with the event, not in the desired state.
FRESHNESS = ("occurred_at", "version")


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Saying(NamedTuple):
    said: Said
    #: By the ERP; the moment of acceptance is never too old.
    given: bool = False

    def is_older_than(self, other: Said | None) -> bool:
        return self.given and is_older(self.said, other)


def saying(change: Values, accepted: Saying) -> Saying:
    """When a change says that it became so; else it is said at its acceptance."""
    if "version" in change:
        return Saying(change["version"], given=True)
    if "occurred_at" in change:
        return Saying(moment(datetime.fromisoformat(change["occurred_at"])), given=True)
    return accepted


def is_older(said: Said, other: Said | None) -> bool:
    if isinstance(said, str):
        return isinstance(other, str) and said < other
    return isinstance(other, int) and said < other


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list that is merged item by item; null clears it, and what is said later stands alone in it."""

    #: The fields that tell its items apart.
    key: tuple[str, ...]
    #: The flag in the desired state: these items and no others.
    alone: str

    def place(self, item: Values) -> tuple[Any, ...]:
        return tuple(item.get(part) for part in self.key)


@dataclass(slots=True)
class Folded:
    """What became of one change."""

    written: list[Register] = field(default_factory=list)
    #: When that was said which it did not replace.
    newer: list[Said] = field(default_factory=list)

    @property
    def said_anew(self) -> Said | None:
        """When all that it says was said anew; None if it says something still."""
        return max(self.newer) if self.newer and not self.written else None


class Registers:
    """A lane's desired state with what was said when; folding changes it in place."""

    __slots__ = ("_latest", "_next", "_standing", "desired")

    def __init__(self, desired: Values | None = None, stamps: Stamps | None = None) -> None:
        self.desired: Values = dict(desired) if desired else {}
        #: Each with its place in the order of acceptance, and in that order.
        self._standing: dict[Register, tuple[Said, int]] = {}
        self._next = 0
        #: No moment that stands is later.
        self._latest = ""
        for said, registers in stamps or ():
            stood = said, self._next
            for register in registers:
                self._standing[tuple(register) if isinstance(register, list) else register] = stood
            self._next += 1
            if isinstance(said, str) and said > self._latest:
                self._latest = said

    @property
    def stamps(self) -> Stamps:
        entries: Stamps = []
        together: list[Register] = []
        last = None
        for register, stood in self._standing.items():
            if stood != last:
                together, last = [], stood
                entries.append([stood[0], together])
            together.append(register)
        return entries

    def standing(self, register: Register) -> tuple[Said | None, int]:
        """When it was said, and its place in the order of acceptance; (None, -1) if that is not known."""
        return self._standing.get(register, (None, -1))

    def drop(self, field_name: str) -> None:
        del self.desired[field_name]
        self._standing.pop(field_name, None)

    def fold(
        self, change: Values, said: Saying, lists: Mapping[str, ItemList], erasing: str | None = None
    ) -> Folded:
        if not said.given and not is_older(said.said, self._latest) and {*lists, erasing}.isdisjoint(change):
            return self._replace(change, said)
        folded, over = Folded(), (erasing,) if erasing else ()
        for name, value in change.items():
            if name in FRESHNESS:
                continue
            if name == erasing:
                self._erase(name, change, said, lists, folded)
            elif name in lists and value is None:
                self._clear(name, lists[name], said, folded, over)
            elif name in lists:
                self._merge(name, lists[name], value, said, folded, over)
            elif self._write(name, said, folded, over):
                self.desired[name] = value
        self._next += 1
        return folded

    def _replace(self, change: Values, said: Saying) -> Folded:
        """The common case, in one go: nothing stands of a later moment."""
        stood, standing = (said.said, self._next), self._standing
        for name in change:
            # Taken out first: what is said now stands last.
            standing.pop(name, None)
            standing[name] = stood
        self.desired |= change
        self._next += 1
        return Folded(list(change))

    def _write(self, register: Register, said: Saying, folded: Folded, over: Sequence[Register] = ()) -> bool:
        """Unless it, or one of those that it stands for, was said later."""
        standing, stamp = self._standing, said.said
        for each in (register, *over) if over else (register,):
            if stood := standing.get(each):
                if said.is_older_than(stood[0]):
                    folded.newer.append(stood[0])
                    return False
                # An acceptance is never earlier than what it replaces, or late mail could bring that back.
                if not said.given and is_older(stamp, stood[0]):
                    stamp = stood[0]
        standing.pop(register, None)
        standing[register] = (stamp, self._next)
        if isinstance(stamp, str) and stamp > self._latest:
            self._latest = stamp
        folded.written.append(register)
        return True

    def _erase(
        self, name: str, change: Values, said: Saying, lists: Mapping[str, ItemList], folded: Folded
    ) -> None:
        """What was said before it goes, unless the change itself names it; what was said after it stays."""
        kept = {*change, *lists, *(items.alone for items in lists.values())}
        fields = [each for each in self.desired if each not in kept]
        standing = [each for each in self._standing if each not in change and each not in fields]
        gone = [each for each in (*fields, *standing) if not said.is_older_than(self.standing(each)[0])]
        if not self._write(name, said, folded, gone):
            return
        for register in gone:
            self._standing.pop(register, None)
            if register in fields:
                del self.desired[register]
        for each, items in lists.items():
            self._keep_standing(each, items)
        self.desired[name] = change[name]

    def _keep_standing(self, name: str, items: ItemList) -> None:
        """Of a list what was said after it: items, and that they stand alone."""
        found = {items.place(item): item for item in self.desired.pop(name, None) or ()}
        found = {place: item for place, item in found.items() if (name, *place) in self._standing}
        self.desired.pop(items.alone, None)
        if found and name in self._standing:
            self.desired[items.alone] = True
        if found or name in self._standing:
            self.desired[name] = _sorted(found) or None

    def _merge(
        self,
        name: str,
        items: ItemList,
        values: Sequence[Values],
        said: Saying,
        folded: Folded,
        over: Sequence[Register],
    ) -> None:
        """Each item for itself; an empty list mentions none, and so says nothing."""
        cleared = name in self.desired and self.desired[name] is None
        found = {items.place(item): item for item in self.desired.get(name) or ()}
        for item in values:
            place = items.place(item)
            if self._write((name, *place), said, folded, (name, *over)):
                found[place] = item
        if found and cleared:
            self.desired[items.alone] = True
        if found or not cleared:
            self.desired[name] = _sorted(found)

    def _clear(
        self, name: str, items: ItemList, said: Saying, folded: Folded, over: Sequence[Register]
    ) -> None:
        """What was said before it goes, what was said after it stays, whatever came first."""
        found = [(name, *items.place(item)) for item in self.desired.get(name) or ()]
        gone = [register for register in found if not said.is_older_than(self.standing(register)[0])]
        if self._write(name, said, folded, (*gone, *over)):
            for register in gone:
                self._standing.pop(register, None)
            self._keep_standing(name, items)


def _sorted(items: dict[tuple[Any, ...], Values]) -> list[Values]:
    """In one order, however they came: the fingerprint must not depend on it."""
    return [items[at] for at in sorted(items, key=lambda at: [(type(part).__name__, part) for part in at])]


Fold = Callable[[Registers, Values, Saying], Folded]


def fold(
    registers: Registers,
    change: Values,
    said: Saying,
    lists: Mapping[str, ItemList] | None = None,
    erasing: str | None = None,
) -> Folded:
    """Lay a change over the desired state.

    An absent field means no opinion, null means clear, a list replaces the list; one named in `lists` is
    merged item by item. A field named in `erasing` takes with it all that was said before.
    """
    return registers.fold(change, said, lists or {}, erasing)
