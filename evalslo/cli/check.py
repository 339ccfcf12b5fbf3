"""`evalslo check`: what is wrong with a suite, what it can show and what it will cost, before anything is called."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.suites import SettingsOption, VariantOption, read_suites
from evalslo.errors import Fault, FileFaults, UnsetVariableError, UsageError

if TYPE_CHECKING:
    from evalslo.model.protocols import Endpoint
    from evalslo.model.suite import Suite


def check(
    suites: Annotated[list[Path] | None, typer.Argument(metavar="SUITE", help="Suite files, or folders.")] = None,
    variant: VariantOption = None,
    settings: SettingsOption = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of suite files, and stop.")] = False,
) -> None:
    """Find the faults of suites and golden sets; say what a PASS will take and what a run will cost. Calls nothing."""
    with door.telling_errors():
        if schema:
            _print_schema()
            return
        if not suites:
            raise UsageError("name a suite file or a folder of them, or ask for --schema")
        faults = [fault for suite in read_suites(suites, variant=variant, settings=settings) for fault in _check(suite)]
        if faults:
            raise FileFaults(tuple(faults))


def _print_schema() -> None:
    from evalslo.loaders.suite import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


def _check(suite: "Suite") -> Iterator[Fault]:
    """Prints what the suite can show and will cost; the faults of its parts, and objectives that cannot pass."""
    from evalslo.harness.estimate_cost import estimate_costs
    from evalslo.harness.prepare import load_golden, open_suite_endpoint, refuse_bad_options
    from evalslo.report.costs import render_costs
    from evalslo.report.outlook import render_alert_note, render_outlooks
    from evalslo.slo.burn_rate import unreachable_alerts
    from evalslo.slo.lint import impossible
    from evalslo.slo.outlook import outlooks
    from evalslo.slo.slices import divide, untagged
    from evalslo.slo.terms import terms_of

    try:
        refuse_bad_options(suite)
    except FileFaults as found:
        yield from found.faults
    endpoint = None
    try:
        endpoint = open_suite_endpoint(suite, environ=os.environ)
    except UnsetVariableError as unset:
        door.tell(f"evalslo: {suite.name}: {unset} (a run needs it, a check does not)")
    except UsageError as found:
        yield Fault(file=suite.file, line=None, where="endpoint", message=str(found))
    for warning in _warnings(suite, endpoint):
        door.tell(f"evalslo: {suite.name}: {warning}")
    try:
        golden = load_golden(suite, environ=os.environ)
    except FileFaults as found:
        yield from found.faults
        return
    suite, faults = divide(suite, golden.queries)
    for note in untagged(suite.objectives, golden.queries):
        door.tell(f"evalslo: {suite.name}: {note}")
    render_outlooks(suite.name, outlooks(suite, golden.queries), console=door.console())
    render_alert_note(unreachable_alerts(terms_of(suite)), console=door.console())
    costs = estimate_costs(suite, golden.queries, endpoint=endpoint, environ=os.environ, home=door.home())
    render_costs(costs, console=door.console())
    yield from faults
    yield from impossible(suite, golden.queries)


def _warnings(suite: "Suite", endpoint: "Endpoint | None") -> tuple[str, ...]:
    """What a run would warn of, also where the endpoint cannot be opened for want of a variable."""
    from evalslo.report.trust import UNVERIFIED, trusts_anybody

    if endpoint is not None:
        return tuple(getattr(endpoint, "warnings", ()))
    return (UNVERIFIED,) if trusts_anybody(suite.endpoint.options) else ()
