"""What a verdict costs, beside SciPy and statsmodels in the same run: `python benchmarks/stats.py`.

Processor seconds, the median of several readings; on a busy machine read the ratios. The peers do related work and not the
same: an interval each, by the method that their users take for such data.
"""

import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from evalslo.stats import sequential
from evalslo.stats.betting import betting
from evalslo.stats.bootstrap import bca
from evalslo.stats.clusters import scaled_gaffke
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke
from evalslo.stats.quantiles import quantile_interval

ALPHA, FLOOR = Fraction(1, 20), Fraction(3, 10)
MILLION = 1_000_000

Row = tuple[str, float, str, float | None]


def seconds(work: Callable[[], object], readings: int = 5) -> float:
    """The median processor time of one call, after one that warms up."""
    work()
    taken = []
    for _ in range(readings):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def rates(rng: np.random.Generator) -> list[Row]:
    from scipy.stats import binomtest
    from statsmodels.stats.proportion import proportion_confint

    good = (rng.random(MILLION) < 0.95).astype(float)
    target = Fraction(95, 100)
    ours = seconds(lambda: clopper_pearson(int(good.sum()), good.size, target=target, alpha=ALPHA))
    whole = seconds(lambda: gaffke(good, target=target, alpha=ALPHA))
    scipy_s = seconds(lambda: binomtest(int(good.sum()), good.size).proportion_ci(0.9, method="exact"))
    models_s = seconds(lambda: proportion_confint(int(good.sum()), good.size, alpha=0.1, method="beta"))
    name = "rate, 1,000,000 events"
    return [
        (name, ours, "scipy binomtest, exact", scipy_s),
        (name, ours, "statsmodels proportion_confint, beta", models_s),
        ("0 and 1 as scores, 1,000,000", whole, "scipy binomtest, exact", scipy_s),
    ]


def discrete(rng: np.random.Generator) -> list[Row]:
    from scipy.stats import bootstrap
    from statsmodels.stats.weightstats import DescrStatsW

    scores = rng.binomial(30, 0.9, MILLION) / 30
    target = Fraction(9, 10)
    ours = seconds(lambda: gaffke(scores, target=target, alpha=ALPHA))
    few = scores[:5000]

    def percentile_100() -> object:
        return bootstrap((scores,), np.mean, n_resamples=100, batch=1, method="percentile", rng=rng)

    def bca_5000() -> object:
        return bootstrap((few,), np.mean, n_resamples=9999, batch=100, method="BCa", rng=rng)

    return [
        (
            "31 distinct scores, 1,000,000",
            ours,
            "statsmodels DescrStatsW, t",
            seconds(lambda: DescrStatsW(scores).tconfint_mean(0.1)),
        ),
        (
            "31 distinct scores, 1,000,000",
            ours,
            "scipy bootstrap, percentile, 100 resamples",
            seconds(percentile_100, 1),
        ),
        (
            "BCa of 5,000 scores, 10,000 resamples",
            seconds(lambda: bca(few, target=target, alpha=ALPHA, seed=1)),
            "scipy bootstrap, BCa, 9,999 resamples",
            seconds(bca_5000, 1),
        ),
        (
            "betting, 31 distinct scores, 1,000,000",
            seconds(lambda: betting(scores, target=target, alpha=ALPHA)),
            "",
            None,
        ),
    ]


def distinct(rng: np.random.Generator) -> list[Row]:
    from scipy.stats import quantile_test

    scores = rng.integers(0, 1500, 5000) / 1499
    ours = seconds(lambda: gaffke(scores, target=Fraction(1, 2), alpha=ALPHA))
    latencies = np.exp(0.8 * rng.standard_normal(MILLION))

    def interval() -> object:
        return quantile_interval(latencies, None, q=Fraction(95, 100), alpha=ALPHA, icc_floor=FLOOR)

    def peer() -> object:
        return quantile_test(latencies, p=0.95).confidence_interval(0.9)

    return [
        ("Gaffke, 5,000 scores, 1,500 distinct", ours, "", None),
        (
            "p95 of 1,000,000 distinct latencies, with its interval",
            seconds(interval),
            "scipy quantile_test",
            seconds(peer),
        ),
    ]


def clusters(rng: np.random.Generator) -> list[Row]:
    import statsmodels.api as sm

    groups = np.repeat(np.arange(MILLION // 5), 5)
    scores = (rng.random(MILLION) < np.repeat(rng.beta(2.2, 0.12, MILLION // 5), 5)).astype(float)

    def ours() -> object:
        return scaled_gaffke(scores, groups, target=Fraction(95, 100), alpha=ALPHA, icc_floor=FLOOR)

    def peer() -> object:
        fit = sm.OLS(scores, np.ones(MILLION)).fit(cov_type="cluster", cov_kwds={"groups": groups})
        return fit.conf_int(0.1)

    return [
        ("1,000,000 events in 200,000 groups", seconds(ours), "statsmodels OLS, cov_type='cluster'", seconds(peer, 3))
    ]


def updates() -> list[Row]:
    """One update and its evidence, after 100 and after 100,000 queries."""
    rows: list[Row] = []
    for name, start in (("beta mixture", sequential.start_beta), ("bet mixture", sequential.start_bets)):
        for seen in (100, 100_000):
            process = start(Fraction(95, 100))
            for i in range(seen):
                process = sequential.update(process, float(i % 20 != 0))

            def work(process: sequential.Process = process) -> None:
                for _ in range(1000):
                    sequential.log_evidence(sequential.update(process, 1.0))

            rows.append((f"sequential update, {name}, after {seen:,}", seconds(work) / 1000, "", None))
    return rows


def memory(rng: np.random.Generator) -> list[str]:
    """Peak allocation beyond the values themselves, in copies of them."""
    good = (rng.random(10 * MILLION) < 0.95).astype(float)
    scores = rng.integers(0, 31, 10 * MILLION) / 30
    latencies = rng.standard_exponential(10 * MILLION)
    continuous = rng.random(10 * MILLION)
    work = {
        "rate": lambda: gaffke(good, target=Fraction(95, 100), alpha=ALPHA),
        "31 distinct scores": lambda: gaffke(scores, target=Fraction(1, 2), alpha=ALPHA),
        "10,000,000 distinct scores": lambda: gaffke(continuous, target=Fraction(1, 2), alpha=ALPHA),
        "p95": lambda: quantile_interval(latencies, None, q=Fraction(95, 100), alpha=ALPHA, icc_floor=FLOOR),
    }
    lines = []
    for name, call in work.items():
        start = time.process_time()
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        lines.append(f"| {name} | {peak / 2**20:,.0f} | {peak / good.nbytes:.2f} | {time.process_time() - start:.2f} |")
    return lines


def shown(value_s: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value_s >= 0.1 * size or unit == "us":
            return f"{value_s / size:.2g} {unit}"
    raise ValueError(value_s)


def main() -> None:
    warnings.simplefilter("ignore")  # the peers warn of what they are given here on purpose
    rng = np.random.default_rng(1)
    rows = rates(rng) + discrete(rng) + distinct(rng) + clusters(rng) + updates()
    print("| verdict | evalslo | peer | its time | times ours |\n|---|---|---|---|---|")
    for name, ours, peer, theirs in rows:
        more = " |  | " if theirs is None else f"| {shown(theirs)} | {theirs / ours:.1f}"
        print(f"| {name} | {shown(ours)} | {peer} {more} |")
    print("\n| 10,000,000 values | peak MiB beyond them | in copies of them | CPU s, traced |\n|---|---|---|---|")
    print("\n".join(memory(rng)))


if __name__ == "__main__":
    main()
