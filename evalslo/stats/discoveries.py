"""Many comparisons looked at together: which of them stand out."""

from collections.abc import Sequence
from fractions import Fraction

from evalslo.errors import StatisticsError
from evalslo.stats.bound import passes
from evalslo.stats.checks import require_share


def discoveries(p_values: Sequence[float], *, q: Fraction) -> tuple[bool, ...]:
    """Which p-values stand out after the Benjamini-Hochberg correction, in the order given.

    In ascending order the j-th of m is taken against q j / m; the largest j that holds takes all before it along. Raises
    StatisticsError unless 0 < q < 1 and every p-value lies in [0, 1].

    *Coverage:* at most a share q of those that stand out does so by chance, in expectation; proved for independent and for
    positively dependent p-values (Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998), not for every dependence.
    *Source:* Benjamini & Hochberg (1995), JRSS B 57:289, doi:10.1111/j.2517-6161.1995.tb02031.x; the numbers below are its
    section 3.2, four of fifteen.

    >>> found = discoveries(
    ...     [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
    ...      0.7590, 1.0],
    ...     q=Fraction(1, 20),
    ... )
    >>> sum(found), found[:4]
    (4, (True, True, True, True))
    """
    if not 0 < q < 1:
        raise StatisticsError(f"q {q} found; wanted above 0 and below 1")
    for p in p_values:
        require_share(p, name="p-value")
    family = sorted(p_values)
    reached = [p for rank, p in enumerate(family, 1) if passes(p, alpha=q * rank / len(family))]
    return tuple(bool(reached) and p <= reached[-1] for p in p_values)
