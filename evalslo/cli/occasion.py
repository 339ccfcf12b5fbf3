"""What a run is for, as the command line says it: its release, its environment, the window it feeds, an override."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evalslo.errors import UsageError

if TYPE_CHECKING:
    from evalslo.harness.begin import OverrideAsked

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MOST_REASON = 1000


def _name(value: str | None) -> str | None:
    if value is not None and not _NAME.fullmatch(value):
        raise typer.BadParameter("wanted up to 100 letters, digits and . _ : / @ + -, beginning with a letter or digit")
    return value


FeedOption = Annotated[
    str | None,
    typer.Option(
        "--feed",
        metavar="SOURCE",
        callback=_name,
        help="Count this run's events in the service's window, under this source (nightly, probe). Sources never pool.",
    ),
]
FeedIdOption = Annotated[
    str | None,
    typer.Option(
        "--feed-id",
        metavar="ID",
        callback=_name,
        help="With --feed: events of one ID count once, as for a CI job that is tried again. Default: the run's id.",
    ),
]
ReleaseOption = Annotated[
    str | None,
    typer.Option(
        "--release", metavar="NAME", callback=_name, help="The release this is of; the suite's policy may freeze it."
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option("--environment", metavar="NAME", callback=_name, help="Where it runs: staging, production."),
]
OverrideOption = Annotated[
    str | None,
    typer.Option(
        "--override",
        metavar="REASON",
        help="With --release: let it out in spite of the policy, until --expires. Recorded with who and why.",
    ),
]
ExpiresOption = Annotated[
    str | None, typer.Option("--expires", metavar="DURATION", help="How long the override holds: 90m, 24h, 2d.")
]
FixOption = Annotated[
    Literal["security", "reliability"] | None,
    typer.Option("--fix", help="With --override: what kind of fix it is, where the policy exempts some."),
]


def override_asked(
    reason: str | None, *, expires: str | None, fix: Literal["security", "reliability"] | None
) -> "OverrideAsked | None":
    """The override that the options ask for; None where they ask for none. Raises UsageError for half of one."""
    from evalslo.harness.begin import OverrideAsked

    if reason is None:
        if expires is not None or fix is not None:
            option = "--expires" if expires is not None else "--fix"
            raise UsageError(f"{option} is of an override; say why with --override REASON, or leave it out")
        return None
    if not reason.strip() or len(reason) > MOST_REASON:
        raise UsageError(f"--override: wanted a reason of 1 to {MOST_REASON} characters, for those who read it later")
    if expires is None:
        raise UsageError("--override needs an end: say --expires 24h")
    return OverrideAsked(reason=reason.strip(), expires_s=duration_s(expires, option="--expires"), kind=fix)


def duration_s(text: str, *, option: str) -> int:
    """`24h` in seconds. Raises UsageError, naming the option, for what is no length of time."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{option} {text}: wanted a number and m, h, d or w, as in 24h")
    return int(found[1]) * _UNITS_S[found[2]]
