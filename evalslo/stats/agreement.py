"""Two raters who said yes or no to the same things: a scorer and a person, or two persons.

The labels are a random sample, or one of each verdict of the first rater, reweighted by how many there are of each. Shares of a
random sample have Clopper-Pearson's interval. Whatever is put together of several shares has the 2.5 % and 97.5 % quantiles of
what Jeffreys' posteriors of the shares give together, since normal theory fails where it matters: at 50 labels and good
agreement its 95 % interval of kappa holds the truth 76 to 82 % of the time (docs/calibration.md).
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.model.calibration import Agreement, Confusion, Figure
from evalslo.stats.checks import FloatArray, codes, require_count, scores
from evalslo.stats.clusters import design_effect, layout_of

ALPHA = Fraction(1, 40)
"""Of each side: intervals that are looked at, and do not gate, have two sides and 95 %."""
_DRAWS = 20_000
_PRIOR = 0.5  # Jeffreys'

Measure = Callable[[FloatArray], FloatArray]


class Stratum(Struct, frozen=True, kw_only=True):
    """A part of what was rated: `size` things in it, of which both raters' words on some are counted in `confusion`.

    `first`: the first rater said the same of the whole part; None: it is no part by verdict.
    """

    size: int
    confusion: Confusion
    first: Literal["yes", "no"] | None = None


def agreement(strata: Sequence[Stratum], *, seed: int, deff: float = 1.0) -> Agreement:
    """How far the first rater agrees with the second. `deff` is the design effect of the labels: they count for so many fewer.

    Parts weigh by their sizes. A figure that the labels do not define (no yes of the second rater among them, a part without
    labels) has no estimate. The same `seed` gives the same intervals. Raises StatisticsError where nothing is labelled, or a
    part has more labels than things.

    *Coverage:* Clopper-Pearson's at least 95 %, proved; of the others 93 to 98 %, measured in docs/calibration.md.
    *Source:* kappa: Cohen (1960), Educational and Psychological Measurement 20:37, doi:10.1177/001316446002000104; AC1: Gwet
    (2008), British J. Math. Stat. Psychology 61:29, doi:10.1348/000711006X126600; reweighting: Begg & Greenes (1983),
    Biometrics 39:207, doi:10.2307/2530820; posteriors of kappa: Basu, Banerjee & Sen (2000), Biometrics 56:577,
    doi:10.1111/j.0006-341X.2000.00577.x; Jeffreys': Brown, Cai & DasGupta (2001), doi:10.1214/ss/1009213286. irrCAC and
    statsmodels give the numbers below.

    >>> table = Confusion(yes_yes=75, yes_no=5, no_yes=5, no_no=15)
    >>> found = agreement([Stratum(size=100, confusion=table)], seed=0)
    >>> f"{found.observed.estimate:.2f} {found.kappa.estimate:.4f} {found.ac1.estimate:.4f}"
    '0.90 0.6875 0.8529'
    """
    kept = [stratum for stratum in strata if stratum.size > 0]
    _require_labels(kept, deff=deff)
    confusion = _total([stratum.confusion for stratum in kept])
    point = _mixed([_shares(stratum) for stratum in kept], np.array([[float(one.size) for one in kept]]))
    drawn = _drawn(kept, deff=deff, draws=_DRAWS, seed=seed)

    def figure(measure: Measure) -> Figure:
        return _figure(measure, point, drawn)

    whole = len(kept) == 1 and kept[0].first is None
    yes, no = confusion.yes_yes + confusion.no_yes, confusion.yes_no + confusion.no_no
    equal = confusion.yes_yes + confusion.no_no
    return Agreement(
        confusion=confusion,
        sensitivity=share(confusion.yes_yes, yes, deff=deff) if whole else figure(_sensitivity),
        specificity=share(confusion.no_no, no, deff=deff) if whole else figure(_specificity),
        balanced_accuracy=figure(lambda table: (_sensitivity(table) + _specificity(table)) / 2.0),
        observed=share(equal, confusion.n, deff=deff) if whole else figure(_observed),
        kappa=figure(_kappa),
        ac1=figure(_ac1),
    )


def share(count: float, n: float, *, deff: float = 1.0) -> Figure:
    """`count` of `n` with Clopper-Pearson's two-sided 95 % interval, of counts shrunk by `deff`; no figure where n is 0.

    Raises StatisticsError unless 0 <= count <= n.

    *Coverage:* at least 95 %, proved, for deff 1.
    *Source:* Clopper & Pearson (1934), Biometrika 26:404, doi:10.1093/biomet/26.4.404; shrunk: Korn & Graubard (1998), Survey
    Methodology 24:193. Newcombe (1998) has .2527 to .3676 of 81 of 263.

    >>> found = share(81, 263)
    >>> f"{found.lower:.4f} {found.upper:.4f}"
    '0.2527 0.3676'
    """
    from scipy.special import betaincinv

    if n == 0:
        return Figure()
    require_count(int(count), int(n), name="yes")
    yes, no, level = count / deff, (n - count) / deff, float(ALPHA)
    return Figure(
        estimate=count / n,
        lower=float(betaincinv(yes, no + 1.0, level)) if yes else 0.0,
        upper=float(betaincinv(yes + 1.0, no, 1.0 - level)) if no else 1.0,
        method="clopper-pearson",
    )


def dependence(values: ArrayLike, units: ArrayLike, *, icc_floor: Fraction) -> float:
    """The design effect of `values` in [0, 1], those of one label in `units` belonging together; 1 where none do.

    At least that of a correlation of `icc_floor`. With one unit alone all its values count as one.

    *Source:* as `stats.clusters.design_effect`.

    >>> dependence([1, 1, 0, 1], ["a", "b", "c", "d"], icc_floor=Fraction(3, 10))
    1.0
    """
    checked = scores(values)
    layout = layout_of(codes(units, like=checked, name="units"), alpha=ALPHA, icc_floor=icc_floor)
    if layout.independent:
        return 1.0
    found = design_effect(checked, layout)
    return float(checked.size) if found is None else max(1.0, found)


def _require_labels(strata: Sequence[Stratum], *, deff: float) -> None:
    if not sum(one.confusion.n for one in strata):
        raise StatisticsError("no labels found; wanted at least one")
    for one in strata:
        if one.confusion.n > one.size:
            raise StatisticsError(f"{one.confusion.n} labels of {one.size} answers found; wanted at most one an answer")
    if not deff >= 1.0:
        raise StatisticsError(f"deff {deff} found; wanted at least 1")


def _total(tables: Sequence[Confusion]) -> Confusion:
    return Confusion(
        yes_yes=sum(one.yes_yes for one in tables),
        yes_no=sum(one.yes_no for one in tables),
        no_yes=sum(one.no_yes for one in tables),
        no_no=sum(one.no_no for one in tables),
    )


def _counts(stratum: Stratum) -> FloatArray:
    """The counts of a part: yes-yes, yes-no, no-yes, no-no."""
    table = stratum.confusion
    return np.array([table.yes_yes, table.yes_no, table.no_yes, table.no_no], dtype=np.float64)


def _shares(stratum: Stratum) -> FloatArray:
    counts = _counts(stratum)
    total = counts.sum()
    return counts[None, :] / total if total else np.full((1, 4), np.nan)


def _mixed(parts: Sequence[FloatArray], sizes: FloatArray) -> FloatArray:
    """One table of shares a row: those of the parts, weighed by the parts' sizes."""
    weights = sizes / sizes.sum(axis=1, keepdims=True)
    rows = np.zeros_like(parts[0])
    for number, part in enumerate(parts):
        rows += weights[:, number : number + 1] * part
    return rows


