"""What only a door may touch: the clock, the environment, the terminal, signals, and the exit code."""

import os
import secrets
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from msgspec import Struct

from evalslo.cli.early_stop import STDERR, STOPPED_AT_ONCE, early_stop
from evalslo.errors import EvalsloError, FileFaults, UsageError

if TYPE_CHECKING:
    import asyncio

    from rich.console import Console

    from evalslo.store.run_folder import RunFolder

Result = TypeVar("Result")
PIPED_COLUMNS = 100
OWN_FILES = 64  # what a process holds open beside its connections
CTRL_C = "Ctrl-C"
STOPPING = "\nevalslo: stopping: no new call is made, those in flight finish; {} again to stop now\n"


class SignToStop(Struct, kw_only=True):
    """The event that a run ends at, and what set it, in words."""

    event: "asyncio.Event"
    by: str = CTRL_C

    @property
    def is_set(self) -> bool:
        """Whether the run is to end."""
        return self.event.is_set()


def home() -> Path:
    """Where runs are kept."""
    from evalslo.store.home import find_home

    return find_home(Path.cwd(), configured=os.environ.get("EVALSLO_HOME"))


def history() -> "str | Path":
    """Where every run is entered: EVALSLO_HISTORY, or a file beside the runs."""
    from evalslo.store.home import find_history

    return find_history(home(), configured=os.environ.get("EVALSLO_HISTORY"))


def find_run(name: str) -> "RunFolder":
    """The kept run that `name` means; newer ones that `latest` must pass over are told. Raises UsageError."""
    from evalslo.store.home import find_run, passed_over

    found = find_run(name, home=home())
    for folder, fault in passed_over(name, found, home=home()):
        tell(f"evalslo: {folder.path.name} is newer, and is passed over: {fault}")
    return found


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def token() -> str:
    """Four letters that make run ids of the same second differ."""
    return secrets.token_hex(2)


def seed() -> int:
    """A number that nobody chose, to shuffle by."""
    return secrets.randbelow(2**31)


def console(*, stderr: bool = False) -> "Console":
    """A console on standard output or error; 100 columns wide where it is no terminal and COLUMNS does not say."""
    from rich.console import Console

    class Page(Console):
        def on_broken_pipe(self) -> None:
            reader_left()

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Page(stderr=stderr, width=PIPED_COLUMNS if piped else None, highlight=False, markup=False, emoji=False)


def open_standard_streams() -> None:
    """Nothing; a standard stream that was closed (`2>&-`) goes nowhere, and its descriptor to no other file."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def reader_left() -> None:
    """Standard output goes nowhere from now on: a reader that went away (`| head`) changes no verdict."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def telling_errors() -> Iterator[None]:
    """Turns every error on purpose into its message on standard error and its exit code."""
    try:
        yield
    except FileFaults as faults:
        from evalslo.report.faults import render_faults

        render_faults(faults, console(stderr=True))
        raise typer.Exit(faults.exit_code) from None
    except EvalsloError as error:
        tell(f"evalslo: {error}")
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED_AT_ONCE) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception:  # a fault of evalslo must not look like a missed objective: nothing was measured
        if early_stop.came:  # a library that was interrupted while it loaded says something else
            raise typer.Exit(STOPPED_AT_ONCE) from None
        tell(traceback.format_exc())
        tell(
            "evalslo: this is a fault of evalslo, not of your suite; nothing was decided. Please report the lines above"
        )
        raise typer.Exit(EvalsloError.exit_code) from None


def tell(text: str) -> None:
    """Says something to the person, on standard error, with nothing in it that a terminal would obey."""
    from evalslo.report.safe_text import plain

    err = console(stderr=True)
    for line in text.splitlines():
        err.print(plain(line, width=4000, encoding=err.encoding), soft_wrap=True)


def allow_connections(count: int) -> None:
    """Nothing; sees to it that `count` connections may be open at once. Raises `UsageError` where the system forbids it."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such bound
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise UsageError(
            f"limits.concurrency: {count} calls at once need {wanted} open files, and this system allows {hard}; "
            "lower it, or raise `ulimit -n`"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run_until_stopped(main: "Callable[[SignToStop], Coroutine[Any, Any, Result]]") -> Result:
    """What `main` returns. Ctrl-C once sets the sign that `main` is given; twice raises KeyboardInterrupt, wherever it is.

    SIGTERM, by which a CI runner ends a job, is taken as Ctrl-C.
    """
    import asyncio

    asked = twice = False

    async def stoppable() -> Result:
        sign = SignToStop(event=asyncio.Event())
        loop = asyncio.get_running_loop()

        def on_interrupt(number: int, _frame: FrameType | None) -> None:
            nonlocal asked, twice
            name = "SIGTERM" if number == signal.SIGTERM else CTRL_C
            if asked:
                twice = True
                loop.set_exception_handler(lambda *_: None)  # what breaks off now breaks because it was asked to
                raise KeyboardInterrupt
            asked, sign.by = True, name
            loop.call_soon_threadsafe(sign.event.set)
            with suppress(OSError):  # nobody may be reading; raised here, it would come up wherever the loop is
                os.write(STDERR, STOPPING.format(name).encode())

        before = {number: signal.signal(number, on_interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            if early_stop.came:
                raise KeyboardInterrupt
            early_stop.end()
            return await main(sign)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        return asyncio.run(stoppable())
    except Exception:
        if twice:  # a library that was interrupted while it loaded says something else
            raise KeyboardInterrupt from None
        raise
