"""`evalslo plan`: how many golden queries show what is true, and how often."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.outputs import on_stdout, read_outputs, write_json
from evalslo.cli.suites import SettingsOption, VariantOption, read_one_suite
from evalslo.errors import UsageError
from evalslo.model.objective import Objective
from evalslo.model.plan import Plan, PlanRequest
from evalslo.model.sli import Sli
from evalslo.model.suite import GateRules

if TYPE_CHECKING:
    from evalslo.model.suite import Suite

_SHARE = re.compile(r"\s*(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})\s*(%?)\s*", flags=re.ASCII)
_NINETY = Fraction(9, 10)
_DEFAULT_ALPHA = "5%"


def plan(
    suite: Annotated[
        Path | None, typer.Argument(metavar="SUITE", help="A suite file: each of its objectives is planned.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Without a suite: at least so much shall be good, as in 95%.")
    ] = None,
    at_most: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Without a suite: at most so much may be bad, as in 5%.")
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE",
            help="What may be true, in the target's own sense; with a suite, ID=SHARE. Repeatable. Default: several; with a "
            "suite, half of the bad share that each target allows.",
        ),
    ] = None,
    power: Annotated[
        str, typer.Option(metavar="SHARE", help="How often it shall be shown. 90% stands beside it.")
    ] = "80%",
    alpha: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Without a suite: the error rate of each side. Default: 5%.")
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, metavar="K", help="Calls of each golden query. Default: the suite's, or 1."),
    ] = None,
    group_size: Annotated[
        int | None, typer.Option(min=1, max=100_000, metavar="M", help="Without a suite: golden queries in each group.")
    ] = None,
    icc: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="How alike the events inside a unit are, where that is more than the gate assumes anyway.",
        ),
    ] = None,
    objectives: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000,
            metavar="K",
            help="How many shall pass together. Default: the suite's critical ones, or 1.",
        ),
    ] = None,
    spread: Annotated[
        float | None,
        typer.Option(metavar="SD", help="The standard deviation of a score; without it no mean is planned."),
    ] = None,
    variant: VariantOption = None,
    settings: SettingsOption = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Also write the plan to FILE (.json, or json:-). Repeatable."
        ),
    ] = None,
) -> None:
    """Say how many golden queries show a target as met or missed, and how often. Calls nothing."""
    with door.telling_errors():
        from evalslo.report.plan_json import plans_to_json

        outputs = read_outputs(output)
        request = PlanRequest(
            powers=tuple(sorted({_inner("--power", power), _NINETY})),
            objectives=objectives,
            repeats=repeats or 1,
            icc=None if icc is None else _share(f"--icc {icc}", icc),
            spread=_spread(spread),
        )
        name: str | None = None
        plans: tuple[Plan, ...]
        if suite is None:
            _refuse({"--variant": variant, "--set": settings}, why="belongs to a suite; name one")
            objective = _objective(target, at_most, alpha=alpha, spread=spread)
            plans = (_plan_alone(objective, truth or (), request=request, group_size=group_size or 1),)
        else:
            alone = {"--target": target, "--at-most": at_most, "--alpha": alpha, "--group-size": group_size}
            _refuse(alone, why="is for a plan without a suite: a suite says it itself, and --set changes its keys")
            read = read_one_suite(suite, variant=variant, settings=settings)
            request = replace(request, repeats=repeats or read.repeats)
            name, plans = read.name, _plan_suite(read, truth or (), request=request)
        _show(name, plans, stderr=on_stdout(outputs))
        write_json(outputs, [plans_to_json(plans, suite=name)], exit_code=0)


def _plan_alone(objective: Objective, truths: Sequence[str], *, request: PlanRequest, group_size: int) -> Plan:
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


def _plan_suite(suite: "Suite", truths: Sequence[str], *, request: PlanRequest) -> tuple[Plan, ...]:
    """A plan for each objective of the suite that can decide, beside what its golden set gives."""
    from evalslo.harness.prepare import load_golden
    from evalslo.slo.plan import plan_suite
    from evalslo.slo.slices import with_slices

    golden = load_golden(suite, environ=os.environ)
    sliced = with_slices(suite, golden.queries)
    critical = sum(one.critical for one in sliced.objectives)
    asked = request if request.objectives else replace(request, objectives=max(critical, 1))
    return plan_suite(sliced, golden.queries, truths=_truths_by_id(sliced, truths), request=asked)


def _truths_by_id(suite: "Suite", truths: Sequence[str]) -> dict[str, Fraction]:
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


def _objective(target: str | None, at_most: str | None, *, alpha: str | None, spread: float | None) -> Objective:
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


def _refuse(given: Mapping[str, object], *, why: str) -> None:
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


def _show(suite: str | None, plans: Sequence[Plan], *, stderr: bool) -> None:
    from evalslo.report.plan import render_plan, render_plans

    console = door.console(stderr=stderr)
    if suite is None:
        render_plan(plans[0], console=console)
    else:
        render_plans(suite, plans, console=console)
