"""Folding: in each register stays what was said last, in whatever order the changes arrive."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.folding import ItemList, Registers, Saying, fold, moment, saying
from tests.queue.freshness import Freshness

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = "2025-12-31"
LISTS = {"items": ItemList(("k",), alone="items_exactly")}


def at(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def folded(*changes: dict[str, Any]) -> dict[str, Any]:
    """One second after the other; each stored and read again."""
    registers = Registers()
    for second, change in enumerate(changes):
        accepted = Saying(moment(NOW + timedelta(seconds=second)))
        fold(registers, change, saying(change, accepted), LISTS)
        registers = Registers(registers.desired, registers.stamps)
    return registers.desired


@pytest.mark.parametrize(
    ("desired", "change", "expected"),
    [
        ({"a": 1, "b": 2}, {}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2}}),
        ({"list": [1, 2]}, {"list": []}, {"list": []}),
        ({"items": [{"k": 1, "v": 1}]}, {"items": [{"k": 2}]}, {"items": [{"k": 1, "v": 1}, {"k": 2}]}),
        ({"items": [{"k": 1, "v": 1}]}, {"items": [{"k": 1, "v": 9}]}, {"items": [{"k": 1, "v": 9}]}),
        ({"items": [{"k": 1}]}, {"items": None}, {"items": None}),
        ({"items": [{"k": "1"}]}, {"items": [{"k": 1}]}, {"items": [{"k": 1}, {"k": "1"}]}),
        ({"items": [{"k": 1}]}, {"items": []}, {"items": [{"k": 1}]}),
        ({"items": []}, {}, {"items": []}),
        ({"items": None}, {"items": [{"k": 1}]}, {"items": [{"k": 1}], "items_exactly": True}),
        ({"items": None}, {"items": []}, {"items": None}),
    ],
    ids=[
        "absent-is-no-opinion",
        "null-clears",
        "objects-are-replaced",
        "a-list-replaces-the-list",
        "an-item-with-a-new-key-is-added",
        "an-item-with-a-known-key-is-replaced",
        "null-clears-all-items",
        "keys-of-different-types-differ",
        "an-empty-list-mentions-no-item",
        "an-empty-list-is-kept-as-such",
        "after-a-clear-the-items-are-all",
        "an-empty-list-does-not-undo-a-clear",
    ],
)
def test_folding(desired: dict[str, Any], change: dict[str, Any], expected: dict[str, Any]) -> None:
    assert folded(desired, change) == expected


def test_folding_leaves_what_was_read_alone() -> None:
    desired, change = {"items": [{"k": 1}], "a": 1}, {"items": [{"k": 2}], "a": 2}
    stamps = [["2026-01-01T00:00:00.000000Z", ["a", ["items", 1]]]]
    fold(Registers(desired, stamps), change, Saying("2027"), LISTS)
    assert (desired, change) == ({"items": [{"k": 1}], "a": 1}, {"items": [{"k": 2}], "a": 2})
    assert stamps == [["2026-01-01T00:00:00.000000Z", ["a", ["items", 1]]]]


def test_freshness_is_no_part_of_the_state() -> None:
    assert folded({"a": 1, "version": 3}, {"b": 1, "occurred_at": at(0)}) == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([{"a": 1, "version": 2}, {"a": 2, "version": 1}], {"a": 1}),
        ([{"a": 1, "version": 2}, {"a": 2, "version": 2}], {"a": 2}),
        ([{"a": 1, "version": 0}, {"a": 2, "version": 1}], {"a": 2}),
        ([{"a": 1, "version": 10}, {"a": 2, "version": 9}], {"a": 1}),
        ([{"a": 1, "version": 2}, {"a": 2, "b": 2, "version": 1}], {"a": 1, "b": 2}),
        ([{"a": 1, "occurred_at": at(60)}, {"a": 2, "occurred_at": at(59)}], {"a": 1}),
        ([{"a": 1, "occurred_at": f"{DAY}T09Z"}, {"a": 2, "occurred_at": f"{DAY}T07:00-03"}], {"a": 2}),
        ([{"a": 1, "occurred_at": at(60)}, {"a": 2}], {"a": 2}),
        ([{"a": 1, "occurred_at": at(60)}, {"a": 2}, {"a": 3, "occurred_at": at(30)}], {"a": 2}),
        ([{"a": 1}, {"a": 2, "occurred_at": at(-1)}], {"a": 1}),
        ([{"a": 1}, {"a": 2, "occurred_at": at(0)}], {"a": 2}),
        ([{"a": 1}, {"a": 2, "version": 0}], {"a": 2}),
        ([{"a": 1, "version": 5}, {"a": 2, "occurred_at": at(-900)}], {"a": 2}),
        ([{"a": 1, "version": 5}, {"a": 2}, {"a": 3, "version": 4}], {"a": 3}),
    ],
    ids=[
        "an-older-version-stays-out", "of-equals-the-later-accepted-wins", "zero-is-a-version",
        "versions-are-numbers", "an-older-change-fills-what-no-newer-named", "an-older-moment-stays-out",
        "moments-are-compared-across-zones", "without-a-word-of-when-it-always-counts",
        "and-is-not-undone-by-what-was-older-before-it", "acceptance-is-a-moment",
        "the-moment-of-acceptance-itself", "a-version-after-an-acceptance", "a-moment-after-a-version",
        "a-version-after-an-acceptance-after-a-version",
    ],
)  # fmt: skip
def test_freshness(changes: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert folded(*changes) == expected


def said_anew(*changes: dict[str, Any]) -> object:
    registers = Registers()
    return [fold(registers, each, saying(each, Saying(moment(NOW))), LISTS).said_anew for each in changes][-1]


def test_what_is_wholly_older_says_when_it_was_said_anew() -> None:
    newer = {"a": 1, "b": 1}
    assert said_anew(newer | {"version": 7}, {"a": 2, "b": 2, "version": 6}) == 7
    assert said_anew(newer, {"a": 2, "occurred_at": at(-9)}) == "2026-01-01T00:00:00.000000Z"
    assert said_anew({"items": None, "version": 3}, {"items": [{"k": 1}], "version": 2}) == 3


def test_what_says_something_or_nothing_was_not_said_anew() -> None:
    assert said_anew({"a": 1, "version": 7}, {"a": 2, "b": 2, "version": 6}) is None
    assert said_anew({"a": 1, "version": 7}, {"version": 6}) is None
    assert said_anew({"a": 1, "version": 0}, {"a": 1, "version": 0}) is None


FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1)
STAMPS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.integers(0, 5).map(lambda version: {"version": version}),
    st.integers(-9, 9).map(lambda seconds: {"occurred_at": at(seconds)}),
)
CHANGES = st.lists(st.tuples(FIELDS, STAMPS).map(lambda both: both[0] | both[1]), max_size=12)


@given(CHANGES)
def test_any_sequence_folds_as_the_plainest_model_says(changes: list[dict[str, Any]]) -> None:
    registers, plain = Registers(), Freshness()
    for second, change in enumerate(changes):
        now = NOW + timedelta(seconds=second // 2)
        result = fold(registers, change, saying(change, Saying(moment(now))))
        assert (result.said_anew is None) == plain.lay(change, now)
        registers = Registers(registers.desired, registers.stamps)
    assert registers.desired == plain.desired


ITEMS = st.lists(
    st.builds(lambda key, value: {"k": key, "v": value}, st.integers(0, 2), st.integers(0, 9)), max_size=3
)
SAID = st.fixed_dictionaries(
    {}, optional={"a": st.none() | st.integers(0, 3), "b": st.integers(0, 3), "items": st.none() | ITEMS}
)


@given(st.lists(SAID, max_size=5), st.booleans())
def test_changes_that_all_say_when_may_arrive_in_any_order(said: list[dict[str, Any]], moments: bool) -> None:
    stamped = [
        change | ({"occurred_at": at(place)} if moments else {"version": place})
        for place, change in enumerate(said)
    ]
    ends = [folded(*order) for order in permutations(stamped)]
    assert all(end == ends[0] for end in ends)
    plain: dict[str, Any] = {}
    for change in said:
        plain |= {name: value for name, value in change.items() if name != "items"}
    assert {name: value for name, value in ends[0].items() if "items" not in name} == plain
    assert ends[0].get("items", []) == _items(said)


def _items(said: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """What was said after the last clear; None if nothing was."""
    found: dict[int, dict[str, Any]] = {}
    cleared = False
    for change in said:
        if change.get("items", ()) is None:
            found, cleared = {}, True
        found |= {item["k"]: item for item in change.get("items") or ()}
    return None if cleared and not found else [found[key] for key in sorted(found)]
