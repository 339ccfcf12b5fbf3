"""Tables F: looking after every query.

On zeros and ones every rule here hangs on the count of good answers alone, so that crossing its boundaries is a walk on whole
numbers whose probabilities are computed and not drawn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage import bets
from benchmarks.coverage.cells import ALPHA, Cell, Figures, Gate, Rng, average, exact, share
from benchmarks.coverage.data import SHAPES, Shape, piled, sizes, tally_of
from benchmarks.coverage.document import Measured, decimals, table
from benchmarks.coverage.proportions import percent
from evalslo.stats import sequential, sprt
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import most_bad
from evalslo.stats.sequential import BetaMixture, BetMixture, anytime_p, log_evidence
from evalslo.stats.tally import of_counts, p_fail

METHODS = ("beta", "bet", "hybrid", "five looks", "peek", "fixed")
NAMES = (
    "beta mixture",
    "bet mixture",
    "**beta mixture and horizon**",
    "5 looks, Bonferroni",
    "peeking every 25",
    "fixed n",
)
ROWS = [
    ("0.95", "0.95", 1000),
    ("0.95", "0.95", 3000),
    ("0.98", "0.98", 1000),
    ("0.9", "0.9", 1000),
    ("0.8", "0.8", 1000),
    *(("0.95", truth, 1000) for truth in ("0.97", "0.98", "0.99", "1", "0.93", "0.9", "0.85")),
    ("0.9", "0.93", 1000),
    ("0.9", "0.95", 1000),
    ("0.9", "0.97", 1000),
]
CURVE = [f"{k / 1000:g}" for k in range(850, 1001, 5)]
SPRT = ["0.98", "0.97", "0.95", "0.93", "0.9", "0.85"]
FAITH = piled("faith90", perfect=Fraction(89, 100), zero=Fraction(2, 100))  # mean .95


def _pair(margin: str, delta: str) -> Shape:
    """(d + 1) / 2 of pairs of which 6 % differ."""
    better, worse = (Fraction("0.06") + Fraction(delta)) / 2, (Fraction("0.06") - Fraction(delta)) / 2
    return Shape(
        f"pairs, margin {margin}", (Fraction(0), Fraction(1, 2), Fraction(1)), (worse, 1 - better - worse, better)
    )


BOUNDED = {  # row: what is drawn, target
    "faithfulness .95, target .95": (FAITH, Fraction(95, 100)),
    "faithfulness .95, target .92": (FAITH, Fraction(92, 100)),
    "faithfulness .95, target .90": (FAITH, Fraction(90, 100)),
    "faithfulness .98, target .98": (SHAPES["faith96"], Fraction(98, 100)),
    "pairs, 6 % differ, margin .03, truth -.03": (_pair("0.03", "-0.03"), (1 - Fraction("0.03")) / 2),
    "pairs, 6 % differ, margin .03, truth 0": (_pair("0.03", "0"), (1 - Fraction("0.03")) / 2),
}
GROUPED = [(layout, icc) for layout in ("5 each", "geometric, mean 6.7") for icc in (0.3, 0.7)]


def cells(*, quick: bool) -> list[Cell]:
    few = 40 if quick else 1
    rows = [
        Cell(key=f"F/{t}/{p}/{n}", work=row, settings={"target": t, "truth": p, "horizon": n})
        for t, p, n in ROWS
        if not (quick and (n > 1000 or t in ("0.8", "0.98")))
    ]
    rows.append(
        Cell(
            key="F-curve/0.95",
            work=curve,
            settings={"target": "0.95", "horizon": 1000, "truths": CURVE[:: 5 if quick else 1]},
        )
    )
    rows += [Cell(key=f"F-sprt/{p}", work=sprt_row, settings={"truth": p}) for p in SPRT]
    rows += [
        Cell(key=f"F-bounded/{name}", work=bounded, rounds=4000 // few, settings={"name": name}) for name in BOUNDED
    ]
    return rows + [
        Cell(key=f"F-groups/{layout}/{icc}", work=grouped, rounds=4000 // few, settings={"layout": layout, "icc": icc})
        for layout, icc in GROUPED
    ]


@dataclass(frozen=True)
class Boundaries:
    """After n queries, n = 0, 1, ...: the fewest good that pass (more than n: none) and the most that fail (-1: none)."""

    passing: tuple[int, ...]
    failing: tuple[int, ...]


@dataclass(frozen=True)
class Walk:
    passed: float
    failed: float
    mean_n: float
    median_n: int


def walk(rule: Boundaries, truth: float) -> Walk:
    """Exact probabilities of the first crossing; a run that does not cross uses all queries."""
    horizon = len(rule.passing) - 1
    still, passed, failed, stopped = np.array([1.0]), 0.0, 0.0, np.zeros(horizon + 1)
    for n in range(1, horizon + 1):
        grown = np.zeros(n + 1)
        grown[:-1] += still * (1 - truth)
        grown[1:] += still * truth
        up, down = grown[rule.passing[n] :].sum(), grown[: rule.failing[n] + 1].sum()
        passed, failed, stopped[n] = passed + up, failed + down, up + down
        grown[rule.passing[n] :] = 0.0
        grown[: rule.failing[n] + 1] = 0.0
        still = grown
    stopped[horizon] += still.sum()
    used = np.arange(horizon + 1)
    return Walk(float(passed), float(failed), float(stopped @ used), int(np.searchsorted(np.cumsum(stopped), 0.5)))


def along(horizon: int, decide: Callable[[int, int], tuple[bool, bool]]) -> Boundaries:
    """The boundaries of a rule that never asks for less when more queries were seen: each is at most one step further."""
    passing, failing = [1], [-1]
    for n in range(1, horizon + 1):
        first, last = passing[-1], failing[-1]
        while first <= n and not decide(first, n)[0]:
            first += 1
        while last + 1 <= n and decide(last + 1, n)[1]:
            last += 1
        passing.append(first)
        failing.append(last)
    return Boundaries(tuple(passing), tuple(failing))


@cache
def rule(method: str, target: Fraction, horizon: int) -> Boundaries:
    match method:
        case "beta":
            return along(horizon, lambda s, n: _crossed(BetaMixture(target=target, good=s, bad=n - s), ALPHA))
        case "bet":
            return along(horizon, lambda s, n: _crossed(_bets(s, n, target), ALPHA))
        case "hybrid":
            half = along(horizon, lambda s, n: _crossed(BetaMixture(target=target, good=s, bad=n - s), ALPHA / 2))
            return _with_looks(half, target, {horizon}, alpha=ALPHA / 2)
        case "five looks":
            return _with_looks(_never(horizon), target, {horizon * k // 5 for k in range(1, 6)}, alpha=ALPHA / 5)
        case "peek":
            return _with_looks(_never(horizon), target, set(range(25, horizon + 1, 25)), alpha=ALPHA)
        case "fixed":
            return _with_looks(_never(horizon), target, {horizon}, alpha=ALPHA)
    raise ValueError(method)


def _crossed(process: sequential.Process, alpha: Fraction) -> tuple[bool, bool]:
    now = log_evidence(process)
    missed, met = (passes(anytime_p(log_e), alpha=alpha) for log_e in (now.against_missed, now.against_met))
    return missed, met


def _bets(good: int, n: int, target: Fraction) -> BetMixture:
    one, zero = _steps(target)
    return BetMixture(target=target, log_wealth=good * one + (n - good) * zero)


@cache
def _steps(target: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """What the library's own update adds for a 1, and for a 0."""
    start = sequential.start_bets(target)
    return tuple(sequential.update(start, value).log_wealth for value in (1.0, 0.0))  # type: ignore[union-attr]


