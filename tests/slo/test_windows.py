"""Windows: which time an objective is kept over."""

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.model.window import Period, Window
from evalslo.slo.windows import day_ends, elapsed, length_s, period_of

TIMES = st.integers(0, 4_000_000_000)
UNITS = st.sampled_from(["week", "month", "quarter"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@given(now=TIMES, minutes=st.integers(1, 100_000))
def test_a_rolling_period_is_as_long_as_its_window_and_holds_now(now, minutes):
    period = period_of(Window(text="x", length_s=minutes * 60), now=now)
    assert period.end - period.start == minutes * 60
    assert period.start <= now < period.end <= now + 60


@given(now=TIMES, unit=UNITS, zone=ZONES)
def test_calendar_periods_partition_time(now, unit, zone):
    window = Window(text="x", calendar=unit, timezone=zone)
    period = period_of(window, now=now)
    assert period.start <= now < period.end
    assert period_of(window, now=period.start) == period
    assert period_of(window, now=period.end).start == period.end
    assert period_of(window, now=period.start - 1).end == period.start


@pytest.mark.parametrize(
    ("unit", "zone", "now", "start", "end"),
    [
        ("month", "UTC", "2026-02-15", "2026-02-01", "2026-03-01"),
        ("quarter", "UTC", "2026-12-31", "2026-10-01", "2027-01-01"),
        ("week", "UTC", "2026-11-24", "2026-11-23", "2026-11-30"),
        ("month", "Europe/Berlin", "2026-03-31", "2026-03-01", "2026-04-01"),
    ],
)
def test_calendar_periods_begin_where_the_calendar_says(unit, zone, now, start, end):
    period = period_of(Window(text="x", calendar=unit, timezone=zone), now=at(now, zone))
    assert period == Period(start=at(start, zone), end=at(end, zone))


def test_a_month_with_a_change_of_clocks_is_an_hour_short():
    period = period_of(Window(text="x", calendar="month", timezone="Europe/Berlin"), now=at("2026-03-10"))
    assert period.end - period.start == 31 * 86_400 - 3600


def test_a_calendar_window_counts_as_a_nominal_length():
    assert length_s(Window(text="x", calendar="month")) == 30 * 86_400
    assert length_s(Window(text="x", length_s=600)) == 600


def test_elapsed_is_a_share_of_the_period():
    period = Period(start=0, end=100)
    assert [elapsed(period, now=now) for now in (-5, 0, 25, 100, 200)] == [0, 0, Fraction(1, 4), 1, 1]


@given(now=TIMES, zone=ZONES)
def test_days_end_at_midnight_and_with_now(now, zone):
    period = period_of(Window(text="x", calendar="month", timezone=zone), now=now)
    ends = day_ends(period, timezone=zone, now=now)
    assert list(ends) == sorted(set(ends))
    assert ends[-1] == min(period.end, now + 60)
    for end in ends[:-1]:
        assert datetime.fromtimestamp(end, ZoneInfo(zone)).strftime("%H:%M") in ("00:00", "01:00")
