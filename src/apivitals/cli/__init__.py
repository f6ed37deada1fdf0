"""The command line, ``apivitals``: one file per command, and this way in, which also works without the extra."""

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code; one line and 2 where the extra is missing."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> int:
    try:
        from apivitals.cli.application import run  # noqa: PLC0415 (typer is in an extra)
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != "typer":
            raise
        print(  # noqa: T201 (what a user of the command line reads)
            "apivitals: the command line needs its extra: pip install 'apivitals[cli]'", file=sys.stderr
        )
        return 2
    return run(sys.argv[1:])
