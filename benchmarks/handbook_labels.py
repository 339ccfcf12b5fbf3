"""How good overlap, and a small local judge, are beside readers of the handbook's recorded answers.

    python benchmarks/handbook_labels.py

For each recorded model, and each SLI about claims: what `evalslo calibrate` says of the labels in fixtures/handbook/labels,
with 95 % intervals; of the judge where its replies were recorded. Then how far the two readers agree, answer by answer and
claim by claim. Nothing is called, and nothing was tuned on these labels.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from evalslo import api
from evalslo.model.calibration import Agreement, Calibration, Confusion, Figure
from evalslo.stats.agreement import Stratum, agreement, dependence

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "suites" / "handbook.yaml"
LABELS = ROOT / "fixtures" / "handbook" / "labels"
VARIANTS = {"qwen-1.5b": None, "qwen-0.5b": "qwen-0.5b", "smollm2": "smollm2"}
SLIS = ("faithfulness", "hallucination")
ICC_FLOOR = Fraction(3, 10)
COLUMNS = (
    "answers of",
    "SLI",
    "scorer",
    "labels",
    "sensitivity",
    "specificity",
    "balanced accuracy",
    "kappa",
    "AC1",
    "ROC-AUC",
)


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        os.environ["EVALSLO_HOME"] = home
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
        for model, variant in VARIANTS.items():
            for scorer, settings in scorers_of(model):
                run = api.run(api.load(SUITE, variant=variant, settings=settings)).folder
                for sli in SLIS:
                    found = api.calibrate(run, labels=LABELS / f"{model}.jsonl", sli=sli)
                    print(row(model, sli, scorer, found))
    print(
        "\n| answers of | claims read twice | answers, observed | kappa | claims, observed | kappa |\n|---|---|---|---|---|---|"
    )
    for model in VARIANTS:
        print(readers_row(model))
    return 0


def scorers_of(model: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What scores, and the settings of the suite that make it score."""
    yield "overlap", ()
    replies = ROOT / "fixtures" / "handbook" / "recorded" / f"judge-{model}.jsonl"
    if replies.exists():
        yield "judge, 1.5B", ("judges.local.kind=recorded", f"judges.local.path={replies}")


def row(model: str, sli: str, scorer: str, found: Calibration) -> str:
    shown, n = found.agreement, len(found.labelled.answers)
    figures = (
        shown.sensitivity,
        shown.specificity,
        shown.balanced_accuracy,
        shown.kappa,
        shown.ac1,
        found.auc or Figure(),
    )
    return "| " + " | ".join([model, sli, scorer, str(n), *map(told, figures)]) + " |"


def told(figure: Figure) -> str:
    if figure.estimate is None:
        return "–"
    if figure.lower is None or figure.upper is None:
        return f"{figure.estimate:.2f}"
    return f"{figure.estimate:.2f} ({figure.lower:.2f} to {figure.upper:.2f})"


def readers_row(model: str) -> str:
    rows = [row for row in read(LABELS / f"{model}.jsonl") if row.get("claims_human2")]
    if not rows:
        return f"| {model} | 0 | – | – | – | – |"
    answers = [(good(row["claims_human"]), good(row["claims_human2"])) for row in rows]
    claims = [
        (row["query_id"], one in GOOD, two in GOOD)
        for row in rows
        for one, two in zip(row["claims_human"], row["claims_human2"], strict=True)
    ]
    by_answer = beside(answers, list(range(len(answers))))
    by_claim = beside([claim[1:] for claim in claims], [claim[0] for claim in claims])
    cells = [
        model,
        str(len(claims)),
        told(by_answer.observed),
        told(by_answer.kappa),
        told(by_claim.observed),
        told(by_claim.kappa),
    ]
    return f"| {' | '.join(cells)} |"


GOOD = ("supported", "not_a_claim")


def good(verdicts: list[str]) -> bool:
    return all(one in GOOD for one in verdicts)


def beside(pairs: list[tuple[bool, bool]], units: list[Any]) -> Agreement:
    """Two readers' words on the same things; those of one unit belong together."""
    table = Confusion(
        yes_yes=pairs.count((True, True)),
        yes_no=pairs.count((True, False)),
        no_yes=pairs.count((False, True)),
        no_no=pairs.count((False, False)),
    )
    deff = dependence([float(one == two) for one, two in pairs], units, icc_floor=ICC_FLOOR)
    return agreement([Stratum(size=table.n, confusion=table)], seed=0, deff=deff)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
