"""Which way is better: methods know "higher is better" only, objectives also "at most".

| | `>=` | `<=`, event ratio | `<=`, mean |
|---|---|---|---|
| an event's value | higher is better | higher is better: good is 1 | turned around |
| the target, a truth, a bound | higher is better | turned around | turned around |
"""

from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from evalslo.model.objective import Objective

if TYPE_CHECKING:
    from evalslo.stats.checks import FloatArray

Number = TypeVar("Number", float, Fraction)
Value = TypeVar("Value", float, "FloatArray")


def turned(objective: Objective, value: Number) -> Number:
    """A number in the space of the target as one that is better higher, and the other way round."""
    return value if objective.op == ">=" else 1 - value


def good_target(objective: Objective) -> Fraction:
    """The share of good (or the mean, higher better) that the objective asks for."""
    return turned(objective, objective.target)


def better_high(objective: Objective, value: Value) -> Value:
    """An event's value, a mean of such or an array of them, higher better."""
    return 1.0 - value if objective.shape == "mean" and objective.op == "<=" else value


def of_target(objective: Objective, value: float) -> float:
    """An event's value, or a mean of such, in the space of the target: the share of bad events where that is to be low."""
    return 1.0 - value if objective.shape == "event_ratio" and objective.op == "<=" else value


def turned_difference(objective: Objective, difference: float) -> float:
    """A difference that is better higher as one in the space of the target, and the other way round."""
    return difference if objective.op == ">=" else -difference


def turned_bounds(objective: Objective, lower: float | None, upper: float | None) -> tuple[float | None, float | None]:
    """Bounds that are better higher as those in the space of the target, and the other way round; None stays None."""
    if objective.op == ">=":
        return lower, upper
    return None if upper is None else 1.0 - upper, None if lower is None else 1.0 - lower


def swapped(objective: Objective, lower: float | None, upper: float | None) -> tuple[float | None, float | None]:
    """The two ends in the order that they have once they are turned."""
    return (lower, upper) if objective.op == ">=" else (upper, lower)
