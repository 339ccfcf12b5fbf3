import random

import pytest
import pytrec_eval

from evalslo.errors import UsageError
from evalslo.loaders.trec import read_qrels, read_run
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Missing
from evalslo.model.sli import Sli
from evalslo.scorers.ranking import judged_ranks, ranks_of, scores_of
from evalslo.scorers.retrieval import Retrieval

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
    assert_agrees_with_trec_eval(read_qrels(folder / "qrels.cacm.txt"), read_run(folder / "run.cacm-bm25.txt").rankings)


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
    assert ask(Retrieval(), "precision@3", contexts=contexts, query=query).value == pytest.approx(2 / 3)
    assert ask(Retrieval(), "recall@3", contexts=contexts, query=query).value == 1.0


def order(*contexts):
    """The ids of contexts given as (id, score), best first."""
    ranks = ranks_of(scores_of([Context(id=name, text="", score=score) for name, score in contexts]))
    assert sorted(ranks.values()) == list(range(1, len(ranks) + 1))
    return sorted(ranks, key=ranks.get)


def test_equal_scores_are_ordered_by_id_descending():
    assert order(("a", 1.0), ("c", 1.0), ("b", 1.0), ("é", 1.0)) == ["é", "c", "b", "a"]


def test_scores_that_differ_in_the_last_of_64_bits_are_no_tie():
    assert order(("a", 1.0 + 2**-52), ("b", 1.0)) == ["a", "b"]


def test_the_given_order_holds_where_a_score_is_absent():
    assert order(("a", 1.0), ("b", None), ("c", 9.0)) == ["a", "b", "c"]


def test_the_given_order_holds_where_a_score_is_not_a_number():
    assert order(("a", float("nan")), ("b", 9.0)) == ["a", "b"]


def test_a_repeated_document_keeps_its_best_score_and_its_first_place_in_a_given_order():
    assert order(("a", 1.0), ("b", 2.0), ("a", 3.0), ("b", 2.5)) == ["a", "b"]
    assert order(("a", None), ("b", None), ("a", None)) == ["a", "b"]


def test_a_document_with_an_infinite_score_is_ranked():
    assert order(("a", float("-inf")), ("b", 0.0), ("c", float("inf"))) == ["c", "b", "a"]


def test_only_judged_documents_that_came_back_have_a_rank_and_a_grade():
    ranked = judged_ranks({"a": 3.0, "b": 2.0, "c": 1.0, "d": 0.5}, {"d": 2, "b": 0, "c": -1, "z": 1})
    assert ranked == [(2, 0), (4, 2)]


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


def test_graded_relevance_counts_in_ndcg_and_as_relevant_elsewhere():
    wanted = [Sli(name=name, k=1) for name in ("ndcg", "precision", "recall")]
    assert values({"a": 2.0, "b": 1.0}, {"a": 1, "b": 3}, wanted) == [pytest.approx(1 / 3), 1.0, 0.5]


def test_an_sli_that_is_not_of_retrieval_is_refused():
    with pytest.raises(UsageError, match=r"latency@5: found an SLI that is not one of retrieval"):
        values({}, {"a": 1}, [Sli(name="latency", k=5)])


def test_a_missing_cut_off_is_told_with_its_mend(ask):
    with pytest.raises(UsageError, match="write precision@5"):
        ask(Retrieval(), "precision", contexts=(), query={"relevant": {"a": 1}})
