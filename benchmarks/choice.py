"""The option that says which variants to compare."""

import argparse

from benchmarks.report import say
from benchmarks.variants import PLAIN, VARIANTS


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--variants", default=";".join(VARIANTS), help="which to compare, with semicolons (default: all); plain always"
    )


def chosen(parser: argparse.ArgumentParser, names: str) -> tuple[list[str], list[str]]:
    """Return the variants that can run, and say and return why the others cannot.

    A name that there is not ends the program with one line.
    """
    named = names.split(";")
    unknown = [name for name in named if name not in VARIANTS]
    if unknown:
        parser.error(f"no variant is called {unknown[0]!r}; there are: {', '.join(VARIANTS)}")
    asked = list(dict.fromkeys([PLAIN, *(VARIANTS[name].base for name in named), *named]))
    skipped = [line for name in asked if (line := VARIANTS[name].missing())]
    for line in skipped:
        say(line)
    return [name for name in asked if VARIANTS[name].missing() is None], skipped
