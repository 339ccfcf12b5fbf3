"""The command `evalslo`."""

import sys


def main() -> None:
    """Runs the command line; the exit code is the verdict."""
    # all of it is imported in here, where Ctrl-C is looked after: Python shows a traceback before that
    try:
        from evalslo.cli.early_stop import STOPPED_AT_ONCE, early_stop

        early_stop.arm()
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        _run()
    except (KeyboardInterrupt, SystemExit, Exception) as end:
        if early_stop.came or isinstance(end, KeyboardInterrupt):
            sys.exit(STOPPED_AT_ONCE)
        raise


def _run() -> None:
    import gc

    from evalslo.cli.app import app
    from evalslo.cli.door import open_standard_streams

    open_standard_streams()
    young = 100_000  # objects between two searches for circles: a run makes millions of objects and next to no circle
    gc.set_threshold(young, 50, 100)
    app()


if __name__ == "__main__":
    main()
