"""Whether times were measured well enough for what is asked of them."""

from fractions import Fraction

from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Lag, ObjectiveResult
from evalslo.model.sli import SliSpec
from evalslo.slo.reasons import reason_of

LARGEST_SHARE = 0.05  # of a bound, that its measurement may be off by at p99


def with_timing_error(row: ObjectiveResult, *, spec: SliSpec, lag: Lag | None) -> ObjectiveResult:
    """The row; one of a time that the run's lag blurs says so beside its other reasons. No verdict changes."""
    if spec.unit != "s" or lag is None or not lag.in_times or row.estimate is None:
        return row
    bound_s = _bound_s(row.objective)
    if lag.p99_s <= LARGEST_SHARE * bound_s:
        return row
    text = (
        f"{row.objective.sli} was measured to within {_milliseconds(lag.p99_s)} only (the event loop's lag at p99), "
        f"which is not small against {_milliseconds(bound_s)}"
    )
    return replace(row, reasons=(*row.reasons, reason_of(row.objective, "timing_error", text)))


def _bound_s(objective: Objective) -> float:
    """The time that the objective speaks of: that of its event, or the target of its mean."""
    bound: Fraction = objective.target if objective.event is None else objective.event.value
    return float(bound)


def _milliseconds(seconds: float) -> str:
    return f"{1000.0 * seconds:,.3g} ms" if seconds < 1.0 else f"{seconds:,.3g} s"
