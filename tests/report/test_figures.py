"""Numbers in print tell what the numbers tell."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Estimate, QuantileEstimate
from evalslo.model.sli import Sli
from evalslo.report.figures import amount, quantile_figures, row_figure, row_figures, share

RATIO = Objective(
    id="x",
    text="x",
    sli=Sli(name="x"),
    op=">=",
    target=Fraction(19, 20),
    shape="event_ratio",
    alpha=Fraction(1, 20),
)
MEAN = replace(RATIO, shape="mean", target=Fraction(3, 5))


def found(point: float, lower: float | None = None, upper: float | None = None) -> Estimate:
    return Estimate(
        estimate=point, lower=lower, upper=upper, p_pass=None, p_fail=None, method="clopper-pearson", clusters=9
    )


def printed(text: str) -> Fraction:
    return Fraction(text.removesuffix(" %").replace(",", ""))


def sign(gap: Fraction) -> int:
    return 0 if gap == 0 else (1 if gap > 0 else -1)


def truth(value: float, target: Fraction) -> int:
    """Which side the value stands on; what only floating-point arithmetic made is no side."""
    gap = Fraction(value) - target
    return 0 if abs(gap) <= Fraction(1, 10**12) else sign(gap)


@given(
    value=st.floats(0, 1),
    target=st.one_of(
        st.integers(1, 9999).map(lambda n: Fraction(n, 10_000)), st.sampled_from([Fraction(19, 20), Fraction(1, 20)])
    ),
)
def test_a_share_never_prints_on_another_side_of_its_target(value, target):
    figures = row_figures(replace(RATIO, target=target), found(value))
    assert sign(printed(figures.estimate) - printed(figures.target)) == truth(value, target)


@given(offset=st.floats(-1e-7, 1e-7), target=st.integers(1, 999).map(lambda n: Fraction(n, 1000)))
def test_a_value_close_to_the_target_gets_the_digits_that_tell_them_apart(offset, target):
    value = float(target) + offset
    figures = row_figures(replace(RATIO, target=target), found(value))
    assert sign(printed(figures.estimate) - printed(figures.target)) == truth(value, target)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9497, "94.97 %"), (0.95, "95.0 %"), (0.9499999, "94.99999 %"), (1.0, "100.0 %"), (0.9996, "99.96 %")],
)
def test_a_near_miss_does_not_print_as_met(value, text):
    assert row_figures(RATIO, found(value)).estimate == text


def test_bounds_share_the_digits_of_their_estimate():
    figures = row_figures(RATIO, found(0.98, 0.9497, 1.0))
    assert (figures.estimate, figures.lower, figures.upper) == ("98.00 %", "94.97", "100.00")


def test_bounds_close_to_the_estimate_still_differ_from_it():
    figures = row_figures(RATIO, found(0.9732, 0.9730, 0.9734))
    assert (figures.lower, figures.estimate, figures.upper) == ("97.30", "97.32 %", "97.34")


def test_the_target_keeps_all_its_digits():
    assert row_figures(replace(RATIO, target=Fraction("0.9995")), None).target == "99.95 %"


def test_a_mean_is_no_percentage():
    figures = row_figures(MEAN, found(0.59996, 0.55, 0.64))
    assert (figures.estimate, figures.lower, figures.target) == ("0.59996", "0.55000", "0.6")


def test_a_mean_of_a_quantity_is_told_in_three_digits():
    figures = row_figures(replace(MEAN, target=Fraction(250)), found(212.4))
    assert (figures.estimate, figures.target) == ("212", "250")


def test_what_is_unknown_has_no_figure():
    figures = row_figures(RATIO, None)
    assert (figures.estimate, figures.lower, figures.upper, figures.target) == (None, None, None, "95 %")
    assert row_figures(RATIO, found(0.9, float("-inf"), float("nan"))).lower is None


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 %"), (1.0, "100 %"), (0.99996, "99.996 %"), (0.00001, "0.001 %")])
def test_only_none_and_all_print_as_none_and_all(value, text):
    assert share(value) == text


def test_a_worst_case_keeps_its_side_of_the_target_too():
    assert row_figure(RATIO, 0.94996) == "94.996 %"


def test_a_quantile_is_told_in_milliseconds_below_a_second():
    quantile = QuantileEstimate(q=0.95, estimate=0.4213, lower=0.39, upper=None)
    figures = quantile_figures(quantile, bound=Fraction(4, 5), unit="s")
    assert (figures.estimate, figures.lower, figures.upper) == ("421 ms", "390", None)


def test_a_quantile_keeps_its_side_of_the_bound():
    quantile = QuantileEstimate(q=0.95, estimate=1.9996, lower=1.5, upper=2.0004)
    figures = quantile_figures(quantile, bound=Fraction(2), unit="s")
    assert (figures.estimate, figures.upper) == ("1.9996 s", "2.0004")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.34, "s", "12.3 s"),
        (0.00421, "s", "4.21 ms"),
        (51234.0, "tokens", "51,234 tokens"),
        (0.0042, "usd", "0.00420 usd"),
        (0.0, "usd", "0.00 usd"),
        (7.5, None, "7.50"),
        (float("inf"), "s", "unknown"),
    ],
)
def test_an_amount_has_three_digits_and_its_unit(value, unit, text):
    assert amount(value, unit=unit) == text
