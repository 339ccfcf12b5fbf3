"""People's labels on their way to the gate: used, or refused by name, and never left out in silence."""

import pytest
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.harness.evaluate import evaluate
from evalslo.model.golden import GoldenQuery
from evalslo.model.labels import LabelledAnswer, Labels
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import Verdict
from tests.slo.conftest import rate, suite
from tests.support.runs import manifest

SCORER = "overlap/1"
QUERIES = [GoldenQuery(id=f"q{i}", query="?") for i in range(300)]
MANIFEST = manifest(scorers={"hallucination": SCORER})
SAMPLES = [
    Sample(query_id=one.id, repeat=0, response=Response(answer="a"), attempts=1, started_at="") for one in QUERIES
]
SCORES = [Score(query_id=one.id, repeat=0, sli="hallucination", scorer=SCORER, value=0.0) for one in QUERIES]
SUITE = suite([rate("<=", "0.05", sli="hallucination")])


def labels(*, sli="hallucination", scorer=SCORER):
    answers = tuple(LabelledAnswer(query_id=one.id, repeat=0, judged=0.0, human=0.0) for one in QUERIES[:150])
    return {sli: Labels(sli=sli, scorer=scorer, run_id="r", answers=answers)}


def card(given, *, sampling="fixed"):
    return evaluate(
        SUITE, replace(MANIFEST, sampling=sampling), queries=QUERIES, samples=SAMPLES, scores=SCORES, labels=given
    )


def test_a_screen_with_labels_may_pass_and_says_how_it_was_corrected():
    assert card({}).verdict is Verdict.INCONCLUSIVE
    corrected = card(labels())
    (row,) = corrected.objectives
    assert corrected.verdict is Verdict.PASS
    assert (row.correction.method, row.correction.labels) == ("post-stratified-cp", 150)


def test_labels_of_another_scorer_stop_the_run():
    assert [reason.code for reason in card(labels(scorer="overlap/2")).reasons] == ["fingerprint"]


@pytest.mark.parametrize(
    ("given", "sampling", "says"),
    [(labels(), "sequential", "sequential run by labels"), (labels(sli="contains"), "fixed", "no objective")],
)
def test_labels_that_nothing_could_use_are_refused(given, sampling, says):
    with pytest.raises(UsageError, match=says):
        card(given, sampling=sampling)
