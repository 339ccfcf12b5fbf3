"""Golden sets that other people made: PubMedQA, XQuAD, and CACM's topics with trec_eval's own figures."""

import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

import evalslo
from evalslo.model.golden import Context
from evalslo.model.sample import Response, Sample
from evalslo.store.codec import encode_sample
from tests.support.suites import write_golden

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("EVALSLO_TEST_DATA", ROOT.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here (EVALSLO_TEST_DATA)")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / "home"))


def run_recorded(folder, golden, samples, objectives, **keys):
    write_golden(folder, golden)
    (folder / "samples.jsonl").write_bytes(b"".join(encode_sample(sample) for sample in samples))
    suite = {
        "suite": "foreign",
        "golden": {"path": "golden.jsonl"},
        "endpoint": {"kind": "recorded", "path": "samples.jsonl"},
        "objectives": objectives,
    }
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite | keys))
    return evalslo.run(evalslo.load(folder / "suite.yaml")).scorecard


def answered(query_id, text, contexts=None):
    response = Response(answer=text, contexts=contexts, latency_s=0.5)
    return Sample(
        query_id=query_id, repeat=0, response=response, attempts=1, started_at="2026-01-01T00:00:00.000+00:00"
    )


@needs_data
def test_pubmedqa_with_the_experts_own_answers(tmp_path):
    with gzip.open(DATA / "qa" / "pubmedqa" / "ori_pqal.json.gz", "rt", encoding="utf-8") as file:
        found = json.load(file)
    golden, samples = [], []
    for key, row in list(found.items())[:300]:
        contexts = [{"id": f"{key}-{i}", "text": text} for i, text in enumerate(row["CONTEXTS"])]
        golden.append({"id": key, "query": row["QUESTION"], "reference": [row["LONG_ANSWER"]], "contexts": contexts})
        samples.append(answered(key, row["LONG_ANSWER"]))
    card = run_recorded(
        tmp_path,
        golden,
        samples,
        [
            "exact_match >= 95%",
            {"objective": "faithfulness >= 0.5 for 50% of requests", "critical": False},
            "errors <= 1%",
        ],
    )
    exact, faithful, errors = card.objectives
    assert card.exit_code == 0
    assert (exact.counts.n, exact.counts.bad) == (300, 0)
    assert errors.counts.planned == 300
    assert faithful.counts.n + faithful.counts.excluded == 300
    assert faithful.counts.n > 280


@needs_data
def test_xquad_in_groups_of_one_paragraph(tmp_path):
    articles = json.loads((DATA / "qa" / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    golden, samples = [], []
    for number, article in enumerate(articles):
        for place, paragraph in enumerate(article["paragraphs"]):
            for question in paragraph["qas"]:
                golden.append(
                    {
                        "id": question["id"],
                        "query": question["question"],
                        "reference": [answer["text"] for answer in question["answers"]],
                        "contexts": [{"id": f"{number}-{place}", "text": paragraph["context"]}],
                        "group": f"{number}-{place}",
                    }
                )
                samples.append(answered(question["id"], f"It is {question['answers'][0]['text']}."))
    card = run_recorded(
        tmp_path, golden, samples, ["contains >= 95%", {"objective": "token_f1 >= 0.5", "critical": False}]
    )
    contains, f1 = card.objectives
    assert contains.counts.planned == len(golden) == 1190
    assert contains.counts.good == 1190
    assert contains.estimate.method == "korn-graubard"
    assert contains.estimate.clusters == len({row["group"] for row in golden}) == 240
    assert f1.estimate.method == "scaled-gaffke"
    assert 0.4 < f1.estimate.estimate < 1


MEASURES = {
    "precision@10": "P_10",
    "recall@10": "recall_10",
    "ndcg@10": "ndcg_cut_10",
    "mrr@1000": "recip_rank",
    "map@1000": "map_cut_1000",
}


@needs_data
def test_cacm_gives_trec_eval_s_figures(tmp_path):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    qrels, run = defaultdict(dict), defaultdict(dict)
    for line in (DATA / "retrieval" / "cacm" / "qrels.cacm.txt").read_text().splitlines():
        topic, _, document, grade = line.split()
        qrels[topic][document] = int(grade)
    for line in (DATA / "retrieval" / "cacm" / "run.cacm-bm25.txt").read_text().splitlines():
        topic, _, document, _, score, _ = line.split()
        run[topic][document] = float(score)
    topics = sorted(set(qrels) & set(run))
    golden = [{"id": topic, "query": f"Topic {topic}", "relevant": qrels[topic]} for topic in topics]
    samples = [
        answered(topic, "-", tuple(Context(id=d, text="-", score=s) for d, s in run[topic].items())) for topic in topics
    ]
    card = run_recorded(tmp_path, golden, samples, [{"objective": f"{sli} >= 0.1", "id": sli} for sli in MEASURES])
    evaluator = pytrec_eval.RelevanceEvaluator(
        {topic: qrels[topic] for topic in topics}, {"P.10", "recall.10", "ndcg_cut.10", "recip_rank", "map_cut.1000"}
    )
    expected = evaluator.evaluate({topic: run[topic] for topic in topics})
    judged = [topic for topic in topics if any(grade > 0 for grade in qrels[topic].values())]
    for row in card.objectives:
        mean = sum(expected[topic][MEASURES[row.objective.id]] for topic in judged) / len(judged)
        assert f"{row.estimate.estimate:.4f}" == f"{mean:.4f}", row.objective.id
        assert row.counts.n == len(judged)
