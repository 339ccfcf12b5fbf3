"""The command `evalslo`."""

from evalslo.cli.app import app


def main() -> None:
    """Runs the command line; the exit code is the verdict."""
    app()


if __name__ == "__main__":
    main()
