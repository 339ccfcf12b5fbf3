"""What every bound of a mean has to hold, whatever its method."""

from fractions import Fraction

import numpy as np
import pytest

ALPHA, NINETY = Fraction(1, 20), Fraction(9, 10)
LEVELS = [Fraction(1, 1000), Fraction(1, 40), Fraction(1, 20), Fraction(2, 5)]


def assert_mirrored(bound_of, values, percent, *, within):
    """Turning the values around swaps the sides; bounds agree `within` so much, p-values within 1e-9."""
    one = bound_of(np.array(values), target=Fraction(percent, 100), alpha=ALPHA)
    other = bound_of(1.0 - np.array(values), target=1 - Fraction(percent, 100), alpha=ALPHA)
    assert (one.p_pass, one.p_fail) == pytest.approx((other.p_fail, other.p_pass), abs=1e-9)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=within)


def assert_order_is_nothing(bound_of, values, random):
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert bound_of(shuffled, target=NINETY, alpha=ALPHA) == bound_of(values, target=NINETY, alpha=ALPHA)


def assert_wider_with_less_alpha(bound_of, values):
    """A smaller alpha never narrows the interval; returns the bounds, the smallest alpha first."""
    bounds = [bound_of(values, target=NINETY, alpha=alpha) for alpha in LEVELS]
    assert [b.lower for b in bounds] == sorted(b.lower for b in bounds)
    assert [b.upper for b in bounds] == sorted((b.upper for b in bounds), reverse=True)
    return bounds
