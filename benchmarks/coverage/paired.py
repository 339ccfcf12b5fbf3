"""Tables D: a candidate beside a baseline."""

import math
from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage.cells import ALPHA, Cell, Figures, Gate, Rng, Verdict, binomial, errors, exact
from benchmarks.coverage.data import SHAPES
from benchmarks.coverage.document import Measured, decimals, table
from benchmarks.coverage.naive import Z95
from evalslo.stats.bound import fails, passes
from evalslo.stats.paired import newcombe_paired, paired_scores, tango
from evalslo.stats.student import student_t
from evalslo.stats.tally import Tally
from evalslo.stats.unpaired import newcombe_unpaired

ROWS = [  # n, discordance, margin, share right of the baseline
    (50, "0.06", "0.05", "0.95"),
    (50, "0.04", "0.03", "0.95"),
    (50, "0.03", "0.02", "0.95"),
    (100, "0.06", "0.05", "0.95"),
    (100, "0.1", "0.03", "0.95"),
    (200, "0.06", "0.05", "0.95"),
    (200, "0.04", "0.03", "0.95"),
    (200, "0.2", "0.05", "0.85"),
    (500, "0.04", "0.03", "0.95"),
]
POWER = [
    (100, "0.04", "0.05"),
    (200, "0.04", "0.05"),
    (200, "0.1", "0.05"),
    (500, "0.03", "0.02"),
    (500, "0.04", "0.03"),
]
SCORES = [
    (50, "0.03"),
    (100, "0.03"),
    (300, "0.03"),
    (300, "0.05"),
]  # n, margin; faithfulness, half of the errors shared
UNPAIRED = [
    (n, base, margin)
    for n in (50, 100, 200, 500)
    for base, margin in (("0.95", "0.05"), ("0.9", "0.03"), ("0.8", "0.05"))
]
METHODS = ("Wald", "Newcombe", "Tango", "Tango, both to FAIL", "Gaffke")
NEGLIGIBLE = 1e-12


def cells(*, quick: bool) -> list[Cell]:
    rounds, few = (100, 100) if quick else (4000, 2000)
    rows = [
        Cell(
            key=f"D/{n}/{d}/{m}",
            work=row,
            rounds=rounds,
            settings={"n": n, "apart": d, "margin": m, "base": base, "delta": f"-{m}"},
        )
        for n, d, m, base in (ROWS[:4] if quick else ROWS)
    ]
    rows += [
        Cell(
            key=f"D-power/{n}/{d}/{m}",
            work=row,
            rounds=rounds,
            settings={"n": n, "apart": d, "margin": m, "base": "0.95", "delta": "0"},
        )
        for n, d, m in (POWER[:1] if quick else POWER)
    ]
    rows += [Cell(key=f"D-scores/{n}/{m}", work=scores, rounds=few, settings={"n": n, "margin": m}) for n, m in SCORES]
    return rows + [
        Cell(
            key=f"D-unpaired/{n}/{base}/{m}", work=unpaired, rounds=rounds, settings={"n": n, "base": base, "margin": m}
        )
        for n, base, m in UNPAIRED
    ]


def row(rng: Rng, rounds: int, *, n: int, apart: str, margin: str, base: str, delta: str) -> Figures:
    """Exact for the methods that hang on the discordant pairs alone, drawn for Newcombe's, which asks for the others too."""
    better = (Fraction(apart) + Fraction(delta)) / 2
    worse = (Fraction(apart) - Fraction(delta)) / 2
    goal, found = Fraction(margin), dict.fromkeys(("Wald", "Tango", "Gaffke"), np.zeros(2))
    for b, chance_b in _likely(n, better):
        for c, chance in _likely(n - b, worse / (1 - better)):
            for method, shown in discordant(b, c, n, goal).items():
                found[method] = found[method] + chance_b * chance * np.array(shown)
    figures: Figures = {}
    for method, (passing, failing) in found.items():
        figures |= {f"{method}.pass": exact(passing), f"{method}.fail": exact(failing)}
    chances = [float(p) for p in (better, worse, Fraction(base) - worse, 1 - Fraction(base) - better)]
    drawn = [tuple(map(int, counts)) for counts in rng.multinomial(n, chances, size=rounds)]
    second = [newcombe(*counts, goal) for counts in drawn]
    first = [discordant(counts[0], counts[1], n, goal)["Tango"] for counts in drawn]
    guarded = [(one[0], one[1] and other[1]) for one, other in zip(first, second, strict=True)]
    return figures | errors("Newcombe", second) | errors("Tango, both to FAIL", guarded)


def _likely(n: int, p: Fraction) -> list[tuple[int, float]]:
    return [(k, float(chance)) for k, chance in enumerate(binomial(n, p)) if chance > NEGLIGIBLE]


@cache
def discordant(better: int, worse: int, n: int, margin: Fraction) -> dict[str, Verdict]:
    score = tango(better, worse, n=n, margin=margin, alpha=ALPHA)
    return {
        "Wald": wald(better, worse, n, margin),
        "Tango": (passes(score.p_pass, alpha=ALPHA), fails(score.p_fail, alpha=ALPHA)),
        "Gaffke": _gate(margin)(_tally(better, worse, n)),
    }


def wald(better: int, worse: int, n: int, margin: Fraction) -> Verdict:
    delta = (better - worse) / n
    reach = Z95 * math.sqrt(max(better + worse - n * delta**2, 0.0)) / n
    return delta - reach >= -float(margin), delta + reach < -float(margin)


