"""Whether a score means what it says: beside people's, bin by bin."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.model.calibration import Bin, Figure
from evalslo.stats.agreement import ALPHA
from evalslo.stats.checks import codes, scores
from evalslo.stats.clusters import scaled_gaffke

BINS = 10


def reliability(
    judged: ArrayLike, human: ArrayLike, *, units: ArrayLike, icc_floor: Fraction, bins: int = BINS
) -> tuple[Bin, ...]:
    """The bins of equal width that hold a value of `judged`, lowest first: its mean there beside that of `human`.

    Both in [0, 1], value by value. Values with the same label in `units` belong together. People's mean has Gaffke's two-sided
    95 % interval (Clopper-Pearson's where they say 0 or 1); a bin with one unit has none. Raises StatisticsError where a value
    is not in [0, 1].

    *Coverage:* as `stats.clusters.scaled_gaffke`, each bin by itself.
    *Source:* Murphy & Winkler (1977), J. Royal Statistical Society C 26:41, doi:10.2307/2346866.
    """
    said, people = scores(judged), scores(human)
    groups = codes(units, like=said, name="units")
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    found = []
    for number in np.unique(place):
        here = place == number
        bound = scaled_gaffke(people[here], groups[here], target=Fraction(1, 2), alpha=ALPHA, icc_floor=icc_floor)
        found.append(
            Bin(
                low=int(number) / bins,
                high=(int(number) + 1) / bins,
                n=int(here.sum()),
                judged=math.fsum(said[here]) / int(here.sum()),
                human=Figure(estimate=bound.estimate, lower=bound.lower, upper=bound.upper, method=bound.method),
            )
        )
    return tuple(found)


def calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance of what was judged from what people said in the bins, each counted by its answers; in [0, 1].

    It is above 0 by chance alone: with few labels a bin, a perfect score has one too.

    *Source:* Naeini, Cooper & Hauskrecht (2015), AAAI 29, doi:10.1609/aaai.v29i1.9602.
    """
    total = sum(one.n for one in bins)
    return math.fsum(one.n * abs(one.judged - (one.human.estimate or 0.0)) for one in bins) / total
