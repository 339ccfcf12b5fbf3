"""Provisional estimates: what a person sees while a run goes on."""

from fractions import Fraction

import pytest
from msgspec.structs import replace

from evalslo.harness import provisional as provisional_module
from evalslo.harness.gating import scorer_of
from evalslo.harness.provisional import LONGEST, MOST_LETTERS, MOST_QUEUED, WORK_S, Glimpse
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.objective import Slice
from evalslo.model.run import Provisional
from evalslo.model.sample import CallError, ErrorClass, Response, Sample
from evalslo.model.score import Missing, Score
from evalslo.slo.observe import events_of, observe
from evalslo.slo.orient import of_target
from evalslo.stats.proportions import wilson_limits
from tests.slo.conftest import RULES, events, mean, quantile, rate, suite

QUERIES = [GoldenQuery(id=f"q{i}", query="?", reference=("Paris",)) for i in range(300)]
REFUSED = CallError(kind=ErrorClass.REFUSED, message="no connection")


def sample(query: GoldenQuery, *, repeat=0, answer="a", **more) -> Sample:
    response = Response(answer=None if "error" in more else answer, **more)
    return Sample(query_id=query.id, repeat=repeat, response=response, attempts=1, started_at="")


def scored(value):
    """A function of scores: `value(query, sample)` is a number, or why there is none, on every SLI asked about."""

    def score(query, sample):
        found = value(query, sample)
        return [
            Score(
                query_id=query.id,
                repeat=sample.repeat,
                sli=sli,
                scorer="s/1",
                value=None if isinstance(found, Missing) else float(found),
                reason=found if isinstance(found, Missing) else None,
            )
            for sli in (
                "errors",
                "hallucination",
                "contains",
                "token_f1",
                "toxicity",
                "latency",
                "tokens",
                "throughput",
            )
        ]

    return score


def looked(glimpse: Glimpse) -> tuple[Provisional, ...]:
    """What the glimpse says once it has looked at all that is queued."""
    before = None
    while before != (now := glimpse.now()) or glimpse._queue:
        before = now
    return now


def seen(objectives, value, *, queries=QUERIES, repeats=1, gate=RULES, number=200):
    """What is seen of `objectives` after the first `number` queries, each with its repeats."""
    glimpse = Glimpse(suite(objectives, repeats=repeats, gate=gate), queries, score=scored(value), clock=lambda: 0.0)
    for repeat in range(repeats):
        for query in queries[:number]:
            glimpse.take(sample(query, repeat=repeat))
            glimpse.now()
    return {one.objective: one for one in looked(glimpse)}


def numbered(query: GoldenQuery) -> int:
    return int(query.id.removeprefix("q"))


def every(count):
    """1 for each so many-th query, else 0."""
    return lambda query, _: float(numbered(query) % count == 0)


def test_a_share_has_wilsons_interval_in_the_space_of_its_target():
    found = seen([rate("<=", "0.05"), rate(">=", "0.9", sli="contains")], every(20))
    for name, point in (("errors", 0.05), ("contains", 0.05)):
        low, high = wilson_limits(point, 200, level=0.05)
        one = found[name]
        assert (one.estimate, one.lower, one.upper) == pytest.approx((point, low, high), abs=1e-12)
        assert one.n == 200


def test_the_interval_follows_the_objectives_alpha():
    loose, strict = (
        seen([rate("<=", "0.05", alpha=Fraction(alpha))], every(20))["errors"] for alpha in ("0.2", "0.01")
    )
    assert strict.lower < loose.lower < loose.estimate < loose.upper < strict.upper
    assert (loose.lower, loose.upper) == pytest.approx(wilson_limits(0.05, 200, level=0.2))


def test_a_quantile_is_the_share_that_it_stands_for():
    one = seen([quantile("0.95", "<=", "2", id="fast")], lambda query, _: 3.0 if numbered(query) % 10 == 0 else 1.0)[
        "fast"
    ]
    assert one.estimate == pytest.approx(0.9)
    assert 0.8 < one.lower < 0.9 < one.upper < 1.0


def test_a_mean_has_a_normal_interval_inside_its_range():
    found = seen([mean(">=", "0.6"), mean("<=", "0.1", sli="toxicity")], every(2))
    for one in found.values():
        assert one.estimate == pytest.approx(0.5)
        assert (one.lower, one.upper) == pytest.approx((0.5 - 0.0583, 0.5 + 0.0583), abs=1e-3)
    ends = seen([mean(">=", "0.6")], lambda query, _: float(numbered(query) > 0), number=4)["token_f1"]
    assert ends.upper == 1.0
    assert seen([mean(">=", "0.6")], lambda *_: 1.0)["token_f1"].lower == 1.0


