"""A pace, against a server that counts what arrives in every window of a minute."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.harness.pace import Pace


def paced(per_minute):
    pace = Pace()
    pace.limit_calls(per_minute, now_s=0.0)
    return pace


def starts(pace, wishes):
    """When calls begin that come one after the other, each so long after the one before began."""
    began, now = [], 0.0
    for after in wishes:
        now = pace.due_s(1.0, now + after)
        pace.take(1.0, now)
        began.append(now)
    return began


wishes = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 2.0, 59.0, 70.0]), min_size=1, max_size=300)


@given(per_minute=st.integers(1, 120), wishes=wishes, seed=st.integers(0, 999))
def test_no_minute_sees_more_than_allowed_even_where_calls_arrive_late(per_minute, wishes, seed):
    late_s = random.Random(seed)
    arrived = sorted(at + late_s.random() for at in starts(paced(per_minute), wishes))
    assert all(b - a >= 60.0 - 1e-6 for a, b in zip(arrived, arrived[per_minute:], strict=False))


@pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 90, 600, 6000])
def test_those_that_never_stop_asking_get_nearly_all_that_is_allowed(per_minute):
    began = starts(paced(per_minute), [0.0] * per_minute * 10)
    assert began[-1] <= 10 * 60 * 1.035


@pytest.mark.parametrize(("per_minute", "at_once"), [(1, 1), (60, 1), (600, 10), (6000, 100)])
def test_at_once_begins_what_a_second_is_worth(per_minute, at_once):
    began = starts(paced(per_minute), [0.0] * (at_once + 1))
    assert began.count(0.0) == at_once


def test_a_call_in_two_minutes_is_a_pace_too():
    began = starts(paced(0.5), [0.0] * 3)
    assert 119 < began[1] < 123


def test_without_a_bound_everything_is_due():
    pace = paced(None)
    assert starts(pace, [0.0] * 1000) == [0.0] * 1000


def test_what_began_before_a_bound_changed_still_counts():
    pace = paced(60)
    starts(pace, [0.0] * 3)
    pace.limit_calls(30, now_s=2.1)
    assert pace.due_s(1.0, 2.1) > 2.1


@given(
    free=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.4, 3.0, 20.0]), max_size=80),
    per_minute=st.integers(1, 90),
    other=st.integers(1, 90),
    wishes=wishes,
)
def test_what_began_under_no_bound_or_another_one_counts_in_every_minute(free, per_minute, other, wishes):
    pace = paced(None)
    began = starts(pace, free)
    for bound in (per_minute, other):
        changed = began[-1] if began else 0.0
        pace.limit_calls(bound, now_s=changed)
        now = changed
        for after in wishes[:60]:
            now = pace.due_s(1.0, now + after)
            pace.take(1.0, now)
            began.append(now)
            in_window = sum(now - at < 60.0 - 1e-6 for at in began)
            assert in_window <= bound


def test_it_keeps_no_more_than_a_minute():
    pace = paced(None)
    for second in range(10_000):
        pace.take(1.0, second / 3)
        pace.correct(1.0, second / 3)
    assert len(pace._began) <= 63


def test_calls_of_more_than_a_minute_ago_are_forgotten():
    pace = paced(None)
    for _ in range(1000):
        pace.take(1.0, 0.0)
    pace.limit_calls(60, now_s=30.0)
    assert 60.0 <= pace.due_s(1.0, 30.0) < 93.0
    pace = paced(None)
    pace.take(1000.0, 0.0)
    pace.limit_calls(60, now_s=63.0)
    assert pace.due_s(1.0, 63.0) == 63.0


@given(sizes=st.lists(st.integers(1, 900), min_size=2, max_size=200))
def test_tokens_in_any_minute_stay_within_the_bound(sizes):
    pace, now, began = Pace(), 0.0, []
    pace.limit_tokens(2000, typical=900, now_s=0.0)
    for size in sizes:
        now = pace.due_s(size, now)
        pace.take(size, now)
        began.append(now)
    for first, start in enumerate(began):
        assert sum(size for at, size in zip(began[first:], sizes[first:], strict=True) if at - start < 60) <= 2000


def test_a_call_that_took_more_than_was_thought_delays_the_next_one():
    pace = Pace()
    pace.limit_tokens(6000, typical=100, now_s=0.0)
    pace.take(100, 0.0)
    soon = pace.due_s(100, 0.0)
    pace.correct(900, 0.0)
    assert pace.due_s(100, 0.0) > soon + 5
    pace.correct(-2000, 0.0)
    assert pace.due_s(100, 0.0) == 0.0


def test_a_call_larger_than_the_bound_still_begins():
    pace = Pace()
    pace.limit_tokens(1000, typical=5000, now_s=0.0)
    pace.take(5000, 0.0)
    due = pace.due_s(5000, 0.0)
    assert 300 < due < 700
    assert pace.due_s(5000, due) == due
