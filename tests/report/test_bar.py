"""The bar: which side of the target an interval lies on."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Estimate
from evalslo.model.sli import Sli
from evalslo.report.bar import BAR_CELLS, HALF, bar_heading, draw_bar, place
from evalslo.report.paper import ASCII, UNICODE

AT_LEAST = Objective(
    id="x",
    text="x",
    sli=Sli(name="x"),
    op=">=",
    target=Fraction(19, 20),
    shape="event_ratio",
    alpha=Fraction(1, 20),
)
AT_MOST = replace(AT_LEAST, op="<=", target=Fraction(1, 20))


def found(point: float, lower: float | None, upper: float | None) -> Estimate:
    return Estimate(estimate=point, lower=lower, upper=upper, p_pass=None, p_fail=None, method="x", clusters=9)


def drawn(objective: Objective, estimate: Estimate | None) -> str:
    return draw_bar(objective, estimate, signs=ASCII, colour="green").plain


@given(numbers=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted), at_least=st.booleans())
def test_each_number_is_drawn_on_its_own_side_of_the_target(numbers, at_least):
    lower, point, upper = numbers
    objective = AT_LEAST if at_least else AT_MOST
    target, towards = float(objective.target), 1 if at_least else -1
    cells = place(objective, found(point, lower, upper))
    assert -HALF <= cells.low <= cells.estimate <= cells.high <= HALF
    ends = (lower, upper) if at_least else (upper, lower)
    for value, cell in ((point, cells.estimate), (ends[0], cells.low), (ends[1], cells.high)):
        gap = (value - target) * towards
        assert (cell > 0, cell < 0) == (gap > 1e-12, gap < -1e-12)


def test_met_lies_right_of_the_target_and_missed_left():
    assert drawn(AT_LEAST, found(0.98, 0.97, 0.99)) == "          |    ===O=="
    assert drawn(AT_LEAST, found(0.85, 0.80, 0.90)) == "===O====  |          "


def test_at_most_is_mirrored_so_that_met_is_right_again():
    assert drawn(AT_MOST, found(0.01, 0.0, 0.02)).index("|") < drawn(AT_MOST, found(0.01, 0.0, 0.02)).index("O")
    assert drawn(AT_MOST, found(0.2, 0.1, 0.3)).index("O") < drawn(AT_MOST, found(0.2, 0.1, 0.3)).index("|")


def test_an_interval_over_the_target_crosses_it():
    assert drawn(AT_MOST, found(0.035, 0.0165, 0.0647))[HALF] == "+"


def test_without_bounds_only_the_estimate_is_drawn():
    bar = drawn(AT_LEAST, found(0.98, None, None))
    assert bar.strip() == "|         O"
    assert drawn(AT_LEAST, None).strip() == "|"


def test_bars_and_their_heading_have_one_width():
    for signs in (ASCII, UNICODE):
        assert len(bar_heading(signs)) == BAR_CELLS
        assert bar_heading(signs)[HALF] == signs.tick
        assert draw_bar(AT_LEAST, None, signs=signs, colour="red").cell_len == BAR_CELLS
