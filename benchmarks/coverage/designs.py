"""Tables W: repeats of a query, and queries that stand for unequal shares of the traffic."""

from fractions import Fraction

import numpy as np

from benchmarks.coverage import bets
from benchmarks.coverage.cells import ALPHA, FLOOR, Cell, Figures, Gate, Rng, Verdict, errors
from benchmarks.coverage.clusters import group_means
from benchmarks.coverage.data import SHAPES, clustered_events, clustered_scores
from benchmarks.coverage.document import Measured, table
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.clusters import clustered, laid_out, layout_of, scaled_gaffke
from evalslo.stats.tally import of_values

REPEATS = [(n, icc) for n in (100, 200) for icc in (0.3, 0.7)]
SCORES = [(name, n, icc) for name in ("faith85", "faith96") for n in (100, 200) for icc in (0.3, 0.7)]
WEIGHTS = [
    (n, scheme, gap)
    for n in (200, 500)
    for scheme in ("half 10", "one in ten 10", "lognormal")
    for gap in ("0", "0.02", "-0.02")
]
WEIGHTED_SCORES = [
    (n, scheme, gap) for n in (200, 500) for scheme in ("half 10", "one in ten 10") for gap in ("0", "0.02")
]
WEIGHTED_GROUPS = [
    (g, scheme, gap) for g in (50, 100) for scheme in ("half 10", "one in ten 10") for gap in ("0", "0.02")
]
TARGET = Fraction(95, 100)


