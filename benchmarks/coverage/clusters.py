"""Tables C: groups of queries and repeats of a query."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from benchmarks.coverage import bets
from benchmarks.coverage.cells import ALPHA, FLOOR, Cell, Figures, Gate, Rng, Verdict, errors, share
from benchmarks.coverage.data import SHAPES, clustered_events, clustered_scores
from benchmarks.coverage.document import Measured, table
from benchmarks.coverage.naive import cluster_bootstrap, cr2_t
from benchmarks.coverage.proportions import percent
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.clusters import clustered, scaled_gaffke
from evalslo.stats.tally import of_values, scaled

ROWS = [  # truth = target, sizes, groups; correlation .3
    ("0.95", "5 each", 20),
    ("0.95", "5 each", 50),
    ("0.95", "5 each", 100),
    ("0.95", "5 each", 200),
    ("0.95", "1 + Poisson(4)", 20),
    ("0.95", "1 + Poisson(4)", 50),
    ("0.95", "geometric, mean 6.7", 50),
    ("0.95", "geometric, mean 6.7", 100),
    ("0.9", "geometric, mean 6.7", 50),
    ("0.8", "5 each", 50),
    ("0.8", "geometric, mean 6.7", 100),
]
POWER = [(icc, g) for icc in (0.1, 0.3) for g in (50, 100, 200)]  # target .90, truth .95, 5 each
KINDS = ("beta", "logit-normal", "few broken", "all or nothing")
SHAPED = [  # other data, other correlations: does the floor hold?
    (p, layout, g, icc)
    for p, layout, g in (
        ("0.95", "5 each", 50),
        ("0.95", "5 each", 100),
        ("0.9", "15 each", 50),
        ("0.98", "5 each", 100),
    )
    for icc in (0.1, 0.3, 0.5, 0.7)
]
REPEATS = [
    (p, layout, g, icc)
    for p, layout, g in (("0.95", "3 repeats", 100), ("0.95", "3 repeats", 200), ("0.95", "2 repeats", 100))
    for icc in (0.1, 0.3, 0.7, 0.95)
]
SCORES = [
    (name, layout, g, icc)
    for name in ("faith85", "faith96")
    for layout, g in (("5 each", 50), ("5 each", 100), ("geometric, mean 6.7", 100), ("one in ten of 30, else 2", 100))
    for icc in (0.1, 0.3, 0.7)
]
TRAP = [("0.95", "one in ten of 30, else 2", g) for g in (50, 100, 200)]  # big groups worse
METHODS = ("iid", "CR2-t", "bootstrap", "no floor", "floor", "group means", "betting")


def cells(*, quick: bool) -> list[Cell]:
    few = 20 if quick else 1
    rows = [_cell(f"C/{p}/{layout}/{g}", p, layout, g, "beta", 0.3, 4000 // few, wide=True) for p, layout, g in ROWS]
    rows += [
        _cell(f"C-power/{icc}/{g}", "0.95", "5 each", g, "beta", icc, 4000 // few, target="0.9") for icc, g in POWER
    ]
    for p, layout, g, icc in SHAPED + REPEATS:
        if quick and icc != 0.3:
            continue
        rows += [
            _cell(f"C-shape/{p}/{layout}/{g}/{icc}/{kind}", p, layout, g, kind, icc, 2500 // few) for kind in KINDS
        ]
    rows += [
        Cell(
            key=f"C-scores/{name}/{layout}/{g}/{icc}",
            work=score_errors,
            rounds=1000 // few,
            settings={"name": name, "layout": layout, "groups": g, "icc": icc},
        )
        for name, layout, g, icc in SCORES
        if not quick or icc == 0.3
    ]
    rows += [
        Cell(
            key=f"C-trap/{p}/{layout}/{g}",
            work=size_trap,
            rounds=2000 // few,
            settings={"p": p, "layout": layout, "groups": g},
        )
        for p, layout, g in TRAP
    ]
    return rows


def _cell(
    key: str,
    p: str,
    layout: str,
    groups: int,
    kind: str,
    icc: float,
    rounds: int,
    *,
    target: str = "",
    wide: bool = False,
) -> Cell:
    settings = {
        "p": p,
        "target": target or p,
        "layout": layout,
        "groups": groups,
        "kind": kind,
        "icc": icc,
        "wide": wide,
    }
    return Cell(key=key, work=event_errors, rounds=rounds, settings=settings)


def event_errors(
    rng: Rng, rounds: int, *, p: str, target: str, layout: str, groups: int, kind: str, icc: float, wide: bool
) -> Figures:
    """The errors of the methods on zeros and ones; `wide`: of the naive ones, and of the slow ones on fewer rounds, too."""
    goal = Fraction(target)
    methods = event_methods(goal, rng)
    if not wide:
        methods = {name: methods[name] for name in ("no floor", "floor", "betting")}
    slow = {"bootstrap": max(rounds // 4, 1), "group means": max(rounds // 4, 1)}
    shown: dict[str, list[Verdict]] = {name: [] for name in methods}
    for i in range(rounds):
        values, codes = clustered_events(rng, p=float(Fraction(p)), kind=kind, icc=icc, layout=layout, groups=groups)
        for name, method in methods.items():
            if i < slow.get(name, rounds):
                shown[name].append(method(values, codes))
        if i < 10:
            _check(values, codes, shown["floor"][i], target=goal)
            bets.of_units(values, codes, goal, checked=True)
    found: Figures = {}
    for name, verdicts in shown.items():
        found |= errors(name, verdicts)
    return found


def event_methods(target: Fraction, rng: Rng) -> dict[str, Callable[[FloatArray, IntArray], Verdict]]:
    gate = Gate(target)

    def shrunk(values: FloatArray, codes: IntArray) -> Verdict:
        return gate(clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR))

    return {
        "iid": lambda values, codes: gate(of_values(values)),
        "CR2-t": lambda values, codes: cr2_t(values, codes, target=target),
        "bootstrap": lambda values, codes: cluster_bootstrap(values, codes, rng, target=target),
        "no floor": lambda values, codes: gate(uncapped(values, codes)),
        "floor": shrunk,
        "group means": lambda values, codes: gate(of_values(group_means(values, codes))),
        "betting": lambda values, codes: bets.of_units(values, codes, target, checked=False),
    }


def uncapped(values: FloatArray, codes: IntArray):
    """Korn and Graubard's own method: no floor, no cap."""
    tally = clustered(values, codes, alpha=ALPHA, icc_floor=Fraction(0))
    return scaled(tally, 1.0, units=10**9)  # a cap by so many units binds nothing


