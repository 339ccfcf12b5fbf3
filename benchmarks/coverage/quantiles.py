"""Table E: quantiles of latencies."""

import math
from fractions import Fraction

import numpy as np

from benchmarks.coverage.cells import Cell, Figures, Rng, binomial, errors, exact
from benchmarks.coverage.cells import share as mean_of
from benchmarks.coverage.document import Measured, table
from benchmarks.coverage.naive import bootstrap_quantile
from benchmarks.coverage.proportions import edges, percent

ROWS = [("0.5", 200), ("0.95", 59), ("0.95", 200), ("0.95", 500), ("0.95", 1000), ("0.99", 100), ("0.99", 299)]
ROWS += [("0.99", 1000), ("0.99", 3000)]
SIGMA = 0.8  # of the logarithm of a latency
FASTER = 0.8  # the truth of the power column: every request takes this share of what the target allows


def cells(*, quick: bool) -> list[Cell]:
    rounds = 100 if quick else 4000
    return [Cell(key=f"E/{q}/{n}", work=row, rounds=rounds, settings={"q": q, "n": n}) for q, n in ROWS]


def row(rng: Rng, rounds: int, *, q: str, n: int) -> Figures:
    """Exact for the share; drawn, from lognormal latencies, for the bootstrap and for comparing numpy's quantile."""
    from scipy.special import ndtr, ndtri

    share = Fraction(q)
    first, last = edges("clopper-pearson", n, share)
    within = binomial(n, share)
    faster = binomial(n, float(ndtr(ndtri(float(share)) - math.log(FASTER) / SIGMA)))
    found = {
        "exact.pass": exact(within[first:].sum()),
        "exact.fail": exact(within[: last + 1].sum()),
        "exact.power": exact(faster[first:].sum()),
    }
    truth = math.exp(SIGMA * float(ndtri(float(share))))
    shown, points = [], []
    for _ in range(rounds):
        latencies = np.exp(SIGMA * rng.standard_normal(n))
        low, high = bootstrap_quantile(latencies, float(share), rng)
        shown.append((high <= truth, low > truth))
        points.append(float(np.quantile(latencies, float(share))) <= truth)
    return found | errors("bootstrap", shown) | {"point.pass": mean_of(points)}


def tables(measured: Measured) -> dict[str, str]:
    rows = []
    for q, n in ROWS:
        key = f"E/{q}/{n}"
        figures = (measured.errors(key, "exact"), measured.errors(key, "bootstrap"), measured.error(key, "point.pass"))
        rows.append(
            [
                f"p{percent(q).removesuffix(' %')}",
                f"{n:,}",
                *figures,
                measured.plain(key, "exact.power"),
                measured.noise(key),
            ]
        )
    head = (
        "quantile",
        "n",
        "**exact**",
        "percentile bootstrap",
        "point compared",
        "power, 20 % faster",
        "s.e. of what is drawn",
    )
    return {"E": table(head, rows)}
