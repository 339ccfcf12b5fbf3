"""How often a rater who was asked several times says the same of the same thing."""

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from numpy.typing import ArrayLike

from evalslo.model.calibration import Figure
from evalslo.stats.agreement import ALPHA
from evalslo.stats.clusters import scaled_gaffke


def self_agreement(words: Sequence[Sequence[bool]], *, units: ArrayLike, icc_floor: Fraction) -> Figure:
    """The share of pairs of one rater's yes and no on one thing that are equal, on average over the things.

    `words` has the rater's words on each thing; things with fewer than two words must be left out by the caller. Those with the
    same label in `units` belong together. No figure where nothing was rated twice. A rater who tosses a fair coin has 0.5.

    *Coverage:* as `stats.clusters.scaled_gaffke`: the shares lie in [0, 1], whatever their shape.
    *Source:* the observed agreement of Fleiss (1971), Psychological Bulletin 76:378, doi:10.1037/h0031619, of one rater.

    >>> f"{self_agreement([[True] * 3, [True, True, False]], units=['a', 'b'], icc_floor=Fraction(0)).estimate:.4f}"
    '0.6667'
    """
    if not words:
        return Figure()
    bound = scaled_gaffke(
        [_equal_pairs(one) for one in words], units, target=Fraction(1, 2), alpha=ALPHA, icc_floor=icc_floor
    )
    return Figure(estimate=bound.estimate, lower=bound.lower, upper=bound.upper, method=bound.method)


def _equal_pairs(words: Sequence[bool]) -> float:
    yes = sum(words)
    return (comb(yes, 2) + comb(len(words) - yes, 2)) / comb(len(words), 2)
