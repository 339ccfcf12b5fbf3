"""Tables I: a scorer's verdicts corrected by people's labels of some of the answers."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage.cells import ALPHA, FLOOR, Cell, Figures, Gate, Rng, Verdict, average, errors
from benchmarks.coverage.data import clustered_scores, rates, sizes
from benchmarks.coverage.document import Measured, decimals, table
from benchmarks.coverage.proportions import percent
from benchmarks.coverage.sequential import FAITH
from evalslo.errors import StatisticsError
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.clusters import clustered
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke
from evalslo.stats.mover import mover_limits
from evalslo.stats.poststratified import post_stratified, post_stratified_p
from evalslo.stats.ppi import ppi, ppi_plus_plus
from evalslo.stats.rectified import rectified_mean
from evalslo.stats.rogan_gladen import rogan_gladen
from evalslo.stats.tally import Tally, lower, mean, of_counts, of_values, upper

ANSWERS = 1000


@dataclass(frozen=True)
class Judge:
    """How often a good answer is judged good, and a bad one bad."""

    sensitivity: float
    specificity: float


SETTINGS = {  # truth = target, the scorer
    "p95": ("0.95", Judge(0.97, 0.80)),
    "lenient": ("0.95", Judge(1.0, 0.70)),
    "p98": ("0.98", Judge(0.99, 0.90)),
    "p90": ("0.9", Judge(0.90, 0.60)),
}
ROWS = [(name, n) for name in SETTINGS for n in (50, 100, 200, 500)]
SHIFTS = {  # truth = target of the run, share good among the labelled, scorer when labelled, scorer now
    "old labels": ("0.85", 0.95, Judge(0.97, 0.80), Judge(0.97, 0.80)),
    "worse labels": ("0.95", 0.85, Judge(0.97, 0.80), Judge(0.97, 0.80)),
    "scorer changed": ("0.9", 0.90, Judge(0.95, 0.80), Judge(0.99, 0.80)),
}
SHIFTED = [(name, n) for name in SHIFTS for n in (100, 300)]
SCORES = (50, 100, 200)
GROUPED = [
    (kind, layout, n) for kind in ("0 or 1", "faithfulness") for layout in ("5 each", "3 repeats") for n in (100, 200)
]
METHODS = ("judge alone", "labels alone", "PPI", "PPI++", "Rogan-Gladen", "post-stratified")
MISSES, INVENTS = 0.1912, 0.02  # so the scorer's faithfulness is .006 too high on average


def cells(*, quick: bool) -> list[Cell]:
    few = 100 if quick else 1
    rows = [Cell(key=f"I/{s}/{n}", work=row, rounds=1000 // few, settings={"name": s, "n": n}) for s, n in ROWS]
    rows += [
        Cell(key=f"I-shift/{s}/{n}", work=shifted, rounds=1000 // few, settings={"name": s, "n": n}) for s, n in SHIFTED
    ]
    rows += [Cell(key=f"I-scores/{n}", work=scores, rounds=1000 // few, settings={"n": n}) for n in SCORES]
    return rows + [
        Cell(
            key=f"I-groups/{kind}/{layout}/{n}",
            work=grouped,
            rounds=500 // few,
            settings={"kind": kind, "layout": layout, "n": n},
        )
        for kind, layout, n in GROUPED
    ]


@dataclass(frozen=True)
class Seen:
    """Counts by (people, scorer): good & judged good, good & judged bad, bad & judged good, bad & judged bad."""

    labelled: tuple[int, int, int, int]
    others: tuple[int, int, int, int]

    @property
    def judged_good(self) -> int:
        return self.labelled[0] + self.labelled[2] + self.others[0] + self.others[2]

    @property
    def among_good(self) -> tuple[int, int]:
        return self.labelled[0], self.labelled[2]

    @property
    def among_bad(self) -> tuple[int, int]:
        return self.labelled[1], self.labelled[3]


def _chances(good: float, judge: Judge) -> list[float]:
    return [
        good * judge.sensitivity,
        good * (1 - judge.sensitivity),
        (1 - good) * (1 - judge.specificity),
        (1 - good) * judge.specificity,
    ]


def row(rng: Rng, rounds: int, *, name: str, n: int) -> Figures:
    """Labels of a random sample of the run's own answers."""
    truth, judge = SETTINGS[name]
    target, chances = Fraction(truth), _chances(float(Fraction(truth)), judge)
    shown: dict[str, list[Verdict]] = {method: [] for method in METHODS}
    labelled = rng.multinomial(n, chances, size=rounds).tolist()
    others = rng.multinomial(ANSWERS - n, chances, size=rounds).tolist()
    samples = [Seen(tuple(a), tuple(b)) for a, b in zip(labelled, others, strict=True)]
    for seen in samples:
        for method, verdict in verdicts(seen, target, n=ANSWERS).items():
            shown[method].append(verdict)
    found: Figures = {}
    for method, seen_ in shown.items():
        found |= errors(method, seen_)
    return found | _distances(samples[: max(rounds // 25, 2)], target, labels=n)


def _distances(samples: list[Seen], target: Fraction, *, labels: int) -> Figures:
    """How far the lower bounds of the first few samples lie below the truth, on average."""
    corrected, alone = [], []
    for seen in samples:
        strata = {"among_good": seen.among_good, "among_bad": seen.among_bad}
        whole = post_stratified(seen.judged_good, ANSWERS, **strata, target=target, alpha=ALPHA)
        good = seen.labelled[0] + seen.labelled[1]
        corrected.append(float(target) - (whole.lower or 0.0))
        alone.append(float(target) - (clopper_pearson(good, labels, target=target, alpha=ALPHA).lower or 0.0))
    return {"post-stratified.distance": average(corrected), "labels alone.distance": average(alone)}


def verdicts(seen: Seen, target: Fraction, *, n: int) -> dict[str, Verdict]:
    gate = _gate(target)
    good, labels = seen.labelled[0] + seen.labelled[1], sum(seen.labelled)
    return {
        "judge alone": gate(of_counts(seen.judged_good, n - seen.judged_good, units=n)),
        "labels alone": gate(of_counts(good, labels - good, units=labels)),
        "PPI": predicted(seen, target, "PPI"),
        "PPI++": predicted(seen, target, "PPI++"),
        "Rogan-Gladen": rogan(seen.judged_good, n, seen.among_good, seen.among_bad, target),
        "post-stratified": stratified(seen.judged_good, n, seen.among_good, seen.among_bad, target),
    }


@cache
def _gate(target: Fraction) -> Gate:
    return Gate(target)


@cache
def predicted(seen: Seen, target: Fraction, method: str) -> Verdict:
    judged = np.repeat([1.0, 0.0, 1.0, 0.0], seen.labelled)
    human = np.repeat([1.0, 1.0, 0.0, 0.0], seen.labelled)
    others = np.repeat([1.0, 0.0, 1.0, 0.0], seen.others)
    call = ppi if method == "PPI" else ppi_plus_plus
    found = call(others, judged=judged, human=human, target=target, alpha=ALPHA)
    return _gate(target).decide(found.p_pass, found.p_fail)


@cache
def rogan(judged: int, n: int, among_good: tuple[int, int], among_bad: tuple[int, int], target: Fraction) -> Verdict:
    """Neither PASS nor FAIL where the labels are refused."""
    try:
        found = rogan_gladen(judged, n, among_good=among_good, among_bad=among_bad, target=target, alpha=ALPHA)
    except StatisticsError:
        return False, False
    return _gate(target).decide(found.p_pass, found.p_fail)


@cache
def stratified(
    judged: int, n: int, among_good: tuple[int, int], among_bad: tuple[int, int], target: Fraction
) -> Verdict:
    found = post_stratified_p(judged, n, among_good=among_good, among_bad=among_bad, target=target)
    return _gate(target).decide(*found)


def shifted(rng: Rng, rounds: int, *, name: str, n: int) -> Figures:
    """Labels of other answers than the run's, or of the scorer as it was; what is right for labels of this run is not here."""
    truth, labelled_good, then, now = SHIFTS[name]
    target = Fraction(truth)
    old = rng.multinomial(n, _chances(labelled_good, then), size=rounds).tolist()
    run = rng.multinomial(ANSWERS, _chances(float(target), now), size=rounds).tolist()
    shown: dict[str, list[Verdict]] = {}
    for labelled, others in zip(old, run, strict=True):
        judged = others[0] + others[2]
        strata = (labelled[0], labelled[2]), (labelled[1], labelled[3])
        seen, good = Seen(tuple(labelled), tuple(others)), labelled[0] + labelled[1]
        fits = sum(strata[1]) <= ANSWERS - judged
        each = {
            "labels alone": _gate(target)(of_counts(good, n - good, units=n)),
            "PPI": predicted(seen, target, "PPI"),
            "PPI++": predicted(seen, target, "PPI++"),
            "post-stratified": stratified(judged, ANSWERS, *strata, target) if fits else (False, False),
            "Rogan-Gladen": rogan(judged, ANSWERS, *strata, target),
        }
        for method, verdict in each.items():
            shown.setdefault(method, []).append(verdict)
    found: Figures = {}
    for method, seen_ in shown.items():
        found |= errors(method, seen_)
    return found


def scored(human: FloatArray, rng: Rng, misses: FloatArray | float = MISSES) -> FloatArray:
    """The scorer's faithfulness: it overlooks a flaw now and then, and more seldom finds one where there is none."""
    seen = np.where((human < 1) & (rng.random(human.size) < misses), 1.0, human)
    return np.where((human == 1) & (rng.random(human.size) < INVENTS), 0.8, seen)


def scores(rng: Rng, rounds: int, *, n: int) -> Figures:
    """Faithfulness of 1,000 answers, people's of a random `n` of them."""
    target = FAITH.mean
    gate, shown, far = Gate(target), {}, {"MOVER": [], "labels alone": []}
    for i in range(rounds):
        human = rng.choice(FAITH.floats, size=ANSWERS, p=FAITH.chances)
        judged = scored(human, rng)
        each = {
            "judge alone": gate(of_values(judged)),
            "labels alone": gate(of_values(human[:n])),
            **{name: _ppi(call, judged, human, n, target) for name, call in (("PPI", ppi), ("PPI++", ppi_plus_plus))},
        }
        if i < max(rounds // 2, 4):
            low, high = rectified(of_values(judged), of_values((human[:n] - judged[:n] + 1) / 2))
            each["MOVER"] = low >= float(target), high < float(target)
            if i < 2:
                _check(each["MOVER"], judged, human, n, target=target)
            if i < 40:
                alone = gaffke(human[:n], target=target, alpha=ALPHA).lower
                far["MOVER"].append(float(target) - low)
                far["labels alone"].append(float(target) - (alone or 0.0))
        for method, verdict in each.items():
            shown.setdefault(method, []).append(verdict)
    found: Figures = {f"{method}.distance": average(values) for method, values in far.items()}
    for method, seen in shown.items():
        found |= errors(method, seen)
    return found


def rectified(judged: Tally, halfway: Tally) -> tuple[float, float]:
    """The limits of `rectified_mean` from its two parts, without its p-values, which take many limits each."""
    points = [mean(judged), 2 * mean(halfway) - 1]
    lowest = [lower(judged, alpha=ALPHA), 2 * lower(halfway, alpha=ALPHA) - 1]
    highest = [upper(judged, alpha=ALPHA), 2 * upper(halfway, alpha=ALPHA) - 1]
    return mover_limits(points, list(map(min, lowest, points)), list(map(max, highest, points)))


def _ppi(call, judged: FloatArray, human: FloatArray, n: int, target: Fraction) -> Verdict:
    found = call(judged[n:], judged=judged[:n], human=human[:n], target=target, alpha=ALPHA)
    return Gate(target).decide(found.p_pass, found.p_fail)


def _check(seen: Verdict, judged: FloatArray, human: FloatArray, n: int, *, target: Fraction, codes=None) -> None:
    """The whole function decides as its limits do."""
    found = rectified_mean(
        judged,
        units=codes,
        labelled_judged=judged[:n],
        labelled_human=human[:n],
        labelled_units=None if codes is None else codes[:n],
        target=target,
        alpha=ALPHA,
        icc_floor=FLOOR,
    )
    assert Gate(target).decide(found.p_pass, found.p_fail) == seen


def grouped(rng: Rng, rounds: int, *, kind: str, layout: str, n: int) -> Figures:
    """About 1,000 answers in groups, correlation .3 in people's values and in the scorer's mistakes; about `n` labelled.

    Whole groups are labelled, and the bound knows the groups; or it takes every answer for itself.
    """
    each = int(sizes(layout, 1, rng)[0])
    groups, labelled = ANSWERS // each, n // each * each
    target = Fraction(95, 100)
    gate, shown = Gate(target), {}
    for i in range(rounds):
        human, judged, codes = _in_groups(rng, kind, layout, groups)
        floor = {"alpha": ALPHA, "icc_floor": FLOOR}
        halfway = (human[:labelled] - judged[:labelled] + 1) / 2
        samples = {
            "MOVER on groups": (clustered(judged, codes, **floor), clustered(halfway, codes[:labelled], **floor)),
            "MOVER, groups ignored": (of_values(judged), of_values(halfway)),
        }
        for method, parts in samples.items():
            low, high = rectified(*parts)
            shown.setdefault(method, []).append((low >= float(target), high < float(target)))
        if i < 2:
            _check(shown["MOVER on groups"][-1], judged, human, labelled, target=target, codes=codes)
        shown.setdefault("labels alone, by group", []).append(
            gate(clustered(human[:labelled], codes[:labelled], **floor))
        )
        shown.setdefault("PPI, groups ignored", []).append(_ppi(ppi, judged, human, labelled, target))
        if kind == "0 or 1":
            shown.setdefault("post-stratified, groups ignored", []).append(_stratified(judged, human, labelled, target))
    found: Figures = {}
    for method, seen in shown.items():
        found |= errors(method, seen)
    return found


def _stratified(judged: FloatArray, human: FloatArray, n: int, target: Fraction) -> Verdict:
    good, people = judged[:n] == 1, human[:n] == 1
    among_good = int((good & people).sum()), int((good & ~people).sum())
    among_bad = int((~good & people).sum()), int((~good & ~people).sum())
    return stratified(int(judged.sum()), judged.size, among_good, among_bad, target)


def _in_groups(rng: Rng, kind: str, layout: str, groups: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """People's values and the scorer's, whose mistakes are commoner in some groups than in others."""
    if kind == "faithfulness":
        human, codes = clustered_scores(rng, shape=FAITH, icc=0.3, layout=layout, groups=groups)
        return human, scored(human, rng, rates("beta", MISSES, 0.3, groups, rng)[codes]), codes
    codes = np.repeat(np.arange(groups), sizes(layout, groups, rng))
    human = (rng.random(codes.size) < rates("beta", 0.95, 0.3, groups, rng)[codes]).astype(float)
    sees = np.where(
        human == 1, rates("beta", 0.97, 0.3, groups, rng)[codes], 1 - rates("beta", 0.80, 0.3, groups, rng)[codes]
    )
    return human, (rng.random(codes.size) < sees).astype(float), codes


def tables(measured: Measured) -> dict[str, str]:
    return {
        "I": _table_i(measured),
        "I-shift": _shift(measured),
        "I-scores": _scores(measured),
        "I-groups": _groups(measured),
    }


def _table_i(measured: Measured) -> str:
    rows = []
    for name, n in ROWS:
        key, (truth, judge) = f"I/{name}/{n}", SETTINGS[name]
        skill = f"{decimals(judge.sensitivity, 2)} / {decimals(judge.specificity, 2)}"
        far = " / ".join(measured.plain(key, f"{m}.distance") for m in ("labels alone", "post-stratified"))
        rows.append(
            [percent(truth), skill, str(n), *(measured.errors(key, m) for m in METHODS), far, measured.noise(key)]
        )
    names = ("scorer alone", "labels alone", "PPI", "PPI++", "Rogan-Gladen", "**post-stratified**")
    head = (
        "truth = target",
        "sensitivity / specificity",
        "labels",
        *names,
        "lower bound below the truth by, labels alone / post-stratified",
        "s.e.",
    )
    return table(head, rows)


def _shift(measured: Measured) -> str:
    methods = ("labels alone", "PPI", "PPI++", "post-stratified", "Rogan-Gladen")
    text = {
        "old labels": "truth .85, labels where .95 are good",
        "worse labels": "truth .95, labels where .85 are good",
        "scorer changed": "truth .90, sensitivity .95 when labelled, .99 now",
    }
    rows = [
        [
            text[s],
            str(n),
            *(measured.errors(f"I-shift/{s}/{n}", m) for m in methods),
            measured.noise(f"I-shift/{s}/{n}"),
        ]
        for s, n in SHIFTED
    ]
    return table(("labels of other answers", "labels", *methods, "s.e."), rows)


def _scores(measured: Measured) -> str:
    methods = ("judge alone", "labels alone", "PPI", "PPI++", "MOVER")
    rows = []
    for n in SCORES:
        key = f"I-scores/{n}"
        far = " / ".join(measured.plain(key, f"{m}.distance") for m in ("labels alone", "MOVER"))
        rows.append([str(n), *(measured.errors(key, m) for m in methods), far, measured.noise(key)])
    names = ("scorer alone", "labels alone", "PPI", "PPI++", "**MOVER**")
    return table(("labels", *names, "lower bound below the truth by, labels alone / MOVER", "s.e."), rows)


def _groups(measured: Measured) -> str:
    methods = (
        "MOVER on groups",
        "labels alone, by group",
        "MOVER, groups ignored",
        "post-stratified, groups ignored",
        "PPI, groups ignored",
    )
    rows = []
    for kind, layout, n in GROUPED:
        key = f"I-groups/{kind}/{layout}/{n}"
        shown = (measured.errors(key, m) if measured.get(key, f"{m}.pass") else "-" for m in methods)
        rows.append([kind, layout, str(n), *shown, measured.noise(key)])
    return table(("values", "a group has", "labels, about", *methods, "s.e."), rows)
