"""The Benjamini-Hochberg correction: its published example, an oracle, and what must hold of any family."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.discoveries import discoveries
from evalslo.stats.holm import survivors

PAPER = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip
multitest = pytest.importorskip("statsmodels.stats.multitest", reason="its oracle, statsmodels, is not installed")
TENTH = Fraction(1, 10)
p_values = st.lists(st.floats(0, 1) | st.floats(0, 0.02), max_size=40)


def test_the_paper_s_example_rejects_four_and_bonferroni_three():
    assert discoveries(PAPER, q=Fraction(1, 20)) == (True,) * 4 + (False,) * 11
    assert sum(survivors(PAPER, [Fraction(1, 20)] * 15)) == 3


def test_a_p_value_beyond_its_own_rank_is_taken_along_by_a_later_one():
    assert discoveries([0.09, 0.09, 0.09], q=TENTH) == (True, True, True)
    assert discoveries([0.09, 0.09, 0.11], q=TENTH) == (False, False, False)
    assert discoveries([0.06, 0.066, 0.9], q=TENTH) == (True, True, False)


def test_on_the_threshold_it_stands_out():
    assert discoveries([0.1], q=TENTH) == (True,)
    assert discoveries([0.1 + 1e-9], q=TENTH) == (False,)
    assert discoveries([0.3 / 3, 1.0, 1.0], q=Fraction(3, 10)) == (True, False, False)  # 0.3 / 3 is a hair above 0.1


def test_no_p_value_is_no_discovery():
    assert discoveries([], q=TENTH) == ()


@given(p_values, st.sampled_from([Fraction(1, 100), Fraction(1, 20), TENTH, Fraction(1, 2)]))
def test_it_agrees_with_statsmodels(found, q):
    thresholds = [float(q * rank / len(found)) for rank in range(1, len(found) + 1)]
    assume(found and not any(abs(p - one) < 1e-9 for p in found for one in thresholds))  # there a float decides
    wanted, *_ = multitest.multipletests(found, alpha=float(q), method="fdr_bh")
    assert discoveries(found, q=q) == tuple(map(bool, wanted))


@given(p_values)
def test_whatever_holm_rejects_stands_out_too(found):
    held = discoveries(found, q=TENTH)
    assert all(out for out, fallen in zip(held, survivors(found, [TENTH] * len(found)), strict=True) if fallen)


@given(p_values, st.data())
def test_a_smaller_p_value_takes_no_discovery_away(found, data):
    if not found:
        return
    place = data.draw(st.integers(0, len(found) - 1))
    smaller = [*found[:place], found[place] * data.draw(st.floats(0, 1)), *found[place + 1 :]]
    before, after = discoveries(found, q=TENTH), discoveries(smaller, q=TENTH)
    assert all(now for now, then in zip(after, before, strict=True) if then)


@given(p_values)
def test_a_looser_rate_takes_no_discovery_away_and_smaller_p_values_come_first(found):
    strict, loose = discoveries(found, q=Fraction(1, 20)), discoveries(found, q=TENTH)
    assert all(now for now, then in zip(loose, strict, strict=True) if then)
    told = [p for p, stands_out in zip(found, loose, strict=True) if stands_out]
    assert all(p > max(told) for p, out in zip(found, loose, strict=True) if told and not out)


@given(st.permutations(range(len(PAPER))))
def test_the_order_of_the_family_changes_nothing(order):
    held = discoveries(PAPER, q=Fraction(1, 20))
    assert discoveries([PAPER[i] for i in order], q=Fraction(1, 20)) == tuple(held[i] for i in order)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(StatisticsError, match="p-value"):
        discoveries([0.5, p], q=TENTH)


@pytest.mark.parametrize("q", [Fraction(0), Fraction(1), Fraction(-1, 10)])
def test_what_is_no_rate_is_refused(q):
    with pytest.raises(StatisticsError, match="above 0 and below 1"):
        discoveries([0.5], q=q)
