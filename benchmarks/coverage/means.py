"""Tables B: means of independent scores in [0, 1]."""

from fractions import Fraction

import numpy as np

from benchmarks.coverage import bets
from benchmarks.coverage.cells import ALPHA, Cell, Figures, Gate, Rng, Verdict, average, errors
from benchmarks.coverage.data import SHAPES, Shape, tally_of
from benchmarks.coverage.document import Measured, decimals, table
from evalslo.stats.bootstrap import bca, percentile
from evalslo.stats.gaffke import gaffke
from evalslo.stats.student import student_t
from evalslo.stats.tally import of_counts

ROWS = [(name, n) for name in SHAPES for n in (50, 100, 300, 1000)]
POWER = [  # how far the target lies below the truth
    ("faith85", 100, "0.06"),
    ("faith85", 300, "0.03"),
    ("faith96", 300, "0.015"),
    ("P@5 .80", 100, "0.05"),
    ("P@5 .80", 300, "0.03"),
]
METHODS = ("t", "percentile", "BCa", "CP on the mean", "Gaffke", "betting")
NAMES = ("t", "percentile bootstrap", "BCa", "Clopper-Pearson on the sum", "**Gaffke**", "betting")
DRAWS = 2000


def cells(*, quick: bool) -> list[Cell]:
    rounds = 100 if quick else 4000
    rows = [
        Cell(key=f"B/{s}/{n}", work=row, rounds=rounds, settings={"name": s, "n": n, "below": "0"}) for s, n in ROWS
    ]
    return rows + [
        Cell(key=f"B-power/{s}/{n}", work=row, rounds=rounds // 2, settings={"name": s, "n": n, "below": d})
        for s, n, d in POWER
    ]


def row(rng: Rng, rounds: int, *, name: str, n: int, below: str) -> Figures:
    """The errors of every method, `below` the truth their power; a quarter of the rounds for what resamples."""
    shape = SHAPES[name]
    target = shape.mean - Fraction(below)
    counts = shape.counts(rng, n, rounds)
    gate = Gate(target)
    shown: dict[str, list[Verdict]] = {
        "Gaffke": [gate(tally_of(shape.floats, row)) for row in counts],
        "CP on the mean": [gate(of_counts(s, n - s, units=n)) for s in counts @ shape.floats],
        "betting": bets.of_counts(shape.floats, counts, target),
        **resampling(shape, counts[: max(rounds // 4, 1)], gate, rng),
    }
    found: Figures = {}
    for method, verdicts in shown.items():
        found |= errors(method, verdicts)
    return found | widths(shape, counts[: 4 if rounds < 1000 else 40], target)


def resampling(shape: Shape, counts: np.ndarray, gate: Gate, rng: Rng) -> dict[str, list[Verdict]]:
    shown: dict[str, list[Verdict]] = {"t": [], "percentile": [], "BCa": []}
    for row in counts:
        values = shape.sample(row)
        seed = int(rng.integers(2**31))
        found = {
            "t": student_t(values, target=gate.target, alpha=ALPHA),
            "percentile": percentile(values, target=gate.target, alpha=ALPHA, seed=seed, draws=DRAWS),
            "BCa": bca(values, target=gate.target, alpha=ALPHA, seed=seed, draws=DRAWS),
        }
        for method, bound in found.items():
            shown[method].append(gate.decide(bound.p_pass, bound.p_fail))
    return shown


def widths(shape: Shape, counts: np.ndarray, target: Fraction) -> Figures:
    """The mean lengths of the intervals of the first few samples."""
    found: dict[str, list[float]] = {"t": [], "Gaffke": [], "betting": []}
    for row in counts:
        values = shape.sample(row)
        bounds = {
            "t": student_t(values, target=target, alpha=ALPHA),
            "Gaffke": gaffke(values, target=target, alpha=ALPHA),
            "betting": bets.betting(values, target=target, alpha=ALPHA),
        }
        for method, bound in bounds.items():
            if bound.lower is not None and bound.upper is not None:
                found[method].append(bound.upper - bound.lower)
    return {f"{method}.width": average(lengths) for method, lengths in found.items() if len(lengths) > 1}


def tables(measured: Measured) -> dict[str, str]:
    rows = []
    for name, n in ROWS:
        key = f"B/{name}/{n}"
        lengths = " / ".join(measured.plain(key, f"{m}.width") for m in ("t", "Gaffke", "betting"))
        shown = (measured.errors(key, m) for m in METHODS)
        rows.append(
            [f"{name} (mean {decimals(float(SHAPES[name].mean), 2)})", f"{n:,}", *shown, lengths, measured.noise(key)]
        )
    power = []
    for name, n, below in POWER:
        key = f"B-power/{name}/{n}"
        power.append(
            [
                name,
                str(n),
                decimals(float(below)),
                *(measured.plain(key, f"{m}.pass") for m in METHODS),
                measured.noise(key),
            ]
        )
    return {
        "B": table(("scores", "n", *NAMES, "width t / Gaffke / betting", "s.e."), rows),
        "B-power": table(("scores", "n", "target below the truth by", *NAMES, "s.e."), power),
    }
