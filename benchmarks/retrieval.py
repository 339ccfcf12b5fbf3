"""How fast rankings are measured and TREC files are read, beside pytrec_eval in the same run: `python benchmarks/retrieval.py`.

100,000 queries, 100 documents each with scores in no order, 20 judged documents a query of which 10 came back; six measures at
10, the same for both. Processor seconds; on a busy machine read the ratios. Queries go by in parts, so that memory stays
small. Ends with an error where a value differs from pytrec_eval's by more than 1e-9.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytrec_eval

from evalslo.loaders.trec import read_run, write_run
from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli
from evalslo.scorers.measure_run import measure_run
from evalslo.scorers.retrieval import Retrieval

QUERIES, PART, DEPTH, JUDGED, FOUND, K = 100_000, 5_000, 100, 20, 10, 10
FILE_QUERIES = 10_000
TREC = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "hit": "success"}
SLIS = [Sli(name=name, k=K) for name in TREC] + [Sli(name="mrr", k=DEPTH)]
MEASURES = {f"{name}.{K}" for name in TREC.values()} | {"recip_rank"}
NAMES = [f"{name}_{K}" for name in TREC.values()] + ["recip_rank"]

Rankings = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]
Result = TypeVar("Result")


def main() -> int:
    ours_s = theirs_s = far = 0.0
    for rankings, qrels in parts(QUERIES):
        ours, spent_s = timed(lambda rankings=rankings, qrels=qrels: measure_run(rankings, qrels, slis=SLIS))
        ours_s += spent_s
        evaluator = pytrec_eval.RelevanceEvaluator(qrels, MEASURES)
        theirs, spent_s = timed(lambda rankings=rankings, of=evaluator: of.evaluate(rankings))
        theirs_s += spent_s
        far = max(far, *(abs(a - theirs[q][name]) for q in ours for a, name in zip(ours[q], NAMES, strict=True)))
    print(f"{QUERIES:,} queries x {DEPTH} documents, six measures: CPU s")
    print(f"  measure_run    {ours_s:6.2f}\n  pytrec_eval    {theirs_s:6.2f}\ngreatest difference {far:.1e}")
    one_by_one()
    files()
    return int(far > 1e-9)


def one_by_one() -> None:
    """What a run of a suite does: an answer at a time, from its contexts to its scores."""
    pairs = [pair for part in parts(FILE_QUERIES) for pair in samples(*part)]
    _, spent_s = timed(lambda: score_all(pairs))
    print(f"{FILE_QUERIES:,} answers with {DEPTH} contexts, six SLIs: CPU s\n  the scorer     {spent_s:6.2f}")


def parts(queries: int) -> Iterator[tuple[Rankings, Qrels]]:
    """As if read from files: no text or number is shared. Scores are exact in 32 bits: pytrec_eval keeps no more of them."""
    draw = random.Random(1)
    for first in range(0, queries, PART):
        rankings: Rankings = {}
        qrels: Qrels = {}
        for number in range(first, min(first + PART, queries)):
            documents = draw.sample(range(10_000_000), DEPTH + JUDGED - FOUND)
            rankings[f"q{number}"] = {f"D{name:07}": draw.getrandbits(24) / 1024 for name in documents[:DEPTH]}
            grades = [1, *draw.choices((0, 1, 2), k=JUDGED - 1)]
            judged = [f"D{name:07}" for name in documents[DEPTH - FOUND :]]
            qrels[f"q{number}"] = dict(zip(judged, grades, strict=True))
        yield rankings, qrels


def samples(rankings: Rankings, qrels: Qrels) -> Iterator[tuple[GoldenQuery, Sample]]:
    for query, documents in rankings.items():
        contexts = tuple(Context(id=name, text="", score=score) for name, score in documents.items())
        response = Response(answer="", contexts=contexts)
        sample = Sample(query_id=query, repeat=0, response=response, attempts=1, started_at="2025-01-01T00:00:00Z")
        yield GoldenQuery(id=query, query="?", relevant=qrels[query]), sample


def score_all(pairs: list[tuple[GoldenQuery, Sample]]) -> None:
    scorer = Retrieval()
    for query, sample in pairs:
        scorer.score(query, sample, slis=SLIS)


def files() -> None:
    rankings = {query: documents for part, _ in parts(FILE_QUERIES) for query, documents in part.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.txt"
        _, written_s = timed(lambda: write_run(path, rankings, tag="bench"))
        again, ours_s = timed(lambda: read_run(path))
        assert again.rankings == rankings
        with path.open(encoding="utf-8") as stream:
            _, theirs_s = timed(lambda: pytrec_eval.parse_run(stream))
    print(f"a run of {FILE_QUERIES * DEPTH:,} lines: CPU s")
    print(f"  write_run      {written_s:6.2f}\n  read_run       {ours_s:6.2f}\n  pytrec_eval    {theirs_s:6.2f}")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