def _never(horizon: int) -> Boundaries:
    return Boundaries(tuple(n + 1 for n in range(horizon + 1)), (-1,) * (horizon + 1))


def _with_looks(start: Boundaries, target: Fraction, looks: set[int], *, alpha: Fraction) -> Boundaries:
    """`start`, and Clopper-Pearson at `alpha` after each number of queries in `looks`."""
    passing, failing = list(start.passing), list(start.failing)
    for n in looks:
        bad = most_bad(n, target=target, alpha=alpha)
        passing[n] = min(passing[n], n + 1 if bad is None else n - bad)
        last = failing[n]
        while fails(p_fail(of_counts(last + 1, n - last - 1, units=n), target=target), alpha=alpha):
            last += 1
        failing[n] = last
    return Boundaries(tuple(passing), tuple(failing))


def row(_rng: Rng, _rounds: int, *, target: str, truth: str, horizon: int) -> Figures:
    found: Figures = {}
    for method in METHODS:
        seen = walk(rule(method, Fraction(target), horizon), float(Fraction(truth)))
        found |= {
            f"{method}.pass": exact(seen.passed),
            f"{method}.fail": exact(seen.failed),
            f"{method}.mean": exact(seen.mean_n),
            f"{method}.median": exact(seen.median_n),
        }
    return found