def test_the_mean_of_a_quantity_has_no_upper_end_of_range():
    one = seen([mean("<=", "200", sli="tokens", unit="tokens")], lambda query, _: 100.0 + numbered(query) % 2)["tokens"]
    assert 100.0 < one.lower < one.estimate < one.upper < 101.0


@pytest.mark.parametrize(
    "objective",
    [
        rate("<=", "0.05"),
        rate("<=", "0.05", sli="hallucination"),
        rate(">=", "0.9", sli="contains"),
        mean(">=", "0.6"),
        events("0.95", "<=", "2"),
    ],
    ids=lambda one: one.text,
)
def test_the_estimate_counts_events_as_the_gate_does(objective):
    """Failed calls, scorer errors, and queries that the SLI does not speak of among them, with repeats and weights."""
    queries = [
        replace(query, reference=("Paris",) if number % 5 else (), weight=1.0 + number % 3)
        for number, query in enumerate(QUERIES[:60])
    ]
    kinds = [0.0, 1.0, Missing.CALL_ERROR, 1.0, Missing.SCORER_ERROR, 0.0, 1.0, Missing.NO_REFERENCE, 3.0]

    def value(query, sample):
        found = kinds[(numbered(query) * 7 + sample.repeat * 3) % len(kinds)]
        return min(found, 1.0) if objective.sli.name != "latency" and not isinstance(found, Missing) else found

    made = suite([objective], repeats=2)
    samples = [sample(query, repeat=repeat) for query in queries for repeat in range(2)]
    by_id = {query.id: query for query in queries}
    scores = [score for one in samples for score in scored(value)(by_id[one.query_id], one)]
    spec = made.slis[objective.sli.name]
    observed = observe(queries, scores, repeats=2, slis={objective.sli: spec})[str(objective.sli)]
    counted = [one for one in events_of(objective, observed) if one.value is not None]
    point = sum(one.weight * one.value for one in counted) / sum(one.weight for one in counted)

    glimpse = Glimpse(made, queries, score=scored(value), clock=lambda: 0.0)
    for one in samples:
        glimpse.take(one)
    (found,) = looked(glimpse)
    assert found.n == len(counted)
    assert found.estimate == pytest.approx(of_target(objective, point))


def test_a_bad_repeat_makes_its_query_bad_whenever_it_comes():
    of_queries = events("0.95", "<=", "2", of="queries", id="all")
    found = seen(
        [of_queries],
        lambda query, sample: 3.0 if numbered(query) < 50 and sample.repeat == 2 else 1.0,
        repeats=3,
        number=100,
    )["all"]
    assert (found.n, found.estimate) == (100, pytest.approx(0.5))


def test_repeats_of_a_query_are_worth_less_than_other_queries():
    objective = rate("<=", "0.05")
    once = seen([objective], every(20), queries=QUERIES[:100])["errors"]
    thrice = seen([objective], every(20), queries=QUERIES[:100], repeats=3)["errors"]
    alone = seen([objective], every(20), queries=QUERIES[:100], repeats=3, gate=replace(RULES, population="finite"))[
        "errors"
    ]
    widths = [one.upper - one.lower for one in (once, thrice, alone)]
    assert widths[0] > widths[1] > widths[2]
    assert (alone.lower, alone.upper) == pytest.approx(wilson_limits(0.05, 300, level=0.05))
    assert (thrice.lower, thrice.upper) == pytest.approx(wilson_limits(0.05, 300 / 1.6, level=0.05))


def test_a_slice_counts_its_own_queries_only():
    queries = [replace(query, language="de" if number % 2 else "en") for number, query in enumerate(QUERIES)]
    objective = rate("<=", "0.05")
    parts = [replace(objective, id=name, slice=Slice(tag="language", value=name)) for name in ("de", "en", "fr")]
    found = seen(parts, lambda query, _: float(query.language == "de"), queries=queries)
    assert {name: (one.n, one.estimate) for name, one in found.items()} == {"de": (100, 1.0), "en": (100, 0.0)}


def test_rows_stand_in_the_order_of_the_suite_without_figures_of_the_whole_run():
    objectives = [mean(">=", "9", sli="throughput", unit="/s"), rate(">=", "0.9", sli="contains"), rate("<=", "0.05")]
    assert list(seen(objectives, every(2))) == ["contains", "errors"]


def test_one_event_shows_nothing():
    assert seen([rate("<=", "0.05")], every(2), number=1) == {}
    assert seen([rate("<=", "0.05")], every(2), number=2)["errors"].n == 2
    assert seen([rate("<=", "0.05")], lambda *_: Missing.SCORER_ERROR) == {}


