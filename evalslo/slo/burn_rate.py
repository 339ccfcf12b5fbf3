"""Burn rates: how fast a budget is spent, and the rates at which an alert fires.

A burn of 1 spends the whole budget in a whole window; the most there can be is 1 / (1 - target), when everything is bad.

*Source:* Beyer et al. 2018, The Site Reliability Workbook, chapter 5.
"""

from collections.abc import Sequence
from fractions import Fraction

from msgspec.structs import replace

from evalslo.model.alert import AlertRules, Burn, BurnPair, Threshold
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import TimeSlice
from evalslo.model.terms import Terms
from evalslo.slo.budget_slices import total
from evalslo.slo.error_budget import batches_of
from evalslo.slo.windows import length_s
from evalslo.stats.batches import batched_bounds

MOST_BAD = Fraction(9, 10)
"""A threshold that takes more than this share of bad events is out of reach: some answer is right even in an outage."""
SHORT_OF_LONG = 12  # the Workbook's short windows are a twelfth of the long ones
_MINUTE_S = 60


def burn(objective: BudgetedObjective, slices: Sequence[TimeSlice], *, end: int, over_s: int, alpha: float) -> Burn:
    """The burn over the `over_s` seconds before `end`, by events, whatever the objective's budgeting method.

    `lower` and `upper` are one-sided bounds at `alpha`, of the batches in that time.
    """
    inside = [one for one in slices if end - over_s <= one.start < end]
    tally = total(inside)
    n, allowance = tally.good + tally.bad, 1 - objective.target
    if not n:
        return Burn(over_s=over_s, n=0, bad=0, rate=None, lower=None, upper=None)
    batches = list(batches_of(inside))
    lower, upper = batched_bounds([bad for bad, _ in batches], [m for _, m in batches], alpha=alpha) or (0.0, 1.0)
    return Burn(
        over_s=over_s,
        n=n,
        bad=tally.bad,
        rate=Fraction(tally.bad, n) / allowance,
        lower=lower / float(allowance),
        upper=upper / float(allowance),
    )


def max_burn(target: Fraction) -> Fraction:
    """The burn where every event is bad."""
    return 1 / (1 - target)


def reachable_factor(target: Fraction) -> Fraction:
    """The burn that a derived threshold fires at: half-way between what a window can bear and the most there can be."""
    return (1 + max_burn(target)) / 2


def factor_of(pair: BurnPair, *, window_s: int) -> Fraction:
    """The burn that spends the pair's share of the budget in its long window."""
    return pair.budget * window_s / pair.long_s


def thresholds(objective: BudgetedObjective, rules: AlertRules) -> tuple[Threshold, ...]:
    """What each pair fires at; a pair out of reach at this target has longer windows, and says so."""
    return tuple(_threshold(pair, objective) for pair in rules.pairs)


def unreachable_alerts(terms: Terms) -> str | None:
    """Which objectives have alerts that could never, or hardly ever, fire as they are written; None where none has."""
    if terms.alerts is None:
        return None
    rules = terms.alerts
    found = [one.id for one in terms.objectives if any(found.derived for found in thresholds(one, rules))]
    if not found:
        return None
    return (
        f"{', '.join(found)}: a burn cannot exceed 1 / (1 - target), so some alerts of {rules.preset} could never fire at "
        "these targets; longer windows that spend the same share of the budget are used instead, and evalslo budget names them"
    )


def _threshold(pair: BurnPair, objective: BudgetedObjective) -> Threshold:
    window, target = length_s(objective.window), objective.target
    factor = factor_of(pair, window_s=window)
    if factor * (1 - target) <= MOST_BAD:
        return Threshold(pair=pair, factor=factor)
    within = -(-pair.budget * window / reachable_factor(target) // _MINUTE_S) * _MINUTE_S
    longer = replace(pair, long_s=int(within), short_s=_whole_minutes(Fraction(within) / SHORT_OF_LONG))
    return Threshold(
        pair=longer,
        factor=factor_of(longer, window_s=window),
        derived=_derived(pair, longer, objective, factor=factor, window_s=window),
    )


def _derived(pair: BurnPair, longer: BurnPair, objective: BudgetedObjective, *, factor: Fraction, window_s: int) -> str:
    most = float(max_burn(objective.target))
    return (
        f"at a target of {float(objective.target * 100):g} % a burn cannot exceed {most:.4g}, so the "
        f"{pair.name} {pair.severity} at {float(factor):.4g} over {lasting(pair.long_s)} would "
        f"{'never' if factor >= max_burn(objective.target) else 'hardly ever'} fire; "
        f"{float(factor_of(longer, window_s=window_s)):.4g} over {lasting(longer.long_s)} spends the same "
        f"{float(pair.budget * 100):g} % of the budget and is used instead"
    )


def _whole_minutes(seconds: Fraction) -> int:
    return max(int(-(-seconds // _MINUTE_S)) * _MINUTE_S, _MINUTE_S)


def lasting(seconds: int) -> str:
    """A length of time in words: `5m`, `1h`, `2h 42m`, `3d`."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0m"


def detection_s(threshold: Threshold, *, target: Fraction, bad_share: Fraction) -> Fraction | None:
    """How long a steady share of bad events lasts before the threshold is reached from a clean start; None: never."""
    if bad_share <= 0:
        return None
    found = threshold.factor * (1 - target) / bad_share * threshold.pair.long_s
    return found if found <= threshold.pair.long_s else None