def curve(_rng: Rng, _rounds: int, *, target: str, horizon: int, truths: list[str]) -> Figures:
    """Mean number of queries used, and the power, by truth."""
    found: Figures = {}
    for truth in truths:
        for method in ("beta", "hybrid"):
            seen = walk(rule(method, Fraction(target), horizon), float(Fraction(truth)))
            found |= {
                f"{method} {truth}.mean": exact(seen.mean_n),
                f"{method} {truth}.decided": exact(seen.passed + seen.failed),
            }
        fixed = walk(rule("fixed", Fraction(target), horizon), float(Fraction(truth)))
        found[f"fixed {truth}.decided"] = exact(fixed.passed + fixed.failed)
    return found


def sprt_row(_rng: Rng, _rounds: int, *, truth: str) -> Figures:
    """.98 is to be told from .95, at risks of .05 and .10; an answer is forced, so 3,000 queries are as good as no end."""
    plan = sprt.Sprt(passing=Fraction(98, 100), failing=Fraction(95, 100), alpha=ALPHA, beta=Fraction(1, 10))
    lines, horizon = sprt.lines(plan), 3000
    passing = tuple(n - math.floor(lines.slope * n - lines.pass_gap + 1e-12) for n in range(horizon + 1))
    failing = tuple(n - max(0, math.ceil(lines.slope * n + lines.fail_gap - 1e-12)) for n in range(horizon + 1))
    for n in range(1, 400, 7):
        for good in {passing[n] - 1, passing[n], failing[n], failing[n] + 1} & set(range(n + 1)):
            shown = sprt.decide(plan, good=good, bad=n - good)
            assert shown is (True if good >= passing[n] else False if good <= failing[n] else None)
    seen = walk(Boundaries(tuple(min(s, n + 1) for n, s in enumerate(passing)), failing), float(Fraction(truth)))
    return {"sprt.pass": exact(seen.passed), "sprt.fail": exact(seen.failed), "sprt.mean": exact(seen.mean_n)}


def bounded(rng: Rng, rounds: int, *, name: str, horizon: int = 1000) -> Figures:
    """Scores in [0, 1] and paired differences: the bet mixture, alone and with a look at the horizon."""
    shape, target = BOUNDED[name]
    gains = bets.log_gains(shape.floats, target)
    gate, results = Gate(target, alpha=ALPHA / 2), {"bet": [], "hybrid": []}
    for _ in range(0, rounds, 50):
        places = rng.choice(shape.floats.size, size=(min(50, rounds), horizon), p=shape.chances / shape.chances.sum())
        evidence = [_paths(side[:, places]) for side in gains]
        if not results["bet"]:
            _check_path(shape.floats[places[0, :200]], target, [side[0, :200] for side in evidence])
        for i, path in enumerate(places):
            up, down = (side[i] for side in evidence)
            results["bet"].append(_first(up, down, alpha=ALPHA))
            passed, failed, used = _first(up, down, alpha=ALPHA / 2)
            if not (passed or failed):
                passed, failed = gate(tally_of(shape.floats, np.bincount(path, minlength=shape.floats.size)))
            results["hybrid"].append((passed, failed, used))
    return _stopping(results)


def _paths(gains: np.ndarray) -> np.ndarray:
    """The log evidence of each run after each query, from the gains of bets x runs x queries."""
    return bets.log_mean(np.cumsum(gains, axis=-1))


def _first(up: np.ndarray, down: np.ndarray, *, alpha: Fraction) -> tuple[bool, bool, int]:
    """(PASS, FAIL, queries used): whichever side crosses first stands."""
    goal = -math.log(alpha) - 1e-12
    crossed = (up >= goal) | (down >= goal)
    if not crossed.any():
        return False, False, up.size
    at = int(np.argmax(crossed))
    return bool(up[at] >= goal), bool(down[at] >= goal), at + 1


