"""The bucket's arithmetic: however replicas lease, spend late and give back, VTEX's count never overflows."""

from bisect import bisect_left
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.http.bucket import AHEAD_SECONDS, NONE_RETURNED, Level, Quota, Returned, lease

QUOTAS = [
    Quota(2000, 500),
    Quota(1000, 300),
    Quota(2400, 20),
    Quota(120, 2),
    Quota(30, 2),
    Quota(45_000),
    Quota(6000),
    Quota(60),
]
MINUTE = 60.0


@dataclass
class Replica:
    """Its own clock tells it only durations: each moment is the database's."""

    returned: Returned = NONE_RETURNED


@dataclass(frozen=True)
class Step:
    replica: int
    pause: float
    wanted: int
    #: Of the tokens at hand, how many are spent, and how late within their life and the request's way.
    spends: float
    late: float


STEPS = st.lists(
    st.builds(
        Step,
        replica=st.integers(0, 3),
        pause=st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0, 20.0]),
        wanted=st.integers(1, 40),
        spends=st.sampled_from([0.0, 0.5, 1.0]),
        late=st.floats(0, 1),
    ),
    min_size=1,
    max_size=80,
)


def arrivals_of(quota: Quota, steps: list[Step]) -> list[float]:
    """When requests reach VTEX at the worst: each token is spent as late as it may be, or at once."""
    replicas = [Replica() for _ in range(4)]
    now, level, arrivals = 0.0, Level(quota.capacity, 0.0), []
    for step in steps:
        now += step.pause
        replica = replicas[step.replica]
        level, leased = lease(level, quota, now, step.wanted, returned=replica.returned)
        tokens = [now + ready_in for ready_in in leased.ready_in]
        spent = round(len(tokens) * step.spends)
        arrivals += [ready + step.late * quota.slack for ready in tokens[:spent]]
        replica.returned = Returned(len(tokens) - spent, leased.at)
    return sorted(arrivals)


@pytest.mark.parametrize("quota", [each for each in QUOTAS if each.burst is not None], ids=str)
@settings(max_examples=50)
@given(steps=STEPS)
def test_credits_never_run_out(quota: Quota, steps: list[Step]) -> None:
    assert quota.burst is not None
    left, at = float(quota.burst), 0.0
    for arrival in arrivals_of(quota, steps):
        left = min(quota.burst, left + (arrival - at) * quota.per_minute / MINUTE) - 1
        at = arrival
        assert left >= -1e-6


@pytest.mark.parametrize("quota", [each for each in QUOTAS if each.burst is None], ids=str)
@settings(max_examples=50)
@given(steps=STEPS)
def test_no_minute_has_more_requests_than_are_counted(quota: Quota, steps: list[Step]) -> None:
    arrivals = arrivals_of(quota, steps)
    for place, arrival in enumerate(arrivals):
        assert place + 1 - bisect_left(arrivals, arrival - MINUTE) <= quota.per_minute + 1e-6


@pytest.mark.parametrize("quota", QUOTAS, ids=str)
def test_a_steady_demand_gets_nearly_all_of_the_quota(quota: Quota) -> None:
    level, got, now = Level(0.0, 0.0), 0, 0.0
    while now < 10 * MINUTE:
        level, leased = lease(level, quota, now, 10_000)
        got += len(leased.ready_in)
        now += max(0.01, leased.again_in)
    assert 0.95 * quota.per_minute <= got / 10 <= quota.per_minute


@given(back=st.floats(0, 1e6), wanted=st.integers(1, 1000))
def test_a_clock_that_is_set_back_earns_nothing(back: float, wanted: int) -> None:
    quota = Quota(2400, 20)
    level, _ = lease(Level(0.0, 1e9), quota, 1e9 - back, wanted)
    assert level.tokens <= 0


@settings(max_examples=50)
@given(steps=STEPS)
def test_tokens_that_come_back_are_those_that_were_never_taken(steps: list[Step]) -> None:
    quota, now = Quota(2400, 20), 0.0
    level = untouched = Level(quota.capacity / 2, 0.0)
    for step in steps:
        now += step.pause
        level, leased = lease(level, quota, now, step.wanted)
        level, _ = lease(level, quota, now, 0, returned=Returned(len(leased.ready_in), leased.at))
        untouched, _ = lease(untouched, quota, now, 0)
        assert level.tokens == pytest.approx(untouched.tokens)


def test_what_the_other_side_says_is_left_is_not_exceeded() -> None:
    quota = Quota(2400, 20)
    _, leased = lease(Level(quota.capacity, 0.0), quota, 0.0, 100, remaining=3)
    assert sum(ready == 0 for ready in leased.ready_in) == 3


def test_promises_reach_a_bounded_time_ahead() -> None:
    quota = Quota(2400, 20)
    _, leased = lease(Level(0.0, 0.0), quota, 0.0, 1000)
    assert 0 < max(leased.ready_in) <= AHEAD_SECONDS + 1e-6


def test_what_was_earned_anew_is_not_given_back_too() -> None:
    """Found by the property above: the bucket was full between the lease and the return."""
    quota = Quota(2400, 20)
    level, first = lease(Level(quota.capacity, 0.0), quota, 0.0, 10)
    level, others = lease(level, quota, 60.0, 10)
    assert max(others.ready_in) == pytest.approx(0, abs=1e-6)
    level, _ = lease(level, quota, 60.0, 0, returned=Returned(len(first.ready_in), first.at))
    assert level.tokens == pytest.approx(0, abs=1e-6)
