"""What `evalslo plan` is asked, read: shares from their text, one target or a suite's objectives, and their plans."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.model.objective import Objective
from evalslo.model.plan import Plan, PlanRequest
from evalslo.model.sli import Sli
from evalslo.model.suite import GateRules, Suite

_SHARE = re.compile(r"\s*(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})\s*(%?)\s*", flags=re.ASCII)
_NINETY = Fraction(9, 10)
_DEFAULT_ALPHA = "5%"


def read_request(
    *, power: str, objectives: int | None, repeats: int | None, icc: str | None, spread: float | None
) -> PlanRequest:
    """What is asked of every plan. Raises UsageError for a share that is none."""
    return PlanRequest(
        powers=tuple(sorted({_inner("--power", power), _NINETY})),
        objectives=objectives,
        repeats=repeats or 1,
        icc=None if icc is None else _share(f"--icc {icc}", icc),
        spread=_spread(spread),
    )


def plan_alone(objective: Objective, truths: Sequence[str], *, request: PlanRequest, group_size: int) -> Plan:
    """The plan of one target, for the truths given or for several around it."""
    from evalslo.slo.plan import plan_objective, several_truths
    from evalslo.slo.units import units_planned_for

    if request.icc is not None and group_size == 1 and request.repeats == 1:
        raise UsageError(
            "--icc has no effect where each event is a unit of its own: give --repeats or --group-size beside it"
        )
    floor = GateRules().icc_floor
    units = units_planned_for(group_size=group_size, repeats=request.repeats, icc=request.icc, icc_floor=floor)
    stated = [_truth(objective, truth, option=f"--truth {truth}") for truth in truths] or several_truths(objective)
    notes = []
    if request.icc is not None and request.icc < floor:
        notes.append(f"the gate assumes a correlation of {float(floor):g} at least inside a unit (gate.icc_floor)")
    if group_size > 1 and request.repeats > 1:
        notes.append("in groups repeats are not counted on: they enter by the mean of each query")
    return plan_objective(objective, stated, units=units, request=request, notes=tuple(notes))


def plan_the_suite(suite: Suite, truths: Sequence[str], *, request: PlanRequest) -> tuple[Plan, ...]:
    """A plan for each objective of the suite that can decide, beside what its golden set gives."""
    from evalslo.harness.prepare import load_golden
    from evalslo.slo.plan import plan_suite
    from evalslo.slo.slices import with_slices

    golden = load_golden(suite, environ=os.environ)
    sliced = with_slices(suite, golden.queries)
    critical = sum(one.critical for one in sliced.objectives)
    asked = request if request.objectives else replace(request, objectives=max(critical, 1))
    return plan_suite(sliced, golden.queries, truths=_truths_by_id(sliced, truths), request=asked)


def _truths_by_id(suite: Suite, truths: Sequence[str]) -> dict[str, Fraction]:
    """The truths that `--truth ID=SHARE` states, by objective."""
    by_id = {one.id: one for one in suite.objectives}
    found = {}
    for text in truths:
        name, _, value = text.rpartition("=")
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(by_id)}"
            raise UsageError(f"--truth {text}: wanted ID=SHARE with the id of an objective of {suite.file}; {meant}")
        if name in found:
            raise UsageError(
                f"--truth {text}: {name} has a truth already; with a suite one truth an objective is planned"
            )
        found[name] = _truth(by_id[name], value, option=f"--truth {text}")
    return found


def read_objective(target: str | None, at_most: str | None, *, alpha: str | None, spread: float | None) -> Objective:
    """The objective that `--target` or `--at-most` states."""
    if (target is None) == (at_most is None):
        raise UsageError(
            "name a suite, or one target: --target 95% (so much good at least), or --at-most 5% (so much bad)"
        )
    option, text = ("--target", target) if target is not None else ("--at-most", at_most)
    level = _inner("--alpha", alpha or _DEFAULT_ALPHA)
    if level >= Fraction(1, 2):
        raise UsageError(f"--alpha {alpha}: wanted below 50%, else PASS and FAIL could both hold")
    return Objective(
        id="target",
        text=f"{option} {text}",
        sli=Sli(name="target"),
        op=">=" if target is not None else "<=",
        target=_inner(option, text or ""),
        shape="event_ratio" if spread is None else "mean",
        alpha=level,
    )


def refuse(given: Mapping[str, object], *, why: str) -> None:
    """Raises UsageError where one of the options is given."""
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} {why}")


def _truth(objective: Objective, text: str, *, option: str) -> Fraction:
    """A truth that lies in [0, 1] and is not the target."""
    value = _share(option, text)
    if value == objective.target:
        raise UsageError(
            f"{option}: that is the target itself: no number of golden queries shows on which side it lies"
        )
    return value


def _inner(option: str, text: str) -> Fraction:
    """A share between 0 and 1, neither of them."""
    value = _share(f"{option} {text}", text)
    if not 0 < value < 1:
        raise UsageError(f"{option} {text}: wanted more than 0% and less than 100%")
    return value


def _share(option: str, text: str) -> Fraction:
    """An exact share in [0, 1] from its text: `95%`, `99.9 %`, `0.95`."""
    match = _SHARE.fullmatch(text)
    value = Fraction(match[1]) / (100 if match[2] else 1) if match else None
    if value is None or not 0 <= value <= 1:
        raise UsageError(f"{option}: wanted a share such as 95% or 0.95")
    return value


def _spread(spread: float | None) -> float | None:
    if spread is not None and not 0.0 < spread <= 0.5:
        raise UsageError(f"--spread {spread}: wanted above 0 and at most 0.5: no score in [0, 1] spreads wider")
    return spread