def _drawn(strata: Sequence[Stratum], *, deff: float, draws: int, seed: int) -> FloatArray:
    """Tables of shares from the posterior, one a row. What the design makes impossible stays 0."""
    generator = np.random.Generator(np.random.PCG64(seed))
    parts = []
    for stratum in strata:
        possible = np.array(
            [stratum.first != "no", stratum.first != "no", stratum.first != "yes", stratum.first != "yes"]
        )
        gammas = generator.standard_gamma((_counts(stratum) / deff + _PRIOR) * possible, size=(draws, 4))
        parts.append(gammas / gammas.sum(axis=1, keepdims=True))
    sizes = np.array([stratum.size + _PRIOR for stratum in strata])
    return _mixed(parts, generator.standard_gamma(sizes, size=(draws, len(strata))))


def _figure(measure: Measure, point: FloatArray, drawn: FloatArray) -> Figure:
    """The measure of the point, and between which bounds it lies in the draws; the point is always between them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, values = float(measure(point)[0]), measure(drawn)
    if not np.isfinite(estimate):
        return Figure()
    lower, upper = np.quantile(values[np.isfinite(values)], [float(ALPHA), 1.0 - float(ALPHA)])
    return Figure(
        estimate=estimate,
        lower=min(float(lower), estimate),
        upper=max(float(upper), estimate),
        method="jeffreys-posterior",
    )


def _sensitivity(table: FloatArray) -> FloatArray:
    return np.asarray(table[:, 0] / (table[:, 0] + table[:, 2]))


def _specificity(table: FloatArray) -> FloatArray:
    return np.asarray(table[:, 3] / (table[:, 1] + table[:, 3]))


def _observed(table: FloatArray) -> FloatArray:
    return np.asarray(table[:, 0] + table[:, 3])


def _kappa(table: FloatArray) -> FloatArray:
    first, second = table[:, 0] + table[:, 1], table[:, 0] + table[:, 2]
    return _beyond(_observed(table), first * second + (1.0 - first) * (1.0 - second))


def _ac1(table: FloatArray) -> FloatArray:
    either = (2.0 * table[:, 0] + table[:, 1] + table[:, 2]) / 2.0
    return _beyond(_observed(table), 2.0 * either * (1.0 - either))


def _beyond(observed: FloatArray, chance: FloatArray) -> FloatArray:
    """The share of the agreement beyond chance that there is; not a number where chance alone agrees always."""
    return np.asarray((observed - chance) / (1.0 - chance))
