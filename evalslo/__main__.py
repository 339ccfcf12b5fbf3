"""The command `evalslo`."""

import gc

from evalslo.cli.app import app
from evalslo.cli.door import open_standard_streams

YOUNG = 100_000  # objects between two searches for circles: a run makes millions of objects and next to no circle


def main() -> None:
    """Runs the command line; the exit code is the verdict."""
    open_standard_streams()
    gc.set_threshold(YOUNG, 50, 100)
    app()


if __name__ == "__main__":
    main()
