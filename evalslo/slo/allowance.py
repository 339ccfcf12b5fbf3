"""Allowances: what a PASS takes of independent events, by the bound that will gate them."""

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from evalslo.model.objective import Objective
from evalslo.model.suite import GateRules
from evalslo.slo.design import Design
from evalslo.slo.methods import rate_bound
from evalslo.slo.orient import good_target
from evalslo.stats.bound import passes

if TYPE_CHECKING:
    from evalslo.stats.bound import RateBound


def can_pass(objective: Objective, design: Design) -> bool:
    """Whether a perfect run would pass: T^n <= alpha for n effective independent events, or as the chosen method says.

    By a method that lives on spread nothing is impossible from two scores on, but for a target of 1.
    """
    target = good_target(objective)
    if design.clusters < 2 or target == 1:
        return False
    if lives_on_spread(objective, design):
        return True
    if (rate := _chosen_rate(objective, design)) is not None:
        return passes(
            rate(design.elements, design.elements, target=target, alpha=objective.alpha).p_pass, alpha=objective.alpha
        )
    return passes(float(target) ** design.effective, alpha=objective.alpha)


def lives_on_spread(objective: Objective, design: Design) -> bool:
    """Whether a method bounds the objective that takes the spread of its scores for known: `mean_method` other than gaffke."""
    chosen = design.rules.mean_method != GateRules().mean_method and not design.rules.strict
    return objective.shape == "mean" and chosen and design.dependent is None


def fewest_to_pass(objective: Objective, design: Design) -> int | None:
    """The fewest independent events, all good and alike in weight, that pass; None where no number does."""
    from evalslo.stats.betting import perfect_units_worth
    from evalslo.stats.exact import fewest_for_pass

    target, alpha = good_target(objective), objective.alpha
    exact = fewest_for_pass(target, alpha)
    if exact is not None and lives_on_spread(objective, design):
        return 2
    rate = _chosen_rate(objective, design)
    if exact is None or (rate is None and not design.bets):
        return exact

    def enough(number: int) -> bool:
        if rate is not None:
            return number > 1 and passes(rate(number, number, target=target, alpha=alpha).p_pass, alpha=alpha)
        return passes(float(target) ** perfect_units_worth([1.0], [number], target=target), alpha=alpha)

    return _first(enough, start=exact)


def most_bad_to_pass(n: int, *, objective: Objective, design: Design) -> int | None:
    """The most bad events among `n` independent ones that still pass; None where even none would not."""
    from evalslo.stats.exact import most_bad

    target, alpha, rate = good_target(objective), objective.alpha, _chosen_rate(objective, design)
    if rate is None:
        return most_bad(n, target=target, alpha=alpha)

    def too_many(bad: int) -> bool:
        return not passes(rate(n - bad, n, target=target, alpha=alpha).p_pass, alpha=alpha)

    return None if n < 2 or too_many(0) else bisect_left(range(n), x=True, key=too_many) - 1


def _chosen_rate(objective: Objective, design: Design) -> "RateBound | None":
    """What `gate.rate_method` names in place of the exact bound; None where that decides."""
    chosen = design.rules.rate_method != GateRules().rate_method and not design.rules.strict
    return (
        rate_bound(design.rules) if objective.shape == "event_ratio" and chosen and design.dependent is None else None
    )


def _first(enough: Callable[[int], bool], *, start: int) -> int:
    """The first number that is enough, where all larger ones are."""
    high = start
    while not enough(high):
        high *= 2
    return bisect_left(range(high), x=True, key=enough)