@cache
def _gate(margin: Fraction) -> Gate:
    return Gate((1 - margin) / 2)


def _tally(better: int, worse: int, n: int) -> Tally:
    weights = np.array([worse, n - better - worse, better], dtype=float)
    return Tally(values=np.array([0.0, 0.5, 1.0])[weights > 0], weights=weights[weights > 0], units=n)


@cache
def newcombe(better: int, worse: int, both: int, neither: int, margin: Fraction) -> Verdict:
    found = newcombe_paired(better, worse, both=both, neither=neither, margin=margin, alpha=ALPHA)
    return passes(found.p_pass, alpha=ALPHA), fails(found.p_fail, alpha=ALPHA)


def scores(rng: Rng, rounds: int, *, n: int, margin: str) -> Figures:
    """Differences of two faithfulness scores, each of half the queries the same in both; the truth at -margin, and at 0."""
    shape, goal = SHAPES["faith85"], Fraction(margin)
    shown: dict[str, list[Verdict]] = {"Gaffke": [], "t": [], "Gaffke power": [], "t power": []}
    for i in range(rounds):
        base, other = (rng.choice(shape.floats, size=n, p=shape.chances) for _ in range(2))
        same = np.where(rng.random(n) < 0.5, base, other)
        lowered = np.where(rng.random(n) < float(goal / shape.mean), 0.0, same)  # the mean falls by the margin
        for suffix, candidate in (("", lowered), (" power", same)):
            gap = candidate - base
            values, counts = np.unique((gap + 1) / 2, return_counts=True)
            gate = _gate(goal)
            shown[f"Gaffke{suffix}"].append(gate(Tally(values=values, weights=counts.astype(float), units=n)))
            known = student_t((gap + 1) / 2, target=gate.target, alpha=ALPHA)
            shown[f"t{suffix}"].append(gate.decide(known.p_pass, known.p_fail))
            if i < 5:
                library = paired_scores(gap, margin=goal, alpha=ALPHA, icc_floor=Fraction(0))
                assert gate.decide(library.p_pass, library.p_fail) == shown[f"Gaffke{suffix}"][-1]
    found: Figures = {}
    for method, verdicts in shown.items():
        found |= errors(method, verdicts)
    return found


def unpaired(rng: Rng, rounds: int, *, n: int, base: str, margin: str) -> Figures:
    """Two arms of `n` queries each, the candidate worse by exactly the margin."""
    goal = Fraction(margin)
    first = rng.binomial(n, float(Fraction(base)), size=rounds)
    second = rng.binomial(n, float(Fraction(base) - goal), size=rounds)
    return errors("Newcombe", [two_arms(int(a), int(b), n, goal) for a, b in zip(first, second, strict=True)])


@cache
def two_arms(baseline: int, candidate: int, n: int, margin: Fraction) -> Verdict:
    found = newcombe_unpaired((baseline, n), (candidate, n), margin=margin, alpha=ALPHA)
    return passes(found.p_pass, alpha=ALPHA), fails(found.p_fail, alpha=ALPHA)


def tables(measured: Measured) -> dict[str, str]:
    names = ("Wald", "Newcombe (drawn)", "Tango", "**Tango, both to FAIL** (drawn)", "Gaffke")
    rows = [
        [
            str(n),
            decimals(float(d), 2),
            decimals(float(m), 2),
            *(measured.errors(f"D/{n}/{d}/{m}", one) for one in METHODS),
            measured.noise(f"D/{n}/{d}/{m}", ["Newcombe.pass", "Newcombe.fail"]),
        ]
        for n, d, m, _ in ROWS
        if measured.has(f"D/{n}/{d}/{m}")
    ]
    power = [
        [
            str(n),
            decimals(float(d), 2),
            decimals(float(m), 2),
            *(measured.plain(f"D-power/{n}/{d}/{m}", f"{one}.pass") for one in METHODS),
        ]
        for n, d, m in POWER
        if measured.has(f"D-power/{n}/{d}/{m}")
    ]
    head = ("pairs", "share discordant", "margin", *names)
    return {
        "D": table((*head, "s.e. of Newcombe"), rows),
        "D-power": table(head, power),
        "D-scores": _scores(measured),
        "D-unpaired": _unpaired(measured),
    }


def _scores(measured: Measured) -> str:
    rows = []
    for n, m in SCORES:
        key = f"D-scores/{n}/{m}"
        power = " / ".join(measured.plain(key, f"{one} power.pass") for one in ("t", "Gaffke"))
        rows.append(
            [
                str(n),
                decimals(float(m), 2),
                measured.errors(key, "t"),
                measured.errors(key, "Gaffke"),
                power,
                measured.noise(key),
            ]
        )
    return table(("pairs", "margin", "t", "**Gaffke**", "power at no difference, t / Gaffke", "s.e."), rows)


def _unpaired(measured: Measured) -> str:
    rows = []
    for n, base, m in UNPAIRED:
        key = f"D-unpaired/{n}/{base}/{m}"
        rows.append(
            [
                str(n),
                decimals(float(base), 2),
                decimals(float(m), 2),
                measured.errors(key, "Newcombe"),
                measured.noise(key),
            ]
        )
    return table(("queries an arm", "baseline", "margin", "Newcombe", "s.e."), rows)
