"""A whole run measured at once: trec_eval's own expected outputs, pytrec_eval, and the scorer of single answers."""

import random
from statistics import fmean

import pytest
import pytrec_eval

from evalslo import api
from evalslo.errors import UsageError
from evalslo.loaders.trec import read_qrels, read_run
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli
from evalslo.scorers.measure_run import measure_run
from evalslo.scorers.retrieval import Retrieval

ALL = 1_000_000  # a cut-off beyond every ranking
AT_K = {"P": "precision", "recall": "recall", "ndcg_cut": "ndcg", "map_cut": "map", "success": "hit", "unj": "judged"}
# a gain for each grade changes nothing where all grades are 0 or 1, as they are there
WHOLE = {"recip_rank": "mrr", "map": "map", "ndcg": "ndcg", "ndcg_1=3,2=9,4=4.5": "ndcg", "set_recall": "recall"}
NAMES = ("precision", "recall", "ndcg", "mrr", "map", "hit", "judged")

# how trec_eval's own tests call it: expected output, qrels, run, least grade that is relevant, lines that speak of our measures
CALLS = [
    ("out.test", "qrels.test", "results.test", 1, 11),
    ("out.test.a", "qrels.test", "results.test", 1, 46),
    ("out.test.aq", "qrels.test", "results.test", 1, 184),
    ("out.test.aqc", "qrels.test", "results.trunc", 1, 178),
    ("out.test.aql", "qrels.rel_level", "results.test", 2, 184),
    ("out.comment.test", "qrels.comment.test", "results.comment.test", 1, 11),
    ("out.test.meas_params", "qrels.test", "results.test", 1, 48),
]


def sli_of(measure):
    """The SLI that is called `measure` in trec_eval; None where we have none."""
    if measure in WHOLE:
        return Sli(name=WHOLE[measure], k=ALL)
    name, _, k = measure.rpartition("_")
    return Sli(name=AT_K[name], k=int(k)) if name in AT_K else None


def expected(path):
    for line in path.read_text().splitlines():
        measure, query, value = line.split(maxsplit=2)
        if (sli := sli_of(measure)) is not None:
            yield measure, sli, query, value


@pytest.mark.parametrize(("output", "qrels", "run", "least", "lines"), CALLS)
def test_trec_evals_own_expected_output_comes_out_to_the_printed_digits(test_data, output, qrels, run, least, lines):
    folder = test_data / "retrieval" / "trec_eval_test"
    grades, rankings = read_qrels(folder / qrels), read_run(folder / run).rankings
    if not output.endswith("c"):  # without -c the mean is over the queries of the run
        grades = {query: grades[query] for query in rankings if query in grades}
    binary = {query: {one: int(grade >= least) for one, grade in of.items()} for query, of in grades.items()}
    checked = 0
    for measure, sli, query, printed in expected(folder / output):
        values = measure_run(rankings, grades if sli.name in ("ndcg", "judged") else binary, slis=[sli])
        asked = list(grades) if query == "all" else [query]
        if sli.name == "judged":  # unj takes the places after the last document for judged
            if min(len(rankings.get(one, ())) for one in asked) < sli.k:
                continue
            values = {one: [1 - value] for one, (value,) in values.items()}
        value = fmean(values[one][0] if one in values else 0.0 for one in asked)
        assert f"{value:.4f}" == printed, (measure, query)
        checked += 1
    assert checked == lines


def drawn(*, queries, seed):
    """Rankings with ties and of any depth, and grades, of which some are below 0; some queries have no ranking."""
    draw = random.Random(seed)
    names = [f"D{number}" for number in range(60)]
    rankings, qrels = {}, {}
    for number in range(queries):
        documents = draw.sample(names, draw.randint(0, 40))
        scores = draw.choice(((0.25, 0.5, 0.5, 1.0, -1.0), [place / 64 for place in range(5000)]))
        if number % 11:
            rankings[f"q{number}"] = {one: draw.choice(scores) for one in documents}
        qrels[f"q{number}"] = {one: draw.choice((-1, 0, 0, 1, 2, 3)) for one in draw.sample(names, draw.randint(0, 25))}
    return rankings, qrels


def test_drawn_runs_agree_with_trec_eval():
    rankings, qrels = drawn(queries=900, seed=3)
    cuts = (1, 5, 10, 30)
    trec = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "hit": "success"}
    slis = [Sli(name=name, k=k) for name in trec for k in cuts] + [Sli(name="mrr", k=ALL)]
    keys = [f"{trec[sli.name]}_{sli.k}" for sli in slis[:-1]] + ["recip_rank"]
    measures = {f"{name}.{','.join(map(str, cuts))}" for name in trec.values()} | {"recip_rank"}
    # pytrec_eval crashes on a query all whose grades are below 0
    judged = {query: grades for query, grades in qrels.items() if max(grades.values(), default=-1) >= 0}
    theirs = pytrec_eval.RelevanceEvaluator(judged, measures).evaluate(rankings)
    ours = measure_run(rankings, qrels, slis=slis)
    compared = [query for query in ours if query in theirs]
    assert len(compared) > 600
    for query in compared:
        assert ours[query] == pytest.approx([theirs[query][key] for key in keys], abs=1e-9), query


def test_a_run_is_measured_like_its_answers_one_by_one():
    rankings, qrels = drawn(queries=500, seed=5)
    slis = [Sli(name=name, k=k) for name in NAMES for k in (1, 7, 100)]
    whole = measure_run(rankings, qrels, slis=slis)
    singly = {query: one_by_one(rankings.get(query, {}), grades, slis) for query, grades in qrels.items()}
    assert whole.keys() == {query for query, values in singly.items() if values[0] is not None}
    for query, values in whole.items():
        assert values == pytest.approx(singly[query], abs=1e-12), query


def one_by_one(scores, grades, slis):
    contexts = tuple(Context(id=document, text="", score=score) for document, score in scores.items())
    response = Response(answer="", contexts=contexts)
    sample = Sample(query_id="q", repeat=0, response=response, attempts=1, started_at="2025-01-01T00:00:00Z")
    query = GoldenQuery(id="q", query="?", relevant=grades)
    return [score.value for score in Retrieval().score(query, sample, slis=slis)]


def test_a_query_that_is_not_in_the_run_found_nothing():
    slis = [Sli(name=name, k=3) for name in NAMES]
    assert measure_run({}, {"q": {"a": 1}}, slis=slis) == {"q": [0.0] * 7}


def test_a_query_without_a_relevant_document_has_no_values():
    slis = [Sli(name="recall", k=3)]
    assert measure_run({"q": {"a": 1.0}, "r": {"a": 1.0}}, {"q": {"a": 0}, "r": {}}, slis=slis) == {}
    assert measure_run({"q": {"a": 1.0}}, {"q": {"a": 1}}, slis=[]) == {"q": []}


def test_a_missing_cut_off_of_a_run_is_told_with_its_mend():
    with pytest.raises(UsageError, match="write ndcg@5"):
        measure_run({}, {}, slis=[Sli(name="ndcg")])


def test_the_door_for_python_measures_by_names():
    measured = api.measure_run({"q": {"a": 2.0, "b": 1.0}}, {"q": {"b": 1}, "r": {}}, slis=["mrr@5", "hit@1"])
    assert measured == {"q": {"mrr@5": 0.5, "hit@1": 0.0}}
    with pytest.raises(UsageError, match="unknown SLI 'latency'"):
        api.measure_run({}, {}, slis=["latency"])
    with pytest.raises(UsageError, match="write 'ndcg@5'"):
        api.measure_run({}, {}, slis=["ndcg"])
