"""`evalslo budget`: windows, error budgets, burn rates, alerts, and whether the policy allows a release."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.occasion import (
    ExpiresOption,
    FixOption,
    OverrideOption,
    ReleaseOption,
    override_asked,
)
from evalslo.cli.outputs import OutputOption, on_stdout, read_outputs, write_json
from evalslo.errors import UsageError

if TYPE_CHECKING:
    from evalslo.harness.begin import OverrideAsked
    from evalslo.store.history import History

FROZEN = 5


def budget(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="One service. Default: all.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="NAME", help="Only this environment. Default: each.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="Only this source of events. Default: each.")
    ] = None,
    release: ReleaseOption = None,
    override: OverrideOption = None,
    expires: ExpiresOption = None,
    fix: FixOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line a suite and source.")] = False,
    output: OutputOption = None,
) -> None:
    """Show windows, error budgets, burn rates and alerts, and whether the policy allows a release. Calls nothing.

    Exits 5 where a policy forbids it, else 0.
    """
    with door.telling_errors():
        from evalslo.harness.budgets import NOT_LET_OUT, reports
        from evalslo.report.budget import render_budgets
        from evalslo.report.budget_json import to_json
        from evalslo.store.history import open_history

        outputs = read_outputs(output)
        wish = override_asked(override, expires=expires, fix=fix)
        now = int(door.now().timestamp())
        with open_history(door.history()) as kept:
            if wish is not None:
                _add_override(kept, wish, service=service, environment=environment, release=release, now=now)
            found = reports(kept, service=service, environment=environment, source=source, release=release, now=now)
        forbidden = any(one.decision is not None and one.decision.outcome in NOT_LET_OUT for one in found)
        exit_code = FROZEN if forbidden else 0
        render_budgets(found, console=door.console(stderr=on_stdout(outputs)), quiet=quiet, exit_code=exit_code)
        write_json(outputs, [to_json(found, exit_code=exit_code)], exit_code=exit_code)
    raise typer.Exit(exit_code)


def _add_override(
    kept: "History",
    wish: "OverrideAsked",
    *,
    service: str | None,
    environment: str | None,
    release: str | None,
    now: int,
) -> None:
    from evalslo.cli.origin import origin
    from evalslo.harness.overrides import override_of

    if service is None or release is None:
        raise UsageError("an override is for one release of one service: say evalslo budget SERVICE --release NAME")
    if service not in kept.services():
        raise UsageError(f"no run of service {service!r} is in the history; {_known(kept)}")
    kept.add_override(
        override_of(wish, service=service, environment=environment, release=release, origin=origin(), now=now)
    )


def _known(kept: "History") -> str:
    return f"known are {', '.join(kept.services()) or 'none'}"
