"""Tables T: what goes wrong when the rules of the gate are bent."""

from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage.cells import ALPHA, FLOOR, Cell, Figures, Gate, Rng, binomial, errors, exact, share
from benchmarks.coverage.data import clustered_events
from benchmarks.coverage.document import Measured, table
from benchmarks.coverage.proportions import edges, percent
from evalslo.stats.clusters import clustered
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.tally import scaled

ROUNDS_OF_MORE = (0, 1, 2, 5, 10)
TOP_UP = [("0.95", 100), ("0.95", 200), ("0.9", 100)]
CAP = [(26, "5 each", 0.9), (26, "5 each", 0.5), (58, "3 repeats", 0.95), (40, "3 repeats", 0.95)]
COVER = [(truth, n) for truth in ("0.93", "0.94", "0.949") for n in (200, 500, 1000)]


def cells(*, quick: bool) -> list[Cell]:
    rounds = 400 if quick else 8000
    rows = [
        Cell(key=f"T-top-up/{t}/{n}", work=top_up, rounds=rounds, settings={"target": t, "n": n}) for t, n in TOP_UP
    ]
    rows += [Cell(key=f"T-coverage/{p}/{n}", work=coverage, settings={"n": n, "truth": p}) for p, n in COVER]
    return rows + [
        Cell(
            key=f"T-cap/{g}/{layout}/{icc}",
            work=cap,
            rounds=rounds // 2,
            settings={"groups": g, "layout": layout, "icc": icc},
        )
        for g, layout, icc in CAP
    ]


def top_up(rng: Rng, rounds: int, *, target: str, n: int) -> Figures:
    """False PASS when an undecided run gets `needed` further queries and is gated on all, again and again."""
    goal = Fraction(target)
    passed = np.zeros((rounds, len(ROUNDS_OF_MORE)), dtype=bool)
    for i in range(rounds):
        good, seen = int(rng.binomial(n, float(goal))), n
        for looks in range(max(ROUNDS_OF_MORE) + 1):
            shown, needed = look(good, seen, goal)
            if shown is not None:
                passed[i, [looks <= many for many in ROUNDS_OF_MORE]] = shown
                break
            if needed is None:
                break
            good, seen = good + int(rng.binomial(needed, float(goal))), seen + needed
    return {f"after {many}.pass": share(passed[:, j]) for j, many in enumerate(ROUNDS_OF_MORE)}


@cache
def look(good: int, n: int, target: Fraction) -> tuple[bool | None, int | None]:
    """PASS is true, FAIL false, INCONCLUSIVE none; with how many further queries the scorecard would name as `needed`."""
    found = clopper_pearson(good, n, target=target, alpha=ALPHA)
    if found.needed_units is None and found.p_pass is not None and found.p_fail is not None:
        if found.p_pass <= float(ALPHA):
            return True, None
        if found.p_fail < float(ALPHA):
            return False, None
    return None, found.needed_units


def cap(rng: Rng, rounds: int, *, groups: int, layout: str, icc: float) -> Figures:
    """Few units that nearly always come out all good: the floor alone, and with the cap by as many perfect queries."""
    gate, shown = Gate(Fraction(95, 100)), {"floor alone": [], "floor and cap": []}
    for _ in range(rounds):
        values, codes = clustered_events(rng, p=0.95, kind="beta", icc=icc, layout=layout, groups=groups)
        tally = clustered(values, codes, alpha=ALPHA, icc_floor=FLOOR)
        shown["floor and cap"].append(gate(tally))
        shown["floor alone"].append(gate(scaled(tally, 1.0, units=10**9)))
    return errors("floor alone", shown["floor alone"]) | errors("floor and cap", shown["floor and cap"])


def coverage(_rng: Rng, _rounds: int, *, n: int, truth: str) -> Figures:
    """Target .95, and a scorer that gives up on bad answers only, so that .049 of all answers are bad and unmeasured.

    How often there is a PASS by the measured events alone; with at least .95 of the events measured, too; and with the rule,
    too, that the estimate with every unmeasured event counted as bad meets the target; and in strict, where the bound does.
    """
    target, hidden, floor = Fraction(95, 100), 0.049, Fraction(95, 100)
    alone = covered = ruled = strict = 0.0
    least, _ = edges("clopper-pearson", n, target)
    for unmeasured, chance in enumerate(binomial(n, hidden)):
        measured = n - unmeasured
        if measured < 2 or chance < 1e-15:
            continue
        first, _ = edges("clopper-pearson", measured, target)
        good = binomial(measured, min(float(Fraction(truth)) / (1 - hidden), 1.0))
        alone += chance * good[first:].sum()
        if measured >= floor * n:
            covered += chance * good[first:].sum()
            ruled += chance * good[max(first, n - most_bad_overall(n, target)) :].sum()
            strict += chance * good[least:].sum()
    found = {"alone": alone, "covered": covered, "ruled": ruled, "strict": strict}
    return {f"{rule}.pass": exact(chance) for rule, chance in found.items()}


def most_bad_overall(n: int, target: Fraction) -> int:
    """The most events that may be bad or unmeasured while the share of the others meets the target."""
    return int((1 - target) * n)


def tables(measured: Measured) -> dict[str, str]:
    rows = []
    for t, n in TOP_UP:
        key = f"T-top-up/{t}/{n}"
        shown = (measured.error(key, f"after {many}.pass") for many in ROUNDS_OF_MORE)
        rows.append([percent(t), str(n), *shown, measured.noise(key)])
    rules = ("alone", "covered", "ruled", "strict")
    cover = [
        [percent(p), f"{n:,}", *(measured.error(f"T-coverage/{p}/{n}", f"{rule}.pass") for rule in rules)]
        for p, n in COVER
    ]
    capped = []
    for g, layout, icc in CAP:
        key = f"T-cap/{g}/{layout}/{icc}"
        shown = (measured.errors(key, m) for m in ("floor alone", "floor and cap"))
        capped.append([str(g), layout, str(icc), *shown, measured.noise(key)])
    heads = [f"after {many} round{'' if many == 1 else 's'}" for many in ROUNDS_OF_MORE]
    return {
        "T-top-up": table(("truth = target", "n at first", *heads, "s.e."), rows),
        "T-cap": table(("units", "each has", "correlation", "floor .3 alone", "floor .3 and cap", "s.e."), capped),
        "T-coverage": table(
            ("truth", "n", "measured events alone", "and coverage of .95", "and unmeasured counted bad", "strict"),
            cover,
        ),
    }
