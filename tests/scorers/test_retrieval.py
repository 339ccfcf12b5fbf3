import random
from collections import defaultdict

import pytest
import pytrec_eval

from evalslo.errors import UsageError
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Missing
from evalslo.model.sli import Sli
from evalslo.scorers.ranking import ranking
from evalslo.scorers.retrieval import Retrieval, ceiling

CUTS = (1, 3, 5, 10, 20, 100)
TREC = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "hit": "success"}


def values(run, relevant, slis):
    """Each SLI's value for {document: score}, the documents handed over in any order."""
    documents = tuple(Context(id=document, text="", score=score) for document, score in run.items())
    sample = Sample(
        query_id="q",
        repeat=0,
        response=Response(answer="", contexts=documents),
        attempts=1,
        started_at="2025-01-01T00:00:00Z",
    )
    golden = GoldenQuery(id="q", query="?", relevant=relevant)
    return [score.value for score in Retrieval().score(golden, sample, slis=slis)]


def read_qrels(path):
    qrels = defaultdict(dict)
    for line in path.read_text().splitlines():
        query, _, document, grade = line.split()
        qrels[query][document] = int(grade)
    return qrels


def read_run(path):
    run = defaultdict(dict)
    for line in path.read_text().splitlines():
        query, _, document, _, score, _ = line.split()
        run[query][document] = float(score)
    return run


def assert_agrees_with_trec_eval(qrels, run):
    measures = {f"{name}.{','.join(map(str, CUTS))}" for name in TREC.values()} | {"recip_rank"}
    expected = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    slis = [Sli(name=name, k=k) for name in TREC for k in CUTS]
    for query, documents in run.items():
        if query not in expected or not any(grade > 0 for grade in qrels[query].values()):
            continue
        wanted = [expected[query][f"{TREC[sli.name]}_{sli.k}"] for sli in slis] + [expected[query]["recip_rank"]]
        found = values(documents, qrels[query], [*slis, Sli(name="mrr", k=10_000)])
        assert found == pytest.approx(wanted, abs=1e-9), query


def test_random_rankings_with_ties_agree_with_trec_eval():
    draw = random.Random(7)
    names = [f"D{number}" for number in range(60)]
    qrels = {f"q{n}": {d: draw.choice((0, 0, 1, 1, 2, 3)) for d in draw.sample(names, 25)} for n in range(120)}
    run = {
        query: {
            document: draw.choice((0.25, 0.5, 0.5, 1.0, 2.0, -1.0))
            for document in draw.sample(names, draw.randint(1, 40))
        }
        for query in qrels
    }
    assert_agrees_with_trec_eval(qrels, run)


def test_cacm_agrees_with_trec_eval(test_data):
    folder = test_data / "retrieval" / "cacm"
    assert_agrees_with_trec_eval(read_qrels(folder / "qrels.cacm.txt"), read_run(folder / "run.cacm-bm25.txt"))


def test_trec_evals_own_expected_output_comes_out_to_the_printed_digits(test_data):
    folder = test_data / "retrieval" / "trec_eval_test"
    qrels, run = read_qrels(folder / "qrels.test"), read_run(folder / "results.test")
    names = {trec: ours for ours, trec in TREC.items()}
    checked = 0
    for line in (folder / "out.test.aq").read_text().splitlines():
        measure, query, printed = line.split(maxsplit=2)
        trec, _, k = measure.rpartition("_")
        if query == "all" or (trec not in names and measure != "recip_rank"):
            continue
        sli = Sli(name="mrr", k=1000) if measure == "recip_rank" else Sli(name=names[trec], k=int(k))
        (value,) = values(run[query], qrels[query], [sli])
        assert f"{value:.4f}" == printed, (measure, query)
        checked += 1
    assert checked == 3 * (9 + 9 + 9 + 9 + 3 + 1)


