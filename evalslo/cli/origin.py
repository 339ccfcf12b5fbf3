"""Who runs this and of which commit, as the machine says it."""

import getpass
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from evalslo.harness.begin import Origin

COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT")
ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "CIRCLE_USERNAME", "BUILD_USER_ID")
GIT_S = 2.0


def origin() -> Origin:
    """The commit and the person, from the CI's variables; else git's head and the user's name; None where neither says."""
    return Origin(
        commit=_first(os.environ, COMMITS) or _head(Path.cwd()),
        actor=_first(os.environ, ACTORS) or _user(),
        token=secrets.token_hex(2),
    )


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _head(folder: Path) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 (git as found on the path, and words of ours)
            [git, "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=GIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return None
