"""`evalslo check`: what is wrong with a suite, and what it can show, before anything is called."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.suites import SettingsOption, VariantOption, read_suites
from evalslo.errors import Fault, FileFaults, UsageError

if TYPE_CHECKING:
    from evalslo.model.suite import Suite


def check(
    suites: Annotated[list[Path] | None, typer.Argument(metavar="SUITE", help="Suite files, or folders.")] = None,
    variant: VariantOption = None,
    settings: SettingsOption = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of suite files, and stop.")] = False,
) -> None:
    """Find the faults of suites and golden sets, and say what a PASS will take. Calls nothing."""
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


def _check(suite: "Suite") -> Sequence[Fault]:
    """Prints what the suite can show; the faults of its golden set, or of critical objectives that cannot pass."""
    from evalslo.harness.prepare import open_suite
    from evalslo.report.outlook import render_outlooks
    from evalslo.slo.lint import impossible
    from evalslo.slo.outlook import outlooks

    try:
        golden = open_suite(suite, environ=os.environ).golden
    except FileFaults as found:
        return found.faults
    render_outlooks(suite.name, outlooks(suite, golden.queries), console=door.console())
    return impossible(suite, golden.queries)
