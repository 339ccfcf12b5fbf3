"""After an undecided run: how large a fresh one would show what is true, and how the advice says so."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.harness.advice import advise
from evalslo.model.golden import GoldenQuery
from evalslo.model.scorecard import Correction, Verdict
from evalslo.slo.gate import judge
from evalslo.slo.more_queries import POWER, queries_for_power
from evalslo.stats.planning import show_probability
from tests.slo.conftest import RULES, grouped, mean, rate, rates, repeated, singles, spec_of, suite

STRICT, FINITE = replace(RULES, strict=True), replace(RULES, population="finite")


def ran(objective, observations, *, rules=RULES):
    return judge(objective, observations, spec=spec_of(objective), rules=rules, scorer=None)


def size(row, *, queries=None, rules=RULES):
    return queries_for_power(row, queries=queries, rules=rules)


def advice(objective, observations, *, rules=RULES):
    golden = [GoldenQuery(id=name, query="?") for name in dict.fromkeys(one.query_id for one in observations)]
    return advise(
        [ran(objective, observations, rules=rules)],
        observations={objective.id: observations},
        queries=golden,
        suite=suite([objective], gate=rules),
        failures=(),
        findings=(),
        finished=True,
    )


@pytest.mark.parametrize(
    ("target", "bad", "n", "first"),
    [
        ("0.80", 1, 10, 82),
        ("0.90", 1, 20, 179),
        ("0.95", 3, 100, 601),
        ("0.95", 1, 50, 234),
        ("0.98", 1, 100, 969),
        ("0.98", 1, 200, 386),
        ("0.95", 9, 120, 572),  # 92.5 %: a FAIL
        ("0.95", 4, 40, 169),  # 90 %
    ],
)
def test_the_size_of_a_run_is_the_first_that_has_the_power(target, bad, n, first):
    objective = rate("<=", 1 - Fraction(target))
    found = size(ran(objective, rates(bad, n)))
    assert found == first
    share = {"truth": 1 - Fraction(bad, n), "target": Fraction(target), "alpha": Fraction(1, 20)}
    assert show_probability(found, **share) >= POWER > show_probability(found - 1, **share)


@given(bad=st.integers(0, 60), n=st.integers(2, 250), target=st.sampled_from(["0.01", "0.05", "0.2"]))
@settings(max_examples=60, deadline=None)
def test_the_size_told_really_has_that_power_on_both_sides(bad, n, target):
    bad = min(bad, n)
    row = ran(rate("<=", target), rates(bad, n))
    found = size(row)
    if row.verdict is not Verdict.INCONCLUSIVE or Fraction(bad, n) == Fraction(target):
        assert found is None
    elif found is not None:
        truth, good = 1 - Fraction(bad, n), 1 - Fraction(target)
        assert found > n
        assert show_probability(found, truth=truth, target=good, alpha=Fraction(1, 20)) >= POWER


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(ran(rate("<=", "0.05"), rates(10, 200)), id="on the target"),
        pytest.param(ran(mean(">=", "0.5"), singles([0.6, 0.5])), id="a mean"),
        pytest.param(ran(rate("<=", "0.05"), []), id="nothing measured"),
        pytest.param(ran(rate("<=", 0), rates(0, 50)), id="a target of all good"),
        pytest.param(ran(rate("<=", "0.0500001"), rates(4999, 100000)), id="more than 100,000"),
        pytest.param(ran(rate("<=", "0.05", sli="hallucination"), rates(0, 100)), id="open for another reason"),
        pytest.param(ran(rate("<=", "0.05"), rates(0, 1)), id="one unit"),
    ],
)
def test_no_size_is_told_where_none_would_help(row):
    assert row.verdict is not Verdict.PASS
    assert size(row) is None


def test_no_size_is_told_of_what_people_s_labels_correct():
    corrected = replace(
        ran(rate("<=", "0.05"), rates(1, 50)), correction=Correction(method="ppi", labels=50, raw_estimate=0.02)
    )
    assert size(corrected) is None


@pytest.mark.parametrize("repeats", [2, 3, 10])
def test_perfect_repeats_do_not_shorten_what_the_cap_asks_for(repeats):
    objective = rate("<=", "0.05")
    found = size(ran(objective, repeated([[0.0] * repeats] * 30)))
    assert found == 59
    assert ran(objective, repeated([[0.0] * repeats] * found)).verdict is Verdict.PASS


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_size_of_groups_is_counted_in_queries(repeats):
    objective = rate("<=", "0.05")
    found = size(ran(objective, grouped([[[0.0] * repeats] * 5] * 10)), queries=50)
    assert found == 5 * 59
    assert ran(objective, grouped([[[0.0] * repeats] * 5] * (found // 5))).verdict is Verdict.PASS


@pytest.mark.parametrize("bad", [1, 4])
def test_dependence_inside_units_costs_queries_on_both_sides(bad):
    objective = rate("<=", "0.05")
    alone = size(ran(objective, rates(bad, 50)))
    together = size(ran(objective, repeated([[1.0, 1.0]] * bad + [[0.0, 0.0]] * (50 - bad))))
    assert together >= alone  # the second repeat told nothing


def test_no_size_is_told_of_what_bets_bound():
    objective, rows = rate("<=", "0.05"), repeated([[0.0, 0.0]] * 99 + [[1.0, 0.0]])
    row = ran(objective, rows, rules=STRICT)
    assert (row.verdict, row.estimate.method) == (Verdict.INCONCLUSIVE, "betting+strict")
    assert size(row, rules=STRICT) is None
    independent = ran(objective, rates(1, 50), rules=STRICT)
    assert size(independent, rules=STRICT) == 234
    holed = ran(objective, rates(1, 49, unmeasured=1), rules=STRICT)
    assert size(holed, rules=STRICT) is None


# In words.


@pytest.mark.parametrize(
    ("target", "bad", "n", "words"),
    [("0.05", 1, 50, "about 234 queries would show that it is met"),
     ("0.05", 4, 40, "about 169 queries would show that it is missed"),
     ("0.05", 11, 200, "queries would show that it is missed"),
     ("0.01", 1, 150, "about 4,749 queries would show that it is met")],
)  # fmt: skip
def test_the_advice_says_the_size_and_what_it_would_show(target, bad, n, words):
    (told,) = advice(rate("<=", target), rates(bad, n))
    assert told.startswith("errors: a fresh run of about ")
    assert words in told
    assert "four times in five, if the estimate is the truth; adding queries to this run" in told
    assert told.endswith("would be peeking")


@pytest.mark.parametrize("bad", [0, 1, 4])
def test_of_a_finite_golden_set_only_more_repeats_are_asked_for(bad):
    told = advice(rate("<=", "0.05"), rates(bad, 50), rules=FINITE)
    assert told == ("errors: of a finite golden set only a run with more repeats shows more",)


@pytest.mark.parametrize("rules", [RULES, FINITE])
def test_a_row_that_waits_for_something_else_gets_no_size(rules):
    told = advice(rate("<=", "0.05", sli="hallucination"), rates(0, 100), rules=rules)
    assert not any("run" in sentence for sentence in told)
    unmeasured = rate("<=", "0.05")
    row = ran(unmeasured, rates(1, 190, unmeasured=9), rules=rules)
    assert [reason.code for reason in row.reasons] == ["unmeasured"]
    assert advice(unmeasured, rates(1, 190, unmeasured=9), rules=rules) == ()


def test_repeated_documents_are_told_where_rankings_are_measured():
    ranking, other = mean(">=", "0.5", sli="precision", k=5), mean(">=", "0.5")
    for objective, told in ((ranking, ("2 answers name a document more than once",)), (other, ())):
        sentences = advise(
            [],
            observations={},
            queries=[],
            suite=suite([objective]),
            failures=(),
            repeating=2,
            findings=(),
            finished=True,
        )
        assert [sentence.partition(" in the")[0] for sentence in sentences] == list(told)
