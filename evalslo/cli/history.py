"""`evalslo history`: runs over time, where they changed, and who overrode what."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.occasion import duration_s
from evalslo.cli.outputs import OutputOption, on_stdout, read_outputs, write_json
from evalslo.errors import UsageError

if TYPE_CHECKING:
    from evalslo.model.ledger import RunRecord
    from evalslo.store.history import History

MOST_RUNS = 20
DAY_S = 86_400


def history(
    suite: Annotated[str | None, typer.Argument(metavar="[SUITE]", help="One suite, by name. Default: all.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="NAME", help="Only this environment. Default: each.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N runs.")] = MOST_RUNS,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option("--diff", metavar="BEFORE AFTER", help="Two runs by their ids, side by side."),
    ] = None,
    overrides: Annotated[
        bool, typer.Option("--overrides", help="The overrides of release policies: who, why, until when.")
    ] = False,
    compact: Annotated[
        str | None,
        typer.Option("--compact", metavar="AGE", help="Drop minutes older than this (90d); their hours stay."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Show the runs that were kept, newest first, and what changed between them. Calls nothing."""
    with door.telling_errors():
        from evalslo.harness.run_changes import difference, history_entries
        from evalslo.report.history import render_difference, render_history, render_overrides
        from evalslo.report.history_json import difference_json, history_json, overrides_json
        from evalslo.store.history import open_history

        if overrides and (diff is not None or suite is not None):
            raise UsageError("--overrides lists those of all services; leave the suite and --diff out")
        if compact is not None:
            _compact(compact)
            return
        outputs = read_outputs(output)
        console = door.console(stderr=on_stdout(outputs))
        with open_history(door.history()) as kept:
            if overrides:
                listed = kept.overrides()
                render_overrides(listed, console=console)
                document = overrides_json(listed)
            elif diff is not None:
                found = difference(_run(kept, diff[0]), _run(kept, diff[1]))
                render_difference(found, console=console)
                document = difference_json(found)
            else:
                entries = history_entries(kept.runs(suite=suite, environment=environment, limit=None))[:limit]
                render_history(entries, console=console)
                document = history_json(entries)
        write_json(outputs, [document], exit_code=0)


def _run(kept: "History", run_id: str) -> "RunRecord":
    found = kept.run(run_id)
    if found is None:
        newest = ", ".join(run.run_id for run in kept.runs(limit=3)) or "none"
        raise UsageError(f"no run {run_id!r} is in the history; the newest are {newest}")
    return found


def _compact(age: str) -> None:
    from evalslo.harness.budgets import minutes_needed_s
    from evalslo.store.history import open_history

    kept_s = duration_s(age, option="--compact")
    with open_history(door.history()) as kept:
        if kept_s < (needed := minutes_needed_s(kept)):
            raise UsageError(
                f"--compact {age}: windows and alerts look back over {-(-needed // DAY_S)}d; name that or more"
            )
        dropped = kept.compact(before=int(door.now().timestamp()) - kept_s)
    typer.echo(f"dropped {dropped:,} minutes older than {age}; their hours stay")