def group_means(values: FloatArray, codes: IntArray) -> FloatArray:
    return np.clip(np.bincount(codes, weights=values) / np.bincount(codes), 0.0, 1.0)


def _check(values: FloatArray, codes: IntArray, seen: Verdict, *, target: Fraction) -> None:
    """The public function decides as its parts, which are measured because they compute no interval, do."""
    found = scaled_gaffke(values, codes, target=target, alpha=ALPHA, icc_floor=FLOOR)
    assert seen == Gate(target).decide(found.p_pass, found.p_fail)


def score_errors(rng: Rng, rounds: int, *, name: str, layout: str, groups: int, icc: float) -> Figures:
    """The errors on scores with unequal groups, and the power four points under the truth."""
    shape = SHAPES[name]
    gates = {"": Gate(shape.mean), "power ": Gate(shape.mean - Fraction(4, 100))}
    shown: dict[str, list[Verdict]] = {}
    for i in range(rounds):
        values, codes = clustered_scores(rng, shape=shape, icc=icc, layout=layout, groups=groups)
        samples = {
            "floor": clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR),
            "group means": of_values(group_means(values, codes)),
        }
        for what, gate in gates.items():
            for method, tally in samples.items():
                if method == "floor" or i < rounds // 4 or rounds < 100:
                    shown.setdefault(what + method, []).append(gate(tally))
        if i < 3:
            _check(values, codes, shown["floor"][i], target=shape.mean)
    found: Figures = {}
    for method, verdicts in shown.items():
        if method.startswith("power "):
            found[f"{method.removeprefix('power ')}.power"] = share([passed for passed, _ in verdicts])
        else:
            found |= errors(method, verdicts)
    return found


def size_trap(rng: Rng, rounds: int, *, p: str, layout: str, groups: int) -> Figures:
    """Big groups are worse: the pooled share is exactly `p`, the mean of the groups' shares is more."""
    worse, better, usual = big_and_small(float(Fraction(p)))
    gate = Gate(Fraction(p))
    shown: dict[str, list[Verdict]] = {"floor": [], "group means": [], "betting": []}
    for i in range(rounds):
        each = np.where(rng.random(groups) < 0.1, 30, 2)
        codes = np.repeat(np.arange(groups), each)
        own = rng.beta(*usual(np.where(each == 30, worse, better)))
        values = (rng.random(codes.size) < own[codes]).astype(float)
        shown["floor"].append(gate(clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR)))
        if i < rounds // 4 or rounds < 200:
            shown["group means"].append(gate(of_values(group_means(values, codes))))
            shown["betting"].append(bets.of_units(values, codes, gate.target, checked=i < 3))
    found: Figures = {}
    for method, verdicts in shown.items():
        found |= errors(method, verdicts)
    return found


