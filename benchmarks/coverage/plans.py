"""Tables G and H: how many queries, and several objectives at once. Nothing is drawn."""

from fractions import Fraction

from benchmarks.coverage.cells import ALPHA, Cell, Figures, Rng, binomial, exact
from benchmarks.coverage.document import Measured, table
from benchmarks.coverage.proportions import edges, percent, search
from evalslo.stats.bound import fails
from evalslo.stats.exact import fewest_for_pass, most_bad, pass_probability
from evalslo.stats.planning import planned_effect, sample_size
from evalslo.stats.tally import of_counts, p_fail

FEWEST = ("0.5", "0.75", "0.8", "0.9", "0.95", "0.98", "0.99", "0.999")
SIZES = [
    ("0.8", "0.85"),
    ("0.8", "0.9"),
    ("0.9", "0.95"),
    ("0.9", "0.97"),
    ("0.95", "0.97"),
    ("0.95", "0.98"),
    ("0.95", "0.99"),
    ("0.98", "0.99"),
    ("0.98", "0.995"),
]
REPEATS = (1, 2, 3, 5, 10, 20)
SEVERAL = (1, 3, 5, 8)


def cells(*, quick: bool) -> list[Cell]:
    most = 120 if quick else 1000
    return [
        *(Cell(key=f"G/{t}", work=fewest, settings={"target": t}) for t in FEWEST),
        *(Cell(key=f"G-power/{t}/{p}", work=size, settings={"target": t, "truth": p}) for t, p in SIZES),
        Cell(key="G-repeats/100", work=repeats, settings={"queries": 100, "icc": 0.3}),
        Cell(key="G-curve/0.95/0.98", work=power_curve, settings={"target": "0.95", "truth": "0.98", "most": most}),
        *(Cell(key=f"G-several/{k}", work=several, settings={"k": k}) for k in SEVERAL),
    ]


def fewest(_rng: Rng, _rounds: int, *, target: str) -> Figures:
    """The fewest queries that pass with 0, ..., 5 bad ones."""
    goal, found = Fraction(target), {}
    n = fewest_for_pass(goal, ALPHA) or 0
    for bad in range(6):
        n = search(n, 20 * n + 20, lambda size, bad=bad: (most_bad(size, target=goal, alpha=ALPHA) or 0) >= bad)
        found[f"{bad} bad"] = exact(n)
    return found


def size(_rng: Rng, _rounds: int, *, target: str, truth: str) -> Figures:
    """The first n with the power, the bad ones that it allows, and the n from which on the power is never lost."""
    found: Figures = {}
    for tenths in (8, 9):
        plan = sample_size(Fraction(target), Fraction(truth), power=Fraction(tenths, 10), alpha=ALPHA)
        if plan is None or plan.most_bad is None:
            continue
        found |= {
            f".{tenths}.n": exact(plan.n),
            f".{tenths}.bad": exact(plan.most_bad),
            f".{tenths}.lasting": exact(plan.n_from_on),
        }
    return found


def repeats(_rng: Rng, _rounds: int, *, queries: int, icc: float) -> Figures:
    """How many independent events the queries with k calls each are worth."""
    return {f"{k}": exact(queries * k / planned_effect(k, icc=icc, icc_floor=Fraction(0))) for k in REPEATS}


def power_curve(_rng: Rng, _rounds: int, *, target: str, truth: str, most: int) -> Figures:
    goal = Fraction(target)
    return {
        f"{n}": exact(pass_probability(n, truth=float(Fraction(truth)), target=goal, alpha=ALPHA))
        for n in range(20, most)
    }


def several(_rng: Rng, _rounds: int, *, k: int, n: int = 500) -> Figures:
    """k independent objectives of 500 queries each, target .95.

    Holm fails some objective exactly if the smallest p-value is below alpha / k: the first step of its ladder.
    """
    target = Fraction(95, 100)
    first, last = edges("clopper-pearson", n, target)
    at, better, surely = binomial(n, target), binomial(n, Fraction(98, 100)), binomial(n, Fraction(999, 1000))
    alone = at[first:].sum()
    strict = _last_below(n, target, ALPHA / k)
    return {
        "one at its target.pass": exact(alone * surely[first:].sum() ** (k - 1)),
        "all at their targets.pass": exact(alone**k),
        "all at .98.pass": exact(better[first:].sum() ** k),
        "uncorrected.fail": exact(1 - (1 - at[: last + 1].sum()) ** k),
        "Holm.fail": exact(1 - (1 - at[: strict + 1].sum()) ** k),
    }


def _last_below(n: int, target: Fraction, alpha: Fraction) -> int:
    return search(0, n + 1, lambda s: not fails(p_fail(of_counts(s, n - s, units=n), target=target), alpha=alpha)) - 1


def tables(measured: Measured) -> dict[str, str]:
    least = [[percent(t), *(measured.whole(f"G/{t}", f"{bad} bad") for bad in range(6))] for t in FEWEST]
    sizes = []
    for t, p in SIZES:
        key = f"G-power/{t}/{p}"
        shown = (_sized(measured, key, power) for power in (".8", ".9"))
        sizes.append([percent(t), percent(p), *shown])
    rows = []
    for k in SEVERAL:
        key = f"G-several/{k}"
        names = ("one at its target.pass", "all at their targets.pass", "all at .98.pass")
        rows.append(
            [
                str(k),
                *(measured.plain(key, name, 4) for name in names),
                *(measured.error(key, f"{m}.fail") for m in ("uncorrected", "Holm")),
            ]
        )
    worth = [["100", *(measured.whole("G-repeats/100", f"{k}") for k in REPEATS)]]
    head = (
        "objectives",
        "one at its target passes",
        "all at their targets pass",
        "all at .98 pass",
        "a false FAIL, uncorrected",
        "with Holm",
    )
    return {
        "G": table(("target", *(f"{bad} bad" for bad in range(6))), least),
        "G-power": table(("target", "truth", "passes 4 in 5: n (bad allowed)", "passes 9 in 10"), sizes),
        "G-repeats": table(("queries", *(f"{k} repeat{'' if k == 1 else 's'}" for k in REPEATS)), worth),
        "H": table(head, rows),
    }


def _sized(measured: Measured, key: str, power: str) -> str:
    n, bad, lasting = (measured.whole(key, f"{power}.{name}") for name in ("n", "bad", "lasting"))
    return f"{n} ({bad}), always from {lasting}"
