"""Error budgets, against the figures of the field and the laws that they obey."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.model.alert import Burn
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.window import BudgetRules, Window
from evalslo.slo.error_budget import error_budget
from evalslo.slo.forecast import with_forecast

NOW = 1_800_000_000 // 86_400 * 86_400
MINUTE = 60


def objective(target: str, window_s: int, rules: BudgetRules | None = None) -> BudgetedObjective:
    return BudgetedObjective(
        id="x",
        text="x",
        sli="x",
        target=Fraction(target),
        window=Window(text="w", length_s=window_s),
        rules=rules or BudgetRules(),
    )


def of(start: int, good: int, bad: int, *, width: int = MINUTE, unmeasured: int = 0) -> TimeSlice:
    return TimeSlice(start=start, width_s=width, tally=Tally(good=good, bad=bad, unmeasured=unmeasured))


def budget(target: str, window_s: int, *slices: TimeSlice, rules: BudgetRules | None = None):
    return error_budget(objective(target, window_s, rules), slices, now=NOW - MINUTE, alpha=0.05)


DAYS = 86_400


@pytest.mark.parametrize(
    ("target", "days", "minutes"),
    [
        (".999", 30, "43.2"),
        (".999", 28, "40.32"),
        (".99", 30, "432"),
        (".95", 28, "2016"),
        (".9995", 30, "21.6"),
        (".9995", 7, "5.04"),
    ],
)
def test_a_target_allows_so_many_minutes(target, days, minutes):
    assert budget(target, days * DAYS, of(NOW - 600, 1, 0)).allowed_s == Fraction(minutes) * 60


# slo-generator 2.6.0, as run: good, bad, goal, window in s, SLI, burn, minutes allowed, bad and left, per cent consumed
GENERATED = [
    (5, 5, ".99", 3600, ".5", 50, ".6", 30, "-29.4", 5000),
    (9990, 10, ".999", 3600, ".999", 1, ".06", ".06", 0, 100),
    (9900, 100, ".999", 3600, ".99", 10, ".06", ".6", "-.54", 1000),
    (9856, 144, ".999", 3600, ".9856", "14.4", ".06", ".864", "-.804", 1440),
    (9855, 145, ".999", 3600, ".9855", "14.5", ".06", ".87", "-.81", 1450),
    (190, 10, ".95", 2419200, ".95", 1, 2016, 2016, 0, 100),
    (19, 1, ".99", 3600, ".95", 5, ".6", 3, "-2.4", 500),
    (1, 0, ".99", 3600, 1, 0, ".6", 0, ".6", 0),
    (0, 1, ".99", 3600, 0, 100, ".6", 60, "-59.4", 10000),
]


@pytest.mark.parametrize(
    ("good", "bad", "goal", "window", "sli", "burn", "allowed", "spent", "left", "used"), GENERATED
)
def test_it_agrees_with_slo_generator_exactly(good, bad, goal, window, sli, burn, allowed, spent, left, used):
    found = budget(goal, window, of(NOW - 600, good, bad))
    assert (found.sli, found.burn) == (Fraction(sli), Fraction(burn))
    minutes = (found.allowed_s / 60, found.spent_s / 60, found.remaining_s / 60)
    assert minutes == (Fraction(allowed), Fraction(spent), Fraction(left))
    assert 1 - found.remaining == Fraction(used) / 100


def test_no_data_is_not_healthy():
    for found in (budget(".99", 3600), budget(".99", 3600, of(NOW - 600, 0, 0, unmeasured=5))):
        assert (found.sli, found.burn, found.remaining, found.spent_s, found.remaining_s) == (None,) * 5
        assert found.remaining_interval.lower is None
    assert budget(".99", 3600, of(NOW - 600, 0, 0, unmeasured=5)).tally.unmeasured == 5


def test_events_outside_the_window_do_not_count():
    found = budget(".9", 3600, of(NOW - 3660, 0, 9), of(NOW - 3600, 8, 2), of(NOW, 0, 9))
    assert (found.tally.good, found.tally.bad) == (8, 2)


def test_timeslices_are_good_or_bad_as_a_whole():
    rules = BudgetRules(method="timeslices", slice_s=300, slice_target=Fraction(9, 10))
    slices = [of(NOW - 900, 9, 1), of(NOW - 600, 8, 1), of(NOW - 540, 1, 0), of(NOW - 300, 8, 2)]
    found = budget(".5", 900, *slices, rules=rules)
    assert (found.unit, found.measured, found.spent) == ("slices", 3, 1)
    assert found.sli == Fraction(2, 3)


def test_openslo_budgets_of_slices():
    """95 % of the 20,160 one-minute slices of two weeks leave 1,008 minutes."""
    rules = BudgetRules(method="timeslices", slice_s=60, slice_target=Fraction(9, 10))
    slices = [of(NOW - 14 * DAYS + 60 * n, 1, 0) for n in range(20_160)]
    found = error_budget(objective(".95", 14 * DAYS, rules), slices, now=NOW - MINUTE, alpha=0.05)
    assert (found.measured, found.allowed, found.allowed_s / 60) == (20_160, 1008, 1008)


def test_a_mean_of_shares_over_reports_a_quiet_slice():
    """287 slices of 1,000 good events and one of a single bad one: 997 times as bad by slices as by events."""
    slices = [of(NOW - 288 * 300 + 300 * n, 1000, 0) for n in range(287)] + [of(NOW - 300, 0, 1)]
    events = budget(".9", DAYS, *slices)
    shares = budget(".9", DAYS, *slices, rules=BudgetRules(method="ratio-timeslices", slice_s=300))
    assert 1 - events.sli == Fraction(1, 287_001)
    assert 1 - shares.sli == Fraction(1, 288)
    assert round((1 - shares.sli) / (1 - events.sli)) == 997
    assert shares.remaining_interval.lower is None


def test_equal_slices_have_the_same_mean_by_both_methods():
    slices = [of(NOW - 288 * 300 + 300 * n, 1000, 0) for n in range(287)] + [of(NOW - 300, 500, 500)]
    shares = budget(".9", DAYS, *slices, rules=BudgetRules(method="ratio-timeslices", slice_s=300))
    assert 1 - shares.sli == 1 - budget(".9", DAYS, *slices).sli == Fraction(1, 576)


COUNTS = st.lists(st.tuples(st.integers(0, 59), st.integers(0, 20), st.integers(0, 20)), max_size=20)
TARGETS = st.fractions(0, Fraction(999, 1000))


def hour_of(counts) -> list[TimeSlice]:
    return sorted((of(NOW - 3600 + 60 * n, good, bad) for n, good, bad in counts), key=lambda one: one.start)


@given(counts=COUNTS, target=TARGETS)
def test_what_is_spent_and_what_remains_is_what_is_allowed(counts, target):
    found = error_budget(objective(str(target), 3600), hour_of(counts), now=NOW - MINUTE, alpha=0.05)
    if found.remaining is not None:
        assert found.spent + found.remaining * found.allowed == found.allowed
        assert found.spent_s + found.remaining_s == found.allowed_s
        assert found.burn == 1 - found.remaining
        interval = found.remaining_interval
        assert interval.lower <= float(found.remaining) + 1e-9
        assert float(found.remaining) - 1e-9 <= interval.upper
        assert found.daily[-1].remaining == found.remaining


@given(good=st.integers(1, 10_000), bad=st.integers(1, 10_000))
def test_a_burn_of_one_spends_exactly_everything(good, bad):
    found = budget(str(Fraction(good, good + bad)), 3600, of(NOW - 600, good, bad))
    assert (found.burn, found.remaining, found.remaining_s) == (1, 0, 0)


@given(counts=COUNTS)
def test_splitting_a_slice_changes_nothing(counts):
    whole = error_budget(objective(".9", 3600), hour_of(counts), now=NOW - MINUTE, alpha=0.05)
    halves = [half for n, good, bad in counts for half in ((n, good, 0), (n, 0, bad))]
    split = error_budget(objective(".9", 3600), hour_of(halves), now=NOW - MINUTE, alpha=0.05)
    assert (whole.remaining, whole.tally, whole.remaining_interval) == (
        split.remaining,
        split.tally,
        split.remaining_interval,
    )


def test_what_goes_wrong_together_says_less():
    alike = [of(NOW - 3600 * n, 90, 10) for n in range(1, 21)]
    together = [of(NOW - 3600 * n, 100 if n > 2 else 0, 0 if n > 2 else 100) for n in range(1, 21)]
    widths = [
        (found.remaining_interval.upper - found.remaining_interval.lower)
        for found in (budget(".5", 30 * 3600, *sorted(one, key=lambda s: s.start)) for one in (alike, together))
    ]
    assert widths[1] > 3 * widths[0]


def test_the_burn_down_never_rises():
    slices = [of(NOW - n * DAYS, 90, 10) for n in range(20, 0, -1)]
    found = budget(".5", 28 * DAYS, *slices)
    steps = [day.remaining for day in found.daily if day.remaining is not None]
    assert steps == sorted(steps, reverse=True)
    assert len(steps) == 20
    assert found.daily[0].remaining is None


def pace(rate: str | None, *, upper: float = 2.0) -> Burn:
    value = None if rate is None else Fraction(rate)
    return Burn(over_s=DAYS, n=0 if rate is None else 10, bad=1, rate=value, lower=0.5, upper=upper)


@pytest.mark.parametrize(
    ("rate", "in_s"),
    [("1", Fraction(1, 2) * 10 * DAYS), ("2", Fraction(1, 4) * 10 * DAYS), (".25", None), ("0", None)],
)
def test_a_forecast_is_what_remains_over_the_pace(rate, in_s):
    found = with_forecast(budget(".9", 10 * DAYS, of(NOW - 600, 95, 5)), pace(rate), now=NOW)
    assert found.remaining == Fraction(1, 2)
    assert found.forecast.in_s == in_s
    assert found.forecast.earliest_s == pytest.approx(2.5 * DAYS)


def test_no_pace_is_no_forecast_and_a_spent_budget_is_gone():
    assert with_forecast(budget(".9", DAYS, of(NOW - 600, 95, 5)), pace(None), now=NOW).forecast is None
    assert with_forecast(budget(".9", DAYS), pace("1"), now=NOW).forecast is None
    assert with_forecast(budget(".9", DAYS, of(NOW - 600, 5, 95)), pace("1"), now=NOW).forecast.in_s == 0
