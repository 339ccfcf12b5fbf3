"""A time that was measured worse than is asked of it says so, and decides as before."""

import pytest
from msgspec.structs import replace

from evalslo.model.scorecard import Lag
from evalslo.slo.gate import judge
from evalslo.slo.timing import with_timing_error
from tests.slo.conftest import RULES, events, mean, quantile, rate, singles, spec_of


def lag(p99_s):
    return Lag(p50_s=0.0, p99_s=p99_s, max_s=1.0)


def judged(objective, values=(0.05,) * 100):
    return judge(objective, singles(values), spec=spec_of(objective), rules=RULES, scorer=None)


@pytest.mark.parametrize(
    ("objective", "p99_s", "told"),
    [
        (quantile("0.95", "<=", "0.1"), 0.005, False),
        (quantile("0.95", "<=", "0.1"), 0.00501, True),
        (events("0.9", "<=", "2"), 0.09, False),
        (events("0.9", "<=", "2"), 0.12, True),
        (rate("<=", "0.5"), 10.0, False),
        (events("0.9", "<=", "100", sli="tokens", unit="tokens"), 50.0, False),
    ],
)
def test_a_lag_above_a_twentieth_of_the_bound_of_a_time_is_told(objective, p99_s, told):
    row = judged(objective)
    found = with_timing_error(row, spec=spec_of(objective), lag=lag(p99_s))
    assert [reason.code for reason in found.reasons[len(row.reasons) :]] == ["timing_error"] * told
    assert replace(found, reasons=row.reasons) == row


def test_a_lag_that_no_time_contains_is_nothing_to_tell():
    objective = quantile("0.95", "<=", "0.1")
    row = judged(objective)
    exact = replace(lag(0.09), in_times=False)
    assert with_timing_error(row, spec=spec_of(objective), lag=exact) == row


def test_the_sentence_has_both_times():
    objective = quantile("0.95", "<=", "0.1")
    found = with_timing_error(judged(objective), spec=spec_of(objective), lag=lag(0.012))
    assert found.reasons[-1].text == (
        "latency was measured to within 12 ms only (the event loop's lag at p99), which is not small against 100 ms"
    )


def test_the_mean_of_a_time_is_held_against_its_target():
    objective = mean("<=", "0.1", sli="latency")
    found = with_timing_error(judged(objective), spec=spec_of(objective), lag=lag(0.012))
    assert found.reasons[-1].code == "timing_error"


def test_without_a_lag_or_an_estimate_there_is_nothing_to_say():
    objective = quantile("0.95", "<=", "0.1")
    row, empty = judged(objective), judged(objective, ())
    assert with_timing_error(row, spec=spec_of(objective), lag=None) == row
    assert with_timing_error(empty, spec=spec_of(objective), lag=lag(1.0)) == empty
