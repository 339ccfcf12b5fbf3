"""The command `evalslo`."""

import gc
import sys

from evalslo.cli.app import app
from evalslo.cli.door import STOPPED_TWICE, open_standard_streams

YOUNG = 100_000  # objects between two searches for circles: a run makes millions of objects and next to no circle


def main() -> None:
    """Runs the command line; the exit code is the verdict."""
    open_standard_streams()
    gc.set_threshold(YOUNG, 50, 100)
    try:
        app()
    except KeyboardInterrupt:  # where nobody else stood to catch it
        sys.exit(STOPPED_TWICE)


if __name__ == "__main__":
    main()
