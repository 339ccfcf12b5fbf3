"""`evalslo plan`: how many golden queries show what is true, and how often."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from evalslo.cli import door
from evalslo.cli.outputs import on_stdout, read_outputs, write_json
from evalslo.cli.suites import SettingsOption, VariantOption, read_one_suite

if TYPE_CHECKING:
    from evalslo.model.plan import Plan


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
        from evalslo.cli.planning import plan_alone, plan_the_suite, read_objective, read_request, refuse
        from evalslo.report.plan_json import plans_to_json

        outputs = read_outputs(output)
        request = read_request(power=power, objectives=objectives, repeats=repeats, icc=icc, spread=spread)
        name: str | None = None
        plans: tuple[Plan, ...]
        if suite is None:
            refuse({"--variant": variant, "--set": settings}, why="belongs to a suite; name one")
            objective = read_objective(target, at_most, alpha=alpha, spread=spread)
            plans = (plan_alone(objective, truth or (), request=request, group_size=group_size or 1),)
        else:
            alone = {"--target": target, "--at-most": at_most, "--alpha": alpha, "--group-size": group_size}
            refuse(alone, why="is for a plan without a suite: a suite says it itself, and --set changes its keys")
            read = read_one_suite(suite, variant=variant, settings=settings)
            request = replace(request, repeats=repeats or read.repeats)
            name, plans = read.name, plan_the_suite(read, truth or (), request=request)
        _show(name, plans, stderr=on_stdout(outputs))
        write_json(outputs, [plans_to_json(plans, suite=name)], exit_code=0)


def _show(suite: str | None, plans: "Sequence[Plan]", *, stderr: bool) -> None:
    from evalslo.report.plan import render_plan, render_plans

    console = door.console(stderr=stderr)
    if suite is None:
        render_plan(plans[0], console=console)
    else:
        render_plans(suite, plans, console=console)
