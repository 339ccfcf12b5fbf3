"""Tables A: shares of good events. Everything here is enumerated, nothing drawn."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage.cells import ALPHA, Cell, Figures, Rng, binomial, exact
from benchmarks.coverage.document import Measured, table
from benchmarks.coverage.naive import Z95, wald
from evalslo.stats.bound import Bound, fails, passes
from evalslo.stats.exact import clopper_pearson, most_bad
from evalslo.stats.proportions import beta_prior, jeffreys, mid_p, wilson
from evalslo.stats.quantiles import quantile_interval
from evalslo.stats.tally import of_counts, p_fail

METHODS = ("clopper-pearson", "wilson", "jeffreys", "mid-p", "beta-prior", "wald")
OPTIONS: dict[str, Callable[..., Bound]] = {
    "wilson": wilson,
    "jeffreys": jeffreys,
    "mid-p": mid_p,
    "beta-prior": beta_prior,
}
ROWS = [
    *((t, n) for t in ("0.99", "0.98", "0.95", "0.9", "0.8") for n in (50, 100, 200, 500, 1000)),
]
POWER = [("0.95", "0.98", n) for n in (100, 200, 300, 500)] + [("0.9", "0.95", n) for n in (100, 200)]
POWER += [("0.98", "0.995", n) for n in (200, 300, 500)]
CURVE_SIZES = (100, 200)
CURVE_TARGETS = tuple(f"{k / 1000:g}" for k in range(800, 996, 3))
GRID_SIZES = (50, 75, 100, 150, 200, 300, 500, 1000)
FIRST, LAST = Fraction(1, 2), Fraction(998, 1000)  # the truths that the worst case is looked for among
QUANTILES = tuple(Fraction(k, 1000) for k in (10, 50, 100, 250, 500, 750, 900, 950, 980, 990, 995, 999))


def cells(*, quick: bool) -> list[Cell]:
    rows = [Cell(key=f"A/{t}/{n}", work=row, settings={"n": n, "target": t, "truth": t}) for t, n in ROWS]
    rows += [
        Cell(key=f"A-power/{t}/{p}/{n}", work=row, settings={"n": n, "target": t, "truth": p}) for t, p, n in POWER
    ]
    few = GRID_SIZES[:2] if quick else GRID_SIZES
    rows += [Cell(key=f"A-worst/{m}", work=worst, settings={"method": m, "sizes": few}) for m in METHODS]
    most = 20 if quick else 300
    rows.append(
        Cell(
            key="A-size/clopper-pearson",
            work=share_size,
            settings={"sizes": [*range(2, most), *([] if quick else [500, 1000])]},
        )
    )
    rows += [Cell(key=f"A-curve/{n}", work=curve, settings={"n": n, "targets": CURVE_TARGETS}) for n in CURVE_SIZES]
    sizes = [*range(2, 20), 59] if quick else [*range(2, 150), 200, 299, 300, 500, 1000]
    rows.append(Cell(key="A-size/quantile", work=quantile_size, settings={"sizes": sizes}))
    return rows


def row(_rng: Rng, _rounds: int, *, n: int, target: str, truth: str) -> Figures:
    """How often each method shows PASS and FAIL."""
    chance, found = binomial(n, Fraction(truth)), {}
    for method in METHODS:
        passing, failing = verdicts(method, n, Fraction(target))
        found |= {f"{method}.pass": exact(chance[passing].sum()), f"{method}.fail": exact(chance[failing].sum())}
    return found


def verdicts(method: str, n: int, target: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Which counts of good events 0, ..., n show PASS, and which FAIL."""
    good = np.arange(n + 1)
    if method == "wald":
        return wald(good.astype(float), n, target=target)
    first, last = edges(method, n, target)
    return good >= first, good <= last


@cache
def edges(method: str, n: int, target: Fraction) -> tuple[int, int]:
    """The fewest good that pass (n + 1: none does) and the most that fail (-1: none does)."""
    if method == "clopper-pearson":
        bad = most_bad(n, target=target, alpha=ALPHA)
        return n + 1 if bad is None else n - bad, search(0, n + 1, lambda s: not _share_fails(s, n, target)) - 1

    def bound(good: int) -> Bound:
        return OPTIONS[method](good, n, target=target, alpha=ALPHA)

    first = search(0, n + 1, lambda s: passes(bound(s).p_pass, alpha=ALPHA))
    return first, search(0, n + 1, lambda s: not fails(bound(s).p_fail, alpha=ALPHA)) - 1


def _share_fails(good: int, n: int, target: Fraction) -> bool:
    return fails(p_fail(of_counts(good, n - good, units=n), target=target), alpha=ALPHA)