def big_and_small(p: float) -> tuple[float, float, Callable[[FloatArray], tuple[FloatArray, FloatArray]]]:
    """The shares in groups of 30 (one in ten) and of 2, with the pooled share `p`: the big miss .025 more than all do."""
    worse = p - 0.025
    big, small = 0.1 * 30, 0.9 * 2
    better = (p * (big + small) - worse * big) / small

    def parameters(mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        return mean * 7 / 3, (1 - mean) * 7 / 3  # correlation .3

    return worse, better, parameters


def tables(measured: Measured) -> dict[str, str]:
    return {
        "C": _table_c(measured),
        "C-power": _power(measured),
        "C-shape": _shape(measured, SHAPED),
        "C-repeats": _shape(measured, REPEATS),
        "C-scores": _scores(measured),
        "C-trap": _trap(measured),
    }


def _table_c(measured: Measured) -> str:
    names = (
        "groups ignored",
        "CR2-t",
        "cluster bootstrap",
        "no floor, no cap",
        "**floor .3 and cap**",
        "Gaffke on group means",
        "betting",
    )
    rows = []
    for p, layout, g in ROWS:
        key = f"C/{p}/{layout}/{g}"
        rows.append([percent(p), layout, str(g), *(measured.errors(key, m) for m in METHODS), measured.noise(key)])
    return table(("truth = target", "queries a group", "groups", *names, "s.e."), rows)


def _power(measured: Measured) -> str:
    rows = []
    for icc, g in POWER:
        key = f"C-power/{icc}/{g}"
        figures = (measured.plain(key, f"{m}.pass") for m in ("no floor", "floor", "betting"))
        rows.append([str(icc), str(g), *figures, measured.noise(key)])
    return table(("correlation", "groups", "no floor, no cap", "floor .3 and cap", "betting", "s.e."), rows)


def _shape(measured: Measured, wanted: list[tuple[str, str, int, float]]) -> str:
    rows = []
    for p, layout, g, icc in wanted:
        keys = [f"C-shape/{p}/{layout}/{g}/{icc}/{kind}" for kind in KINDS]
        if not all(map(measured.has, keys)):
            continue
        strict = max(measured.figures[key]["betting.pass"].value for key in keys)
        shown = (measured.errors(key, "floor") for key in keys)
        rows.append(
            [
                percent(p),
                layout,
                str(g),
                str(icc),
                *shown,
                f"{strict:.3f}".lstrip("0"),
                measured.noise(keys[0], ["floor.pass", "floor.fail"]),
            ]
        )
    return table(
        ("truth = target", "each unit has", "units", "correlation", *KINDS, "betting, worst false PASS", "s.e."), rows
    )


def _scores(measured: Measured) -> str:
    rows = []
    for name, layout, g, icc in SCORES:
        key = f"C-scores/{name}/{layout}/{g}/{icc}"
        if not measured.has(key):
            continue
        rows.append(
            [
                name,
                layout,
                str(g),
                str(icc),
                measured.errors(key, "floor"),
                measured.plain(key, "floor.power"),
                measured.errors(key, "group means"),
                measured.plain(key, "group means.power"),
                measured.noise(key, ["floor.pass", "floor.fail"]),
            ]
        )
    head = (
        "scores",
        "queries a group",
        "groups",
        "correlation",
        "scaled Gaffke",
        "power",
        "Gaffke on group means",
        "power",
        "s.e.",
    )
    return table(head, rows)


def _trap(measured: Measured) -> str:
    rows = []
    for p, layout, g in TRAP:
        key = f"C-trap/{p}/{layout}/{g}"
        shown = (measured.errors(key, m) for m in ("floor", "group means", "betting"))
        rows.append([percent(p), layout, str(g), *shown, measured.noise(key)])
    return table(
        ("truth = target", "queries a group", "groups", "floor .3 and cap", "Gaffke on group means", "betting", "s.e."),
        rows,
    )
