"""Means of a scorer's values in [0, 1], put right by what people said of a random sample of the same answers.

mean = mean of the scorer's values over all + mean of (people's - the scorer's) over the labelled. Each part has its own bound,
and the bound of the sum comes from the two.
"""

import math
from fractions import Fraction
from functools import cache

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats import tally as tallies
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, codes, require_levels, require_share, scores
from evalslo.stats.clusters import design_effect, intraclass_correlation, laid_out, layout_of
from evalslo.stats.mover import by_inversion, mover_limits
from evalslo.stats.needed import needed_units
from evalslo.stats.tally import Tally

_FAR = 3.3  # standard errors: one random sample in a thousand is further off


class Part(Struct, frozen=True, kw_only=True):
    """One of the two means; `icc` and `deff` are None where each value is a unit."""

    tally: Tally
    icc: float | None
    deff: float | None


class Parts(Struct, frozen=True, kw_only=True):
    """What the two bounds come from: the scorer's values of everything, and (people's - scorer's + 1) / 2 of the labelled."""

    judged: Part
    halfway: Part

    @property
    def estimate(self) -> float:
        """The rectified mean, cut to [0, 1]."""
        return min(max(tallies.mean(self.judged.tally) + self.rectifier, 0.0), 1.0)

    @property
    def rectifier(self) -> float:
        """The mean of people's values minus the scorer's."""
        return 2.0 * tallies.mean(self.halfway.tally) - 1.0


