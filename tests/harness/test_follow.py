"""A sequential run followed: planned order, whole units, verdicts latched once."""

import random
from fractions import Fraction

import pytest
from msgspec.structs import replace

from evalslo.harness.follow import Follower
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Missing, Score
from evalslo.model.scorecard import Verdict
from tests.slo.conftest import ERRORS, HALLUCINATION, RULES, rate, suite
from tests.support.runs import manifest

WARN = replace(RULES, uncalibrated="warn")
QUERIES = [GoldenQuery(id=f"q{i}", query="?") for i in range(300)]
MANIFEST = manifest(sampling="sequential", state="collecting", finished_at=None)


def sample(query_id, *, repeat=0):
    return Sample(query_id=query_id, repeat=repeat, response=Response(answer="a"), attempts=1, started_at="")


def follower(objectives, value, *, queries=QUERIES, repeats=1, gate=RULES):
    """A follower whose scores are `value(query id, SLI)`: a number, or why there is none."""

    def score(unit, samples):
        return [
            Score(
                query_id=one.query_id,
                repeat=one.repeat,
                sli=str(objective.sli),
                scorer="t/1",
                value=None if isinstance(found := value(one.query_id, str(objective.sli)), Missing) else float(found),
                reason=found if isinstance(found, Missing) else None,
            )
            for one in samples
            for objective in objectives
        ]

    made = suite(objectives, repeats=repeats, gate=gate)
    return Follower(made, queries, replace(MANIFEST, repeats=repeats), score=score)


def fed(one, *, order=None, repeats=1, queries=QUERIES):
    keys = [(query.id, repeat) for query in queries for repeat in range(repeats)]
    if order is not None:
        random.Random(order).shuffle(keys)
    for query_id, repeat in keys:
        one.take(sample(query_id, repeat=repeat))
    return one


def test_the_order_of_arrival_changes_nothing():
    def value(query_id, _):
        return int(query_id[1:]) % 11 == 0

    first = fed(follower([rate("<=", "0.2")], value), order=1)
    second = fed(follower([rate("<=", "0.2")], value), order=2)
    assert first.latches.rows() == second.latches.rows()
    assert first.asked == second.asked
    assert len(first.asked) < 300


def test_nothing_goes_on_before_the_next_planned_unit_is_whole():
    one = follower([rate("<=", "0.05")], lambda *_: 0, repeats=2)
    planned = fed(follower([rate("<=", "0.05")], lambda *_: 0)).asked
    for query in planned[1:50]:
        one.take(sample(query.id))
        one.take(sample(query.id, repeat=1))
    one.take(sample(planned[0].id))
    assert one.latches.queries == 0
    one.take(sample(planned[0].id, repeat=1))
    assert one.latches.queries == 50


def test_a_latched_verdict_stays_whatever_comes_after():
    """The critical objective needs the whole set; the other is latched early, and its row keeps what it was latched on."""
    planned = [query.id for query in fed(follower([rate("<=", "0.5")], lambda *_: 0)).asked]
    first = set(planned[:40])
    assert len(planned) < 40

    def value(query_id, sli):
        return 0 if sli == "hallucination" or query_id in first else 1

    slow = rate("<=", "0.02", sli="hallucination")
    quick = rate("<=", "0.5", critical=False)
    one = fed(follower([slow, quick], value, gate=WARN))
    row = one.latches.rows()["errors"]
    assert row.verdict is Verdict.PASS
    assert row.decided_at == row.counts.planned == row.counts.n < 40
    assert row.estimate.estimate == 0.0
    assert len(one.asked) > 100


def test_a_miss_gathers_evidence_until_it_is_confirmed_beside_the_others():
    objectives = [rate("<=", "0.5", id=f"o{i}") for i in range(9)]
    one = follower(objectives, lambda *_: 1)
    alone = follower(objectives[:1], lambda *_: 1)
    fed(one)
    fed(alone)
    assert one.latches.decided
    assert len(one.asked) > len(alone.asked)
    rows = one.latches.rows()
    assert {row.decided_at for row in rows.values()} == {alone.latches.rows()["o0"].decided_at}
    assert all(row.estimate.p_fail < Fraction(1, 20) / 9 for row in rows.values())


def test_a_pass_that_unmeasured_events_could_undo_is_not_latched():
    """Every tenth answer was not scored: 90 % good at most is shown, and 5 % bad allowed."""

    def value(query_id, _):
        return Missing.SCORER_ERROR if int(query_id[1:]) % 10 == 0 else 0

    rules = replace(WARN, min_coverage=Fraction(1, 2))
    one = fed(follower([rate("<=", "0.05", sli="hallucination")], value, gate=rules))
    row = one.latches.rows()["hallucination"]
    assert len(one.asked) == 300
    assert (row.verdict, row.reasons[0].code) == (Verdict.INCONCLUSIVE, "unmeasured")


def test_a_pass_that_was_held_back_is_latched_when_it_holds():
    planned = [query.id for query in QUERIES]
    random.Random(1).shuffle(planned)
    lost = {planned[0], planned[1], planned[2]}

    def value(query_id, _):
        return Missing.SCORER_ERROR if query_id in lost else 0

    one = fed(follower([rate("<=", "0.1", sli="hallucination")], value, gate=WARN))
    row = one.latches.rows()["hallucination"]
    assert row.verdict is Verdict.PASS
    assert row.counts.coverage >= 0.95
    assert len(one.asked) < 100


def test_an_uncalibrated_screen_is_decided_and_no_pass():
    one = fed(follower([rate("<=", "0.1", sli="hallucination")], lambda *_: 0))
    row = one.latches.rows()["hallucination"]
    assert (row.verdict, row.reasons[0].code) == (Verdict.INCONCLUSIVE, "uncalibrated")
    assert len(one.asked) < 100


@pytest.mark.parametrize("spec", [ERRORS, HALLUCINATION])
def test_counts_of_a_latched_row_add_up(spec):
    one = fed(follower([rate("<=", "0.3", sli=spec.name)], lambda *_: 0, gate=WARN))
    counts = one.latches.rows()[spec.name].counts
    assert counts.planned == counts.n + counts.excluded == len(one.asked)