def test_mrr_sees_only_the_first_k():
    run = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert values(run, {"c": 1}, [Sli(name="mrr", k=2), Sli(name="mrr", k=3)]) == [0.0, pytest.approx(1 / 3)]


def test_precision_divides_by_k_even_when_fewer_documents_came_back(ask):
    score = ask(Retrieval(), "precision@5", contexts=(Context(id="a", text=""),), query={"relevant": {"a": 1}})
    assert score.value == 0.2


def test_ndcg_has_linear_gain():
    found = values({"a": 3.0, "b": 2.0}, {"a": 1, "b": 3}, [Sli(name="ndcg", k=2)])
    assert found == [pytest.approx((1 + 3 / 1.584962500721156) / (3 + 1 / 1.584962500721156))]


def test_an_unjudged_document_is_not_relevant_and_judged_counts_it(ask):
    contexts = tuple(Context(id=name, text="") for name in "abcd")
    query = {"relevant": {"a": 1, "b": 0}}
    assert ask(Retrieval(), "precision@4", contexts=contexts, query=query).value == 0.25
    assert ask(Retrieval(), "judged@4", contexts=contexts, query=query).value == 0.5


def test_a_repeated_document_counts_once_at_its_first_place(ask):
    contexts = tuple(Context(id=name, text="") for name in ("x", "a", "a", "a", "b"))
    query = {"relevant": {"a": 1, "b": 1}}
    assert ranking(contexts) == ["x", "a", "b"]
    assert ask(Retrieval(), "precision@3", contexts=contexts, query=query).value == pytest.approx(2 / 3)
    assert ask(Retrieval(), "recall@3", contexts=contexts, query=query).value == 1.0


def test_equal_scores_are_ordered_by_id_descending():
    contexts = [Context(id=name, text="", score=1.0) for name in ("a", "c", "b")]
    assert ranking(contexts) == ["c", "b", "a"]


def test_the_given_order_holds_where_a_score_is_absent():
    assert ranking(
        [Context(id="a", text="", score=1.0), Context(id="b", text=""), Context(id="c", text="", score=9.0)]
    ) == [
        "a",
        "b",
        "c",
    ]


def test_the_given_order_holds_where_a_score_is_not_a_number():
    assert ranking([Context(id="a", text="", score=float("nan")), Context(id="b", text="", score=9.0)]) == ["a", "b"]


@pytest.mark.parametrize("relevant", [None, {}, {"a": 0}])
def test_a_query_without_relevant_documents_has_no_score(ask, relevant):
    score = ask(Retrieval(), "ndcg@5", contexts=(Context(id="a", text=""),), query={"relevant": relevant})
    assert (score.value, score.reason) == (None, Missing.NO_RELEVANT)


def test_no_contexts_at_all_is_no_score_and_an_empty_ranking_is_nought(ask):
    query = {"relevant": {"a": 1}}
    assert ask(Retrieval(), "recall@5", query=query).reason is Missing.NO_CONTEXTS
    for name in ("precision", "recall", "ndcg", "mrr", "map", "hit", "judged"):
        assert ask(Retrieval(), f"{name}@5", contexts=(), query=query).value == 0.0


def test_the_responses_contexts_win_over_the_golden_querys(ask):
    query = {"relevant": {"a": 1}, "contexts": (Context(id="a", text=""),)}
    assert ask(Retrieval(), "hit@1", query=query).value == 1.0
    assert ask(Retrieval(), "hit@1", contexts=(Context(id="b", text=""),), query=query).value == 0.0


def test_a_missing_cut_off_is_told_with_its_mend(ask):
    with pytest.raises(UsageError, match="write precision@5"):
        ask(Retrieval(), "precision", contexts=(), query={"relevant": {"a": 1}})


def test_the_ceiling_of_precision_is_the_share_of_k_that_can_be_relevant():
    assert ceiling(5, {"a": 1, "b": 1, "c": 0}) == 0.4
    assert ceiling(2, {"a": 1, "b": 1, "c": 3}) == 1.0
