"""What burn-rate alerts with evidence cost and save, beside the point rule as Sloth writes it.

    python benchmarks/alerts.py

An hourly probe of so many golden queries is half as bad as the target allows; in a second course it is then twenty times
as bad as allowed (70 % at most) for a day. Counted are pages a year without an incident, looked for every three hours, and
the hours until the first page with one: the median of 10 courses. Both rules look at the same events, at the same hours,
with the same thresholds; the point rule fires where both burns have reached the factor.
"""

import statistics
import sys
from fractions import Fraction

import numpy as np

from evalslo.model.alert import AlertRules
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.window import Window
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.alerts import alerts, looked_back_s

HOUR_S, DAY_S = 3600, 86_400
NOW = 1_800_000_000 // DAY_S * DAY_S
RULES = AlertRules(preset="sre-workbook", pairs=PRESETS["sre-workbook"])
COURSES, QUIET_DAYS, INCIDENT_H = 10, 45, 24
TARGETS = ("0.90", "0.95", "0.99")
PROBES = (20, 100, 500)


def objective(target: str) -> BudgetedObjective:
    window = Window(text="28d", length_s=28 * DAY_S)
    return BudgetedObjective(id="x", text="x", sli="x", target=Fraction(target), window=window)


def course(bad: np.ndarray, *, n: int) -> list[TimeSlice]:
    """Hourly probes, the last one ending now."""
    hours = len(bad)
    return [
        TimeSlice(start=NOW - (hours - at) * HOUR_S, width_s=60, tally=Tally(good=n - int(one), bad=int(one)))
        for at, one in enumerate(bad)
    ]


def states_at(found: list[TimeSlice], one: BudgetedObjective, *, hour: int) -> tuple[bool, bool]:
    """Whether a page stands after so many hours: by points, and by evidence."""
    end = found[0].start + hour * HOUR_S + 120
    back = looked_back_s(one, RULES)
    seen = [each for each in found[: hour + 1] if each.start >= end - back]
    said = [each for each in alerts(one, RULES, seen, now=end, alpha=0.05) if each.threshold.pair.severity == "page"]
    return any(each.state in ("firing", "suspected") for each in said), any(each.state == "firing" for each in said)


def rises(states: list[bool]) -> int:
    return sum(now and not before for before, now in zip([False, *states], states, strict=False))


def measured(target: str, n: int) -> str:
    one, allowed = objective(target), float(1 - Fraction(target))
    pages: list[tuple[int, int]] = []
    found_after: list[tuple[float, float]] = []
    for seed in range(COURSES):
        chance = np.random.default_rng([seed, n])
        quiet = course(chance.binomial(n, allowed / 2, size=QUIET_DAYS * 24), n=n)
        seen = [states_at(quiet, one, hour=hour) for hour in range(15 * 24, QUIET_DAYS * 24, 3)]
        pages.append((rises([points for points, _ in seen]), rises([evidence for _, evidence in seen])))
        share = min(20 * allowed, 0.7)
        worse = np.concatenate(
            [chance.binomial(n, allowed / 2, size=15 * 24), chance.binomial(n, share, size=INCIDENT_H)]
        )
        incident = course(worse, n=n)
        after = [states_at(incident, one, hour=15 * 24 + hour) for hour in range(INCIDENT_H)]
        found_after.append(
            tuple(next((h + 1 for h, each in enumerate(after) if each[which]), float("inf")) for which in (0, 1))
        )
    years = COURSES * (QUIET_DAYS - 15) / 365
    cells = [
        f"{float(Fraction(target) * 100):g} %",
        str(n),
        *(f"{sum(each[which] for each in pages) / years:.1f}" for which in (0, 1)),
        *(_hours(statistics.median(each[which] for each in found_after)) for which in (0, 1)),
    ]
    return f"| {' | '.join(cells)} |"


def _hours(value: float) -> str:
    return "not in a day" if value == float("inf") else f"{value:g}"


def main() -> int:
    heads = (
        "target",
        "events an hour",
        "false pages a year, points",
        "with evidence",
        "hours to a page, points",
        "with evidence",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for target in TARGETS:
        for n in PROBES:
            print(measured(target, n), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