def rectified_mean(
    judged: ArrayLike,
    *,
    units: ArrayLike | None = None,
    labelled_judged: ArrayLike,
    labelled_human: ArrayLike,
    labelled_units: ArrayLike | None = None,
    target: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
) -> Bound:
    """The bound of the mean that people would give, from the scorer's values `judged` of all answers and both of some.

    The labelled units are a random sample of `units`; values with the same label there (None: each is its own) belong
    together. All values lie in [0, 1]. The estimate is cut to [0, 1]. `icc` and `deff` are those of `judged`;
    `needed_units` counts further labelled units. With one unit, or one labelled, there is the estimate only. Raises
    StatisticsError where a value is not in [0, 1], labels are not one a value, more units are labelled than there are, or
    the scorer's own values show that they are no random sample.

    *Coverage:* approximate, well below alpha where labels are few; measured in docs/measured/coverage.md, tables I-scores and
    I-groups.
    *Source:* the rectifier: Angelopoulos et al. (2023), Science 382:669, doi:10.1126/science.adi6000; the parts: see
    `gaffke` and `scaled_gaffke`; their sum: Zou & Donner (2008), Statistics in Medicine 27:1693, doi:10.1002/sim.3095.

    >>> found = rectified_mean([1.0] * 90 + [0.5] * 10, labelled_judged=[1.0] * 45 + [0.5] * 5, labelled_human=[1.0] * 50,
    ...                        target=Fraction(9, 10), alpha=Fraction(1, 20), icc_floor=Fraction(3, 10))
    >>> f"{found.estimate:.3f} [{found.lower:.3f}, {found.upper:.3f}] {found.method}"
    '1.000 [0.920, 1.000] mover-gaffke'
    """
    require_levels(target=target, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    parts = Parts(
        judged=_part(scores(judged), units, name="units", alpha=alpha, icc_floor=icc_floor),
        halfway=_part(
            _halfway(labelled_judged, labelled_human),
            labelled_units,
            name="labelled_units",
            alpha=alpha,
            icc_floor=icc_floor,
        ),
    )
    if parts.halfway.tally.units > parts.judged.tally.units:
        raise StatisticsError(
            f"{parts.halfway.tally.units} labelled units of {parts.judged.tally.units} found; "
            "wanted a sample of them, and no more"
        )
    _require_random_sample(scores(judged), units, scores(labelled_judged), labelled_units)
    return _bound(parts, target=target, alpha=alpha)


def _require_random_sample(
    judged: FloatArray, units: ArrayLike | None, labelled: FloatArray, labelled_units: ArrayLike | None
) -> None:
    """Raises StatisticsError where the scorer's values say that units were not picked for labelling by chance.

    Their mean among the labelled units is then further from that of all units than one random sample in a thousand.
    """
    whole, part = _unit_means(judged, units), _unit_means(labelled, labelled_units)
    if part.size < 2 or part.size >= whole.size:
        return
    error = float(whole.std(ddof=1)) * math.sqrt(1.0 / part.size - 1.0 / whole.size)
    if abs(float(part.mean() - whole.mean())) > _FAR * error + 1e-9:
        raise StatisticsError(
            f"the scorer's mean is {part.mean():.3f} where people labelled and {whole.mean():.3f} everywhere; wanted labels "
            "of a random sample: label at random, not by what the scorer said"
        )


def _unit_means(values: FloatArray, units: ArrayLike | None) -> FloatArray:
    if units is None:
        return values
    groups = codes(units, like=values, name="units")
    means: FloatArray = np.bincount(groups, weights=values) / np.bincount(groups)
    return means


def _lower(parts: Parts, alpha: Fraction) -> float:
    judged, halfway = parts.judged.tally, parts.halfway.tally
    points = [tallies.mean(judged), parts.rectifier]
    bounds = [tallies.lower(judged, alpha=alpha), 2.0 * tallies.lower(halfway, alpha=alpha) - 1.0]
    low, _ = mover_limits(points, [min(pair) for pair in zip(bounds, points, strict=True)], points)
    return min(max(low, 0.0), 1.0)


def _upper(parts: Parts, alpha: Fraction) -> float:
    judged, halfway = parts.judged.tally, parts.halfway.tally
    points = [tallies.mean(judged), parts.rectifier]
    bounds = [tallies.upper(judged, alpha=alpha), 2.0 * tallies.upper(halfway, alpha=alpha) - 1.0]
    _, high = mover_limits(points, points, [max(pair) for pair in zip(bounds, points, strict=True)])
    return max(min(high, 1.0), 0.0)


def _halfway(judged: ArrayLike, human: ArrayLike) -> FloatArray:
    """(people's - the scorer's + 1) / 2, so that they lie in [0, 1]."""
    by_scorer, by_people = scores(judged), scores(human)
    if by_scorer.shape != by_people.shape:
        raise StatisticsError(f"{by_people.size} labels beside {by_scorer.size} values found; wanted one a value")
    return (by_people - by_scorer + 1.0) / 2.0


def _part(values: FloatArray, units: ArrayLike | None, *, name: str, alpha: Fraction, icc_floor: Fraction) -> Part:
    groups = codes(np.arange(values.size) if units is None else units, like=values, name=name)
    order = np.lexsort((groups, values))  # sums then never depend on the order they came in
    values, groups = values[order], groups[order]
    layout = layout_of(groups, alpha=alpha, icc_floor=icc_floor)
    return Part(
        tally=laid_out(values, layout),
        icc=None if layout.independent else intraclass_correlation(values, groups),
        deff=None if layout.independent else design_effect(values, layout),
    )


def _bound(parts: Parts, *, target: Fraction, alpha: Fraction) -> Bound:
    method, units = "mover-gaffke" if parts.judged.deff is None else "mover-scaled-gaffke", parts.judged.tally.units
    if 1 in (units, parts.halfway.tally.units):
        point = estimate_only(parts.estimate, method=method, units=units)
        return replace(point, icc=parts.judged.icc, deff=parts.judged.deff)
    p_pass, p_fail = _p_values(parts, target=target, alpha=alpha)
    decided = passes(p_pass, alpha=alpha) or fails(p_fail, alpha=alpha)
    return Bound(
        estimate=parts.estimate,
        lower=_lower(parts, alpha),
        upper=_upper(parts, alpha),
        p_pass=p_pass,
        p_fail=p_fail,
        method=method,
        units=units,
        icc=parts.judged.icc,
        deff=parts.judged.deff,
        needed_units=None if decided else _needed_labels(parts, target=target, alpha=alpha),
    )


def _p_values(parts: Parts, *, target: Fraction, alpha: Fraction) -> tuple[float | None, float | None]:
    """(p_pass, p_fail); only the bound on the target's side of the estimate is ever asked for."""
    goal = float(target)
    met = parts.estimate >= goal

    @cache
    def beyond(level: float) -> tuple[float, float]:
        exact = alpha if level == float(alpha) else Fraction(level)
        return (_lower(parts, exact) - goal, 1.0) if met else (-1.0, _upper(parts, exact) - goal)

    found = by_inversion(
        beyond,
        estimate=parts.estimate - goal,
        margin=Fraction(0),
        alpha=alpha,
        method="mover",
        units=parts.judged.tally.units,
    )
    return (1.0, found.p_fail) if target == 1 else (found.p_pass, found.p_fail)


def _needed_labels(parts: Parts, *, target: Fraction, alpha: Fraction) -> int | None:
    """The fewest further labelled units that decide, no more than there are units; a p-value is 0 or 1 here."""
    labelled, most = parts.halfway.tally.units, parts.judged.tally.units

    def grown(count: int) -> Parts:
        units = min(count, most)
        tally = tallies.scaled(parts.halfway.tally, units / labelled, units=units)
        return replace(parts, halfway=replace(parts.halfway, tally=tally))

    return needed_units(
        lambda count: float(target == 1 or _lower(grown(count), alpha) < float(target)),
        lambda count: float(_upper(grown(count), alpha) >= float(target)),
        units=labelled,
        estimate=parts.estimate,
        target=target,
        alpha=alpha,
    )
