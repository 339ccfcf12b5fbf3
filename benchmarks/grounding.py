"""How well the `overlap` screen tells faithful answers from unfaithful ones, on people's labels.

    python benchmarks/grounding.py

ROC-AUC of an answer's support (the mean over its claims) against the label, over the answers that have a claim, and over all
with the support of an answer without a claim as 0; the shares of faithful and of unfaithful answers that the built-in threshold
sees so; answers whose language overlap says it cannot judge (all the data is English); answers scored per CPU second. Then
the speed of the whole scorer by the length of the context. The data is looked for in `EVALSLO_TEST_DATA`, else in
`../shared/data`.
"""

import gzip
import json
import os
import sys
import time
from itertools import compress
from pathlib import Path
from statistics import fmean

from sklearn.metrics import roc_auc_score

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli
from evalslo.scorers.languages import differ
from evalslo.scorers.overlap import Overlap
from evalslo.scorers.overlap_claims import check

DATASETS = ("begin", "q2_dialogue", "wice_claim_dev", "summedits")
COLUMNS = (
    "data set",
    "answers",
    "without a claim",
    "AUC, with a claim",
    "AUC, all",
    "faithful found supported",
    "unfaithful found unsupported",
    "called another language",
    "answers per CPU s",
)
LENGTHS = (1_000, 2_000, 4_000, 8_000)
"""Characters of context."""
MOST_ANSWERS = 500
FASTEST_OF = 5


def main() -> int:
    folder = Path(os.environ.get("EVALSLO_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data") / "grounding"
    if not folder.is_dir():
        print(f"{folder}: no such folder; set EVALSLO_TEST_DATA to the folder that has grounding/*.jsonl.gz")
        return 2
    rows = {name: read(folder / f"{name}.jsonl.gz") for name in DATASETS}
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name, these in rows.items():
        print(table_row(name, these))
    print("\n| characters of context | answers | characters of an answer | answers per CPU s |\n|---|---|---|---|")
    for length in LENGTHS:
        print(speed_row(length, [row for name in DATASETS for row in rows[name]]))
    return 0


def read(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def speed_row(length: int, rows: list[dict]) -> str:
    """The speed over the rows whose context is so long, cut to this length."""
    long_enough = [row for row in rows if len(row["context"]) >= length]
    long_enough = long_enough[:: 1 + len(long_enough) // MOST_ANSWERS]
    pairs = [asked(row, row["context"][:length]) for row in long_enough]
    spent_s = min(seconds(pairs) for _ in range(FASTEST_OF))
    answer = fmean(len(row["answer"]) for row in long_enough)
    return f"| {length} | {len(pairs)} | {answer:.0f} | {len(pairs) / spent_s:.0f} |"


def seconds(pairs: list[tuple[GoldenQuery, Sample]]) -> float:
    slis = [Sli(name="faithfulness"), Sli(name="hallucination")]
    started = time.process_time()
    for query, sample in pairs:
        Overlap().score(query, sample, slis=slis)
    return time.process_time() - started


def asked(row: dict, context: str) -> tuple[GoldenQuery, Sample]:
    query = GoldenQuery(id=row["id"], query=row["question"] or "?", language="en")
    response = Response(answer=row["answer"], contexts=(Context(id="c", text=context),))
    return query, Sample(query_id=row["id"], repeat=0, response=response, attempts=1, started_at="2025-01-01T00:00:00Z")


def table_row(name: str, rows: list[dict]) -> str:
    started = time.process_time()
    checked = [check(row["answer"], [Context(id="c", text=row["context"])], language="en") for row in rows]
    spent_s = time.process_time() - started
    claims = [[support for _, support in answer if support is not None] for answer in checked]
    values = [fmean(found) if found else None for found in claims]
    labels = [row["label"] for row in rows]
    spoke = [value is not None for value in values]
    judged = list(compress(zip(labels, map(clean, checked), strict=True), spoke))
    auc = roc_auc_score(list(compress(labels, spoke)), list(compress(values, spoke)))
    auc_all = roc_auc_score(labels, [value or 0.0 for value in values])
    sensitivity = fmean(found for label, found in judged if label == 1)
    specificity = fmean(not found for label, found in judged if label == 0)
    return (
        f"| {name} | {len(rows)} | {values.count(None)} | {auc:.3f} | {auc_all:.3f} | {sensitivity:.3f} | {specificity:.3f} "
        f"| {sum(differ(row['answer'], [row['context']], language='en') for row in rows)} | {len(rows) / spent_s:.0f} |"
    )


def clean(answer: list) -> bool:
    return all(evidence.verdict != "unsupported" for evidence, _ in answer)


if __name__ == "__main__":
    sys.exit(main())