def _stopping(results: dict[str, list[tuple[bool, bool, int]]]) -> Figures:
    found: Figures = {}
    for method, runs in results.items():
        array = np.array(runs, dtype=float)
        found |= {
            f"{method}.pass": share(array[:, 0]),
            f"{method}.fail": share(array[:, 1]),
            f"{method}.mean": average(array[:, 2]),
        }
    return found


def _check_path(
    values: np.ndarray, target: Fraction, evidence: list[np.ndarray], sizes_: np.ndarray | None = None
) -> None:
    """The library, fed one unit after the other, comes to the same evidence."""
    process = sequential.start_bets(target)
    for i, value in enumerate(values):
        process = sequential.update(process, float(value), size=1.0 if sizes_ is None else float(sizes_[i]))
        now = log_evidence(process)
        assert abs(now.against_missed - evidence[0][i]) < 1e-8
        assert abs(now.against_met - evidence[1][i]) < 1e-8


def grouped(rng: Rng, rounds: int, *, layout: str, icc: float, groups: int = 200) -> Figures:
    """Queries in groups, truth .95 = target: an update a query (wrong), and a padded update a group."""
    target, results = Fraction(95, 100), {"a query": [], "a group": []}
    p = float(target)
    for i in range(rounds):
        each = sizes(layout, groups, rng)
        own = rng.beta(p * (1 - icc) / icc, (1 - p) * (1 - icc) / icc, groups)
        good = rng.binomial(each, own)
        padded = each / each.max()
        by_group = [_paths(side[:, None, :])[0] for side in bets.log_gains(good / each, target, sizes=padded)]
        if i < 3:
            _check_path(good[:60] / each[:60], target, [side[:60] for side in by_group], padded[:60])
        results["a group"].append(_first(*by_group, alpha=ALPHA))
        order = np.concatenate([rng.permutation(np.arange(size) < s) for size, s in zip(each, good, strict=True)])
        by_query = [
            _paths(side[:, None, order.astype(int)])[0] for side in bets.log_gains(np.array([0.0, 1.0]), target)
        ]
        results["a query"].append(_first(*by_query, alpha=ALPHA))
    return _stopping(results)


def tables(measured: Measured) -> dict[str, str]:
    return {
        "F": _rows(measured, [row for row in ROWS if row[0] == row[1]], measured.errors),
        "F-power": _rows(measured, [row for row in ROWS if row[0] != row[1]], _power_of(measured)),
        "F-sprt": _sprt(measured),
        "F-bounded": _bounded(measured),
        "F-groups": _groups(measured),
    }


def _rows(measured: Measured, wanted: list[tuple[str, str, int]], shown: Callable[[str, str], str]) -> str:
    rows = [
        [percent(t), percent(p), f"{n:,}", *(shown(f"F/{t}/{p}/{n}", m) for m in METHODS)]
        for t, p, n in wanted
        if measured.has(f"F/{t}/{p}/{n}")
    ]
    return table(("target", "truth", "at most", *NAMES), rows)


def _power_of(measured: Measured) -> Callable[[str, str], str]:
    def shown(key: str, method: str) -> str:
        return f"{measured.both(key, method)}, {measured.whole(key, f'{method}.mean')}"

    return shown


def _sprt(measured: Measured) -> str:
    rows = [
        [percent(p), measured.both(f"F-sprt/{p}", "sprt"), measured.whole(f"F-sprt/{p}", "sprt.mean")] for p in SPRT
    ]
    return table(("truth", "PASS / FAIL", "mean queries"), rows)


def _bounded(measured: Measured) -> str:
    rows = []
    for name in BOUNDED:
        key = f"F-bounded/{name}"
        on_target = name.endswith((".95, target .95", ".98, target .98", "truth -.03"))
        shown = measured.errors if on_target else measured.both
        cells_ = [f"{shown(key, m)}, {measured.whole(key, f'{m}.mean')}" for m in ("bet", "hybrid")]
        rows.append([name, *cells_, measured.noise(key)])
    return table(("data", "bet mixture", "bet mixture and horizon", "s.e."), rows)


def _groups(measured: Measured) -> str:
    rows = []
    for layout, icc in GROUPED:
        key = f"F-groups/{layout}/{icc}"
        rows.append(
            [layout, decimals(icc, 1), *(measured.errors(key, m) for m in ("a query", "a group")), measured.noise(key)]
        )
    return table(("queries a group", "correlation", "an update a query", "an update a group", "s.e."), rows)