def cells(*, quick: bool) -> list[Cell]:
    few = 20 if quick else 1
    return [
        *(
            Cell(key=f"W-repeats/{n}/{icc}", work=repeats, rounds=4000 // few, settings={"n": n, "icc": icc})
            for n, icc in REPEATS
        ),
        *(
            Cell(
                key=f"W-scores/{name}/{n}/{icc}",
                work=repeated_scores,
                rounds=1000 // few,
                settings={"name": name, "n": n, "icc": icc},
            )
            for name, n, icc in SCORES
        ),
        *(
            Cell(
                key=f"W-weights/{n}/{scheme}/{gap}",
                work=weighted,
                rounds=4000 // few,
                settings={"n": n, "scheme": scheme, "gap": gap},
            )
            for n, scheme, gap in WEIGHTS
        ),
        *(
            Cell(
                key=f"W-weighted-scores/{n}/{scheme}/{gap}",
                work=weighted_scores,
                rounds=1000 // few,
                settings={"n": n, "scheme": scheme, "gap": gap},
            )
            for n, scheme, gap in WEIGHTED_SCORES
        ),
        *(
            Cell(
                key=f"W-weighted-groups/{g}/{scheme}/{gap}",
                work=weighted_groups,
                rounds=2000 // few,
                settings={"groups": g, "scheme": scheme, "gap": gap},
            )
            for g, scheme, gap in WEIGHTED_GROUPS
        ),
    ]


def repeats(rng: Rng, rounds: int, *, n: int, icc: float) -> Figures:
    """Three repeats of `n` queries at target .95, truth .95, and truth .98 for power."""
    gate, shown = Gate(TARGET), {}
    for i in range(rounds):
        for what, truth in (("", 0.95), (" power", 0.98)):
            values, codes = clustered_events(rng, p=truth, kind="beta", icc=icc, layout="3 repeats", groups=n)
            methods = {
                "korn-graubard": gate(clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR)),
                "one repeat": gate(of_values(values[::3])),
            }
            if i < max(rounds // 4, 50):
                methods["query means"] = gate(of_values(group_means(values, codes)))
                methods["betting"] = bets.of_units(values, codes, TARGET, checked=i < 3)
            for method, verdict in methods.items():
                shown.setdefault(method + what, []).append(verdict)
    return _all(shown)


def repeated_scores(rng: Rng, rounds: int, *, name: str, n: int, icc: float) -> Figures:
    """Three repeats of `n` scored queries; the power with the target four points under the truth."""
    shape, shown = SHAPES[name], {}
    gates = {"": Gate(shape.mean), " power": Gate(shape.mean - Fraction(4, 100))}
    for i in range(rounds):
        values, codes = clustered_scores(rng, shape=shape, icc=icc, layout="3 repeats", groups=n)
        tallies = {
            "scaled-gaffke": clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR),
            "one repeat": of_values(values[::3]),
        }
        if i < max(rounds // 4, 50):
            tallies["query means"] = of_values(group_means(values, codes))
        for what, gate in gates.items():
            for method, tally in tallies.items():
                shown.setdefault(method + what, []).append(gate(tally))
    return _all(shown)


def _all(shown: dict[str, list[Verdict]]) -> Figures:
    found: Figures = {}
    for method, verdicts in shown.items():
        found |= errors(method, verdicts)
    return found


def draw_weights(rng: Rng, scheme: str, n: int) -> FloatArray:
    match scheme:
        case "half 10":
            return np.where(rng.random(n) < 0.5, 10.0, 1.0)
        case "one in ten 10":
            return np.where(rng.random(n) < 0.1, 10.0, 1.0)
        case "lognormal":
            return np.exp(rng.standard_normal(n))
    raise ValueError(scheme)


def share_of_heavy(scheme: str) -> float:
    """The share of the whole weight that the heavier queries hold: of 10, or of more than the median."""
    from scipy.special import ndtr

    return {"half 10": 10 / 11, "one in ten 10": 1 / 1.9, "lognormal": float(ndtr(1.0))}[scheme]


def heavy(weights: FloatArray, scheme: str) -> np.ndarray:
    return weights > (1.0 if scheme == "lognormal" else 5.0)


def own_rates(weights: FloatArray, scheme: str, *, mean: float, gap: float) -> FloatArray:
    """The weighted mean is `mean`; the heavier queries are worse by `gap` than it, the others as much better as that takes."""
    part = share_of_heavy(scheme)
    lighter = mean + gap * part / (1 - part)
    assert lighter <= 1.0
    return np.where(heavy(weights, scheme), mean - gap, lighter)


def weighted(rng: Rng, rounds: int, *, n: int, scheme: str, gap: str) -> Figures:
    """Zeros and ones whose weighted mean is exactly the target .95."""
    gate, shown = Gate(TARGET), {}
    for i in range(rounds):
        weights = draw_weights(rng, scheme, n)
        values = (rng.random(n) < own_rates(weights, scheme, mean=0.95, gap=_possible(scheme, float(gap)))).astype(
            float
        )
        methods = {"weighted": _shrunk(gate, values, weights, checked=i < 5), "ignored": gate(of_values(values))}
        if i < max(rounds // 4, 50):
            methods["betting"] = bets.of_units(values, np.arange(n), TARGET, checked=i < 3, weights=weights)
        for method, verdict in methods.items():
            shown.setdefault(method, []).append(verdict)
    return _all(shown)


def _possible(scheme: str, gap: float) -> float:
    """`gap`, or less where the lighter queries would have to be better than perfect."""
    part = share_of_heavy(scheme)
    return min(gap, 0.99 * 0.05 * (1 - part) / part)


def _shrunk(
    gate: Gate, values: FloatArray, weights: FloatArray, *, checked: bool, groups: IntArray | None = None
) -> Verdict:
    codes = np.arange(values.size) if groups is None else groups
    layout = layout_of(codes, alpha=ALPHA, icc_floor=FLOOR, weights=weights / weights.mean())
    verdict = gate(laid_out(values, layout))
    if checked:
        found = scaled_gaffke(values, codes, target=gate.target, alpha=ALPHA, icc_floor=FLOOR, weights=weights)
        assert gate.decide(found.p_pass, found.p_fail) == verdict
    return verdict


def weighted_groups(rng: Rng, rounds: int, *, groups: int, scheme: str, gap: str) -> Figures:
    """Groups of five with one weight a group, correlation .3, zeros and ones whose weighted mean is exactly the target .95."""
    gate, shown = Gate(TARGET), {}
    codes = np.repeat(np.arange(groups), 5)
    for i in range(rounds):
        heavy_ = draw_weights(rng, scheme, groups)
        mean = own_rates(heavy_, scheme, mean=0.95, gap=_possible(scheme, float(gap)))
        own = rng.beta(mean * 7 / 3, (1 - mean) * 7 / 3)
        values, weights = (rng.random(codes.size) < own[codes]).astype(float), heavy_[codes]
        methods = {
            "weighted": _shrunk(gate, values, weights, checked=i < 5, groups=codes),
            "ignored": gate(clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR)),
            "betting": bets.of_units(values, codes, TARGET, checked=i < 3, weights=weights),
        }
        for method, verdict in methods.items():
            shown.setdefault(method, []).append(verdict)
    return _all(shown)


def weighted_scores(rng: Rng, rounds: int, *, n: int, scheme: str, gap: str) -> Figures:
    """Faithfulness with weights: the heavier queries score 0 oftener than the weighted mean, the others less often."""
    shape, shown = SHAPES["faith85"], {}
    part, lost = share_of_heavy(scheme), float(gap)
    better = Fraction(str(round(lost * part, 12)))  # the weighted mean of what is lost
    gate = Gate(shape.mean - better)
    for i in range(rounds):
        weights = draw_weights(rng, scheme, n)
        drop = heavy(weights, scheme) & (rng.random(n) < lost / float(shape.mean))
        values = np.where(drop, 0.0, rng.choice(shape.floats, size=n, p=shape.chances))
        methods = {"weighted": _shrunk(gate, values, weights, checked=i < 2), "ignored": gate(of_values(values))}
        methods["betting"] = bets.of_units(values, np.arange(n), gate.target, checked=i < 2, weights=weights)
        for method, verdict in methods.items():
            shown.setdefault(method, []).append(verdict)
    return _all(shown)


def tables(measured: Measured) -> dict[str, str]:
    return {"W-repeats": _repeats(measured), "W-scores": _scores(measured), "W-weights": _weights(measured)}


def _repeats(measured: Measured) -> str:
    methods = ("korn-graubard", "query means", "one repeat", "betting")
    rows = []
    for n, icc in REPEATS:
        key = f"W-repeats/{n}/{icc}"
        rows.append(
            [
                str(n),
                str(icc),
                *(f"{measured.errors(key, m)}, {measured.plain(key, f'{m} power.pass')}" for m in methods),
                measured.noise(key),
            ]
        )
    return table(
        ("queries", "correlation", "**Korn-Graubard**", "Gaffke on query means", "one repeat alone", "betting", "s.e."),
        rows,
    )


def _scores(measured: Measured) -> str:
    methods = ("scaled-gaffke", "query means", "one repeat")
    rows = []
    for name, n, icc in SCORES:
        key = f"W-scores/{name}/{n}/{icc}"
        rows.append(
            [
                name,
                str(n),
                str(icc),
                *(f"{measured.errors(key, m)}, {measured.plain(key, f'{m} power.pass')}" for m in methods),
                measured.noise(key),
            ]
        )
    return table(
        ("scores", "queries", "correlation", "**scaled Gaffke**", "Gaffke on query means", "one repeat alone", "s.e."),
        rows,
    )


def _weights(measured: Measured) -> str:
    names = {"half 10": "10 on half, 1", "one in ten 10": "10 on a tenth, 1", "lognormal": "lognormal"}
    rows = []
    families = {
        "W-weights": ("0 or 1", WEIGHTS),
        "W-weighted-groups": ("0 or 1, in groups of 5", WEIGHTED_GROUPS),
        "W-weighted-scores": ("faithfulness", WEIGHTED_SCORES),
    }
    for family, (kind, wanted) in families.items():
        for n, scheme, gap in wanted:
            key = f"{family}/{n}/{scheme}/{gap}"
            truth = {"0": "as good", "0.02": "worse", "-0.02": "better"}[gap]
            shown = (measured.errors(key, m) for m in ("weighted", "betting", "ignored"))
            rows.append([kind, str(n), names[scheme], truth, *shown, measured.noise(key)])
    return table(
        (
            "values",
            "n",
            "weights",
            "heavy ones are",
            "**shrunk (Kish)**",
            "betting (strict)",
            "weights ignored",
            "s.e.",
        ),
        rows,
    )
