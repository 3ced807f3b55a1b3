"""Slots: shares by weight, nobody starves, idle shares go on, nothing beyond the room."""

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.queue.fairness import WEIGHTS, Candidate, Slots

CLASSES = range(len(WEIGHTS))
BUSY = st.sets(st.sampled_from(CLASSES), min_size=1)


NUMBERS = itertools.count(1)


def _candidates(connection: str, *classes: int, each: int = 50) -> list[Candidate]:
    """New lanes, in the order that a claim gives: by class, then by due time."""
    return [
        Candidate(number, connection, f"target:{number}", priority)
        for priority in sorted(classes)
        for number in itertools.islice(NUMBERS, each)
    ]


def _served(slots: Slots, connection: str, classes: set[int], turns: int) -> list[int]:
    """The classes of lanes that are taken one by one, while all of these classes have work for ever."""
    served = []
    for _ in range(turns):
        # Room for one: the slots are full but for it.
        chosen = slots.choose(_candidates(connection, *classes, each=1))[:1]
        served += [each.priority for each in chosen]
    return served


class OneSlotFree(Slots):
    """All that is chosen ends at once, and there is always room for one only."""

    def __init__(self) -> None:
        super().__init__(1)


@given(busy=BUSY, rounds=st.integers(1, 8))
def test_under_saturation_the_shares_are_the_weights(busy: set[int], rounds: int) -> None:
    total = sum(WEIGHTS[each] for each in busy)
    served = Counter(_served(OneSlotFree(), "acme", busy, total * rounds))
    assert served == {each: WEIGHTS[each] * rounds for each in busy}


@given(history=st.lists(BUSY, max_size=20), busy=BUSY)
def test_nobody_with_work_starves_whatever_was_before(history: list[set[int]], busy: set[int]) -> None:
    slots = OneSlotFree()
    for classes in history:
        _served(slots, "acme", classes, 5)
    served = _served(slots, "acme", busy, 4 * sum(WEIGHTS))
    for each in busy:
        assert each in served


@given(idle=st.sets(st.sampled_from(CLASSES), min_size=1, max_size=3))
def test_the_share_of_idle_classes_goes_to_the_others(idle: set[int]) -> None:
    busy = set(CLASSES) - idle
    slots = Slots(16)
    limit = slots.room("acme", min(busy))
    assert len(slots.choose(_candidates("acme", *busy))) == limit


def test_the_highest_class_goes_first() -> None:
    assert _served(OneSlotFree(), "acme", set(CLASSES), 1) == [0]


def test_of_a_class_the_first_goes_first() -> None:
    candidates = _candidates("acme", 0)
    assert Slots(8).choose(candidates) == candidates[:8]


def test_a_lane_in_our_own_hands_is_left_alone_until_it_is_free() -> None:
    slots, [lane] = Slots(8), _candidates("acme", 0, each=1)
    slots.take(lane)
    assert slots.choose([lane]) == []
    slots.free(lane)
    slots.forget(lane)
    assert slots.choose([lane]) == [lane]


@given(
    concurrency=st.integers(1, 40),
    rounds=st.lists(
        st.tuples(st.dictionaries(st.sampled_from(CLASSES), st.integers(0, 30)), st.integers(0, 30)),
        max_size=10,
    ),
)
def test_nothing_is_chosen_beyond_the_room(
    concurrency: int, rounds: list[tuple[dict[int, int], int]]
) -> None:
    slots, flying = Slots(concurrency), list[Candidate]()
    for work, ending in rounds:
        candidates = [
            each for name, count in sorted(work.items()) for each in _candidates("a", name, each=count)
        ]
        chosen = slots.choose(candidates)
        for each in chosen:
            slots.take(each)
            flying.append(each)
        assert len(flying) <= concurrency
        # What is left had no room, or there was none of it.
        left = Counter(each.priority for each in candidates) - Counter(each.priority for each in chosen)
        assert all(slots.room("a", priority) == 0 for priority in left)
        for each in flying[:ending]:
            slots.free(each)
            slots.forget(each)
        del flying[:ending]


@given(concurrency=st.integers(2, 100), busy=BUSY.filter(lambda busy: 0 not in busy))
def test_the_classes_below_never_hold_all_slots(concurrency: int, busy: set[int]) -> None:
    slots = Slots(concurrency)
    for each in slots.choose(_candidates("acme", *busy, each=concurrency)):
        slots.take(each)
    assert slots.room("acme", 0) > 0
    assert [each.priority for each in slots.choose(_candidates("acme", 0, *busy, each=1))][:1] == [0]


def test_every_class_has_room_even_in_a_single_slot() -> None:
    assert [Slots(1).room("acme", each) for each in CLASSES] == [1, 1, 1, 1]


def test_a_full_connection_takes_no_room_from_another() -> None:
    slots = Slots(4)
    for each in _candidates("busy", 0, each=4):
        slots.take(each)
    assert slots.room("busy", 0) == 0
    assert len(slots.choose(_candidates("busy", 0) + _candidates("calm", 0))) == 4