def test_the_suites_own_scorers_are_asked():
    made = suite([rate("<=", "0.05"), rate(">=", "0.9", sli="contains"), quantile("0.95", "<=", "2")])
    glimpse = Glimpse(made, QUERIES, score=scorer_of(made), clock=lambda: 0.0)
    for query in QUERIES[:100]:
        number = numbered(query)
        if number % 10 == 0:
            glimpse.take(sample(query, error=REFUSED))
        else:
            glimpse.take(sample(query, answer="Paris" if number % 10 > 2 else "London", latency_s=0.1 * (number % 10)))
    found = {one.objective: one.estimate for one in looked(glimpse)}
    assert found == pytest.approx({"errors": 0.1, "contains": 0.7, "latency": 0.9})


def test_a_scorer_that_raises_costs_a_sample_and_no_more():
    def score(query, sample):
        if numbered(query) % 2:
            raise RuntimeError("no")
        return scored(every(4))(query, sample)

    glimpse = Glimpse(suite([rate("<=", "0.05")]), QUERIES, score=score, clock=lambda: 0.0)
    for query in QUERIES[:100]:
        glimpse.take(sample(query))
    (found,) = looked(glimpse)
    assert (found.n, found.estimate) == (50, 0.5)


def test_a_sample_of_an_unknown_query_is_passed_over():
    glimpse = Glimpse(suite([rate("<=", "0.05")]), QUERIES, score=scored(every(2)), clock=lambda: 0.0)
    glimpse.take(sample(GoldenQuery(id="stranger", query="?")))
    assert looked(glimpse) == ()


class Work:
    """A scorer whose every sample takes `cost_s` by its own clock."""

    def __init__(self, cost_s: float) -> None:
        self.cost_s, self.now_s, self.scored = cost_s, 0.0, 0

    def score(self, query, sample):
        self.now_s += self.cost_s
        self.scored += 1
        return scored(every(2))(query, sample)

    def glimpse(self) -> Glimpse:
        made = Glimpse(suite([rate("<=", "0.05")]), QUERIES, score=self.score, clock=lambda: self.now_s)
        for query in QUERIES[:MOST_QUEUED]:
            made.take(sample(query))
        return made


def test_a_look_scores_what_fits_and_the_next_goes_on():
    work = Work(WORK_S / 10)
    glimpse = work.glimpse()
    counts = []
    for _ in range(4):
        glimpse.now()
        counts.append(work.scored)
    assert 10 <= counts[0] <= 11
    assert counts == sorted(set(counts))
    assert work.now_s <= 4 * WORK_S + work.cost_s


def test_a_slow_scorer_is_asked_seldom_and_in_the_end():
    work = Work(25 * WORK_S)
    glimpse = work.glimpse()
    for look in range(1, 101):
        glimpse.now()
        assert work.now_s <= look * WORK_S + work.cost_s
    assert 4 <= work.scored <= 5


def test_nothing_new_costs_nothing():
    work = Work(0.0)
    glimpse = work.glimpse()
    first = looked(glimpse)
    assert glimpse.now() is glimpse.now()
    assert glimpse.now() == first
    assert work.scored == MOST_QUEUED


def test_the_queue_is_bounded_in_number():
    work = Work(0.0)
    glimpse = work.glimpse()
    for query in QUERIES:
        glimpse.take(sample(query))
    (found,) = looked(glimpse)
    assert found.n == work.scored == MOST_QUEUED
    glimpse.take(sample(QUERIES[-1]))
    assert looked(glimpse)[0].n == MOST_QUEUED + 1


def test_the_queue_is_bounded_in_text():
    glimpse = Glimpse(suite([rate("<=", "0.05")]), QUERIES, score=scored(every(2)), clock=lambda: 0.0)
    long = (Context(id="c", text="x" * (LONGEST - 1)),)
    for query in QUERIES[:100]:
        glimpse.take(sample(query, contexts=long))
    assert looked(glimpse)[0].n == MOST_LETTERS // LONGEST
    glimpse.take(sample(QUERIES[0], answer="x" * (LONGEST + 1)))
    glimpse.take(sample(QUERIES[0], contexts=long))
    assert looked(glimpse)[0].n == MOST_LETTERS // LONGEST + 1


def test_queries_told_apart_are_bounded(monkeypatch):
    monkeypatch.setattr(provisional_module, "MOST_QUERIES", 30)
    found = seen([events("0.95", "<=", "2", of="queries", id="all")], lambda *_: 1.0, repeats=2, number=100)["all"]
    assert found.n == 30