def search(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first of low, ..., high - 1 from which on `holds` is true; `high` where there is none."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def worst(_rng: Rng, _rounds: int, *, method: str, sizes: tuple[int, ...]) -> Figures:
    """The largest errors over all truths from .5 to .998, as a supremum and not over a grid.

    Between the targets where one more count of good events passes, the error rises with the target: it is largest where the
    target is a count's lower bound, and at the end of the range. So for false FAILs and the upper bounds.
    """
    from scipy.special import betainc

    found = np.zeros(2)
    for n in sizes:
        for target in (FIRST, LAST):
            passing, failing = verdicts(method, n, target)
            chance = binomial(n, target)
            found = np.maximum(found, (chance[passing].sum(), chance[failing].sum()))
        for good in range(n + 1):
            low, high = limits(method, good, n)
            as_many = betainc(good, n - good + 1, low) if good and FIRST <= low <= LAST else 0.0
            as_few = betainc(n - good, good + 1, 1 - high) if good < n and FIRST <= high <= LAST else 0.0
            found = np.maximum(found, (as_many, as_few))
    return {f"{method}.pass": exact(found[0]), f"{method}.fail": exact(found[1])}


def limits(method: str, good: int, n: int) -> tuple[float, float]:
    """The lower and the upper bound of a count."""
    if method == "wald":
        share = good / n
        reach = Z95 * (share * (1 - share) / n) ** 0.5
        return share - reach, share + reach
    bound = clopper_pearson if method == "clopper-pearson" else OPTIONS[method]
    found = bound(good, n, target=FIRST, alpha=ALPHA)
    return found.lower or 0.0, 1.0 if found.upper is None else found.upper


def curve(_rng: Rng, _rounds: int, *, n: int, targets: tuple[str, ...]) -> Figures:
    """The false PASS of each method by target."""
    found: Figures = {}
    for target in targets:
        chance = binomial(n, Fraction(target))
        for method in METHODS:
            passing, _ = verdicts(method, n, Fraction(target))
            found[f"{method} {target}.pass"] = exact(chance[passing].sum())
    return found


def share_size(_rng: Rng, _rounds: int, *, sizes: list[int]) -> Figures:
    """The largest errors of the shipped bound over every size in `sizes` and 99 targets from .5 to .999."""
    targets = [Fraction(k, 100) for k in range(50, 99)] + [Fraction(k, 1000) for k in range(950, 1000)]
    found, cases = np.zeros(2), 0
    for n in sizes:
        for target in targets:
            chance = binomial(n, target)
            first, last = edges("clopper-pearson", n, target)
            _check_edges(first, last, n, target)
            found = np.maximum(found, (chance[first:].sum(), chance[: last + 1].sum()))
            cases += 1
    return {"worst.pass": exact(found[0]), "worst.fail": exact(found[1]), "cases": exact(cases)}


def _check_edges(first: int, last: int, n: int, target: Fraction) -> None:
    """At the edges the public function decides as the enumeration says, on a sample of the grid."""
    if (n * target.numerator) % 37:
        return
    for good in {first, first - 1, last, last + 1} & set(range(n + 1)):
        found = clopper_pearson(good, n, target=target, alpha=ALPHA)
        decided = passes(found.p_pass, alpha=ALPHA), fails(found.p_fail, alpha=ALPHA)
        assert decided == (good >= first, good <= last)


def quantile_size(_rng: Rng, _rounds: int, *, sizes: list[int]) -> Figures:
    """The largest errors of the interval of a quantile of continuous values, by the ranks that it takes for bounds.

    "The q quantile is at most T" passes from the r-th value on: falsely if r values or more lie below the true quantile.
    It fails below the s-th: falsely if s - 1 or fewer do.
    """
    found, cases = np.zeros(2), 0
    for n in sizes:
        for q in QUANTILES:
            _, low, high = quantile_interval(np.arange(1, n + 1), None, q=q, alpha=ALPHA, icc_floor=Fraction(0))
            below = binomial(n, q)
            passing = 0.0 if high is None else below[int(high) :].sum()
            failing = 0.0 if low is None else below[: int(low)].sum()
            found = np.maximum(found, (passing, failing))
            cases += 1
    return {"worst.pass": exact(found[0]), "worst.fail": exact(found[1]), "cases": exact(cases)}


def tables(measured: Measured) -> dict[str, str]:
    names = ("Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Beta(1, 1)", "Wald")
    rows = [[percent(t), f"{n:,}", *(measured.errors(f"A/{t}/{n}", m) for m in METHODS)] for t, n in ROWS]
    rows.append(["worst", "50 to 1,000", *(measured.errors(f"A-worst/{m}", m) for m in METHODS)])
    power = [
        [percent(t), percent(p), str(n), *(measured.plain(f"A-power/{t}/{p}/{n}", f"{m}.pass") for m in METHODS)]
        for t, p, n in POWER
    ]
    size = [
        [what, measured.whole(key, "cases"), measured.plain(key, "worst.pass", 6), measured.plain(key, "worst.fail", 6)]
        for what, key in (("share", "A-size/clopper-pearson"), ("quantile", "A-size/quantile"))
    ]
    return {
        "A": table(("target", "n", *names), rows),
        "A-power": table(("target", "truth", "n", *names), power),
        "A-size": table(("bound", "cases", "worst false PASS", "worst false FAIL"), size),
    }


def percent(share: str | Fraction) -> str:
    return f"{float(Fraction(share)) * 100:g} %"
