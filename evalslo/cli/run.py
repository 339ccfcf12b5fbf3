"""`evalslo run`: calls, scores, gates, prints, keeps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct, field

from evalslo.cli import door
from evalslo.cli.early_stop import early_stop
from evalslo.cli.occasion import (
    EnvironmentOption,
    ExpiresOption,
    FeedIdOption,
    FeedOption,
    FixOption,
    OverrideOption,
    ReleaseOption,
    override_asked,
)
from evalslo.cli.outputs import OutputOption, on_stdout, read_outputs, write_outputs
from evalslo.cli.scorecards import show, summarise, worst_exit_code
from evalslo.cli.suites import SettingsOption, VariantOption, prepare_all, read_suites
from evalslo.errors import EvalsloError

if TYPE_CHECKING:
    from evalslo.harness.begin import Asked
    from evalslo.harness.limiter import Limiters
    from evalslo.harness.prepare import Prepared
    from evalslo.model.scorecard import Scorecard

NOT_MEASURED = 4


class How(Struct, frozen=True, kw_only=True):
    """How the command line wants suites run; `stderr`: what is for people goes to standard error."""

    asked: "Asked"
    quiet: bool
    stderr: bool


class Done(Struct):
    """What has come of the suites so far: scorecards, and an exit code for each suite, measured or not."""

    scorecards: "list[Scorecard]" = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)


def run(
    suites: Annotated[list[Path], typer.Argument(metavar="SUITE", help="Suite files, or folders of them.")],
    variant: VariantOption = None,
    settings: SettingsOption = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Ask the first N golden queries of the shuffled order. Never passes."),
    ] = None,
    sequential: Annotated[
        bool,
        typer.Option(
            "--sequential", help="Ask in random order, and stop as soon as every critical objective is decided."
        ),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="With --sequential: stop at the first confirmed miss.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=2**31 - 1, metavar="N", help="The order of a sequential run. Default: drawn, and recorded."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last run of this suite: only what is missing is called.")
    ] = False,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache", help="For development: what was answered before is not asked again; such answers have no timing."
        ),
    ] = False,
    feed: FeedOption = None,
    feed_id: FeedIdOption = None,
    release: ReleaseOption = None,
    environment: EnvironmentOption = None,
    override: OverrideOption = None,
    expires: ExpiresOption = None,
    fix: FixOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no scorecard: the verdict only.")] = False,
    output: OutputOption = None,
) -> None:
    """Run suites against their endpoints, and gate them."""
    with door.telling_errors():
        outputs = read_outputs(output)
        from evalslo.harness.begin import Asked, refuse_contradictions

        asked = Asked(
            limit=limit,
            sequential=sequential,
            fail_fast=fail_fast,
            seed=seed,
            resume=resume,
            cache=cache,
            release=release,
            environment=environment,
            feed=feed,
            feed_id=feed_id,
            override=override_asked(override, expires=expires, fix=fix),
        )
        refuse_contradictions(asked)
        read = read_suites(suites, variant=variant, settings=settings)
        prepared = prepare_all(read, sequential=sequential)
        how = How(asked=asked, quiet=quiet, stderr=on_stdout(outputs))
        door.allow_connections(max(one.suite.limits.concurrency.most for one in prepared))
        try:
            done = door.run_until_stopped(lambda sign: _run_each(prepared, sign, how=how))
            exit_code = worst_exit_code(done.exit_codes)
            if quiet or len(prepared) > 1:
                summarise(done.scorecards, exit_code=exit_code, stderr=how.stderr)
            write_outputs(outputs, done.scorecards, exit_code=exit_code)
        except KeyboardInterrupt:
            if not early_stop.came:
                door.tell(
                    "evalslo: stopped at once; all answers that came are kept: run it again with --resume to go on"
                )
            raise
    raise typer.Exit(exit_code)


async def _run_each(prepared: "Sequence[Prepared]", sign: door.SignToStop, *, how: How) -> Done:
    """One suite after the other, each shown when it is done: a suite that fails takes nothing from those before it."""
    from evalslo.harness.limiter import Limiters

    done, limiters = Done(), Limiters()
    for one in prepared:
        if sign.is_set and done.exit_codes:
            door.tell(f"evalslo: {one.suite.name}: not begun")
            done.exit_codes.append(NOT_MEASURED)
            continue
        try:
            card = await _run_one(one, sign, how=how, limiters=limiters)
        except EvalsloError as error:
            if len(prepared) == 1:
                raise
            door.tell(f"evalslo: {one.suite.name}: {error}")
            done.exit_codes.append(error.exit_code)
        else:
            done.scorecards.append(card)
            done.exit_codes.append(card.exit_code)
    return done


async def _run_one(prepared: "Prepared", sign: door.SignToStop, *, how: How, limiters: "Limiters") -> "Scorecard":
    from evalslo.cli.origin import origin
    from evalslo.harness.begin import Door
    from evalslo.harness.run import run_suite
    from evalslo.report.progress import is_live, progress_printer

    for note in (*prepared.warnings, *(() if how.quiet else prepared.notes)):
        door.tell(f"evalslo: {prepared.suite.name}: {note}")
    console = None if how.quiet else door.console(stderr=True)
    with progress_printer(console, objectives=prepared.suite.objectives) as on_progress:
        here = Door(
            home=door.home(),
            clock=door.now,
            token=door.token(),
            seed=door.seed(),
            on_progress=on_progress,
            stop=sign.event,
            stopped_by=lambda: sign.by,
            limiters=limiters,
            glimpses=console is not None and is_live(console),
            warm_up=_load_the_gate,
            history=door.history(),
            origin=origin(),
            tell=lambda sentence: door.tell(f"evalslo: {prepared.suite.name}: {sentence}"),
        )
        kept = await run_suite(prepared, door=here, asked=how.asked)
    if not how.quiet:
        show(kept.scorecard, folder=kept.folder, stderr=how.stderr)
    return kept.scorecard


def _load_the_gate() -> None:
    """Nothing; loads what is needed once the answers are there."""
    from evalslo.stats.loading import load

    load()
