"""How well the `overlap` screen tells faithful answers from unfaithful ones, on people's labels.

    python benchmarks/grounding.py

ROC-AUC of an answer's support (the mean over its claims) against the label, over the answers that have a claim, and over all
with the support of an answer without a claim as 0; the shares of faithful and of unfaithful answers that the built-in threshold
sees so; answers scored per CPU second. The data is looked for in `EVALSLO_TEST_DATA`, else in `../shared/data`.
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

from evalslo.model.golden import Context
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
    "answers per CPU s",
)


def main() -> int:
    folder = Path(os.environ.get("EVALSLO_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data") / "grounding"
    if not folder.is_dir():
        print(f"{folder}: no such folder; set EVALSLO_TEST_DATA to the folder that has grounding/*.jsonl.gz")
        return 2
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name in DATASETS:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            print(table_row(name, [json.loads(line) for line in lines]))
    return 0


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
        f"| {len(rows) / spent_s:.0f} |"
    )


def clean(answer: list) -> bool:
    return all(evidence.verdict != "unsupported" for evidence, _ in answer)


if __name__ == "__main__":
    sys.exit(main())
