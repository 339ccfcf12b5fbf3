"""The promise itself, through observe-to-verdict: with the truth at the target, a wrong PASS or FAIL is about as rare as alpha.

Seeded. The bound is alpha with three standard errors; a gate that took repeats or groups for independent would break it.
"""

from collections import Counter

import numpy as np
import pytest

from evalslo.model.scorecard import Observation, Verdict
from evalslo.slo.gate import judge
from tests.slo.conftest import RULES, rate, spec_of

RUNS = 300
ALLOWED = 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5


def observed(events):
    return [
        Observation(query_id=query, cluster=cluster, repeat=repeat, value=float(good))
        for cluster, query, repeat, good in events
    ]


def plain(rng, *, truth):
    return [(f"query:{i}", str(i), 0, good) for i, good in enumerate(rng.random(150) < truth)]


def repeated(rng, *, truth):
    shares = rng.beta(truth * 1.0, (1 - truth) * 1.0, size=100)  # correlation 1 / (1 + 1) inside a query
    return [(f"query:{i}", str(i), k, rng.random() < share) for i, share in enumerate(shares) for k in range(4)]


def grouped(rng, *, truth):
    shares = rng.beta(truth * 1.0, (1 - truth) * 1.0, size=80)
    return [(f"group:{g}", f"{g}-{k}", 0, rng.random() < share) for g, share in enumerate(shares) for k in range(6)]


@pytest.mark.parametrize("design", [plain, repeated, grouped])
@pytest.mark.parametrize("target", ["0.9", "0.8"])
def test_wrong_verdicts_are_as_rare_as_promised(design, target):
    rng = np.random.default_rng(20261123)
    objective = rate(">=", target, sli="contains")
    verdicts = Counter(
        judge(
            objective, observed(design(rng, truth=float(target))), spec=spec_of(objective), rules=RULES, scorer=None
        ).verdict
        for _ in range(RUNS)
    )
    assert verdicts[Verdict.PASS] / RUNS <= ALLOWED
    assert verdicts[Verdict.FAIL] / RUNS <= ALLOWED
    assert verdicts[Verdict.INCONCLUSIVE] > 0
