"""What the benchmarks print and keep: tables in Markdown, verdicts, and the same as JSON."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "apivitals",
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "prometheus-client",
    "prometheus-fastapi-instrumentator",
    "starlette_exporter",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
)


def positive(text: str) -> int:
    """Read a whole number above 0; argparse prints what is wrong in one line."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def positives(text: str) -> list[int]:
    """Read some of them, with commas between."""
    return [positive(part) for part in text.split(",")]


def arguments(description: str | None, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run of some seconds; its numbers mean nothing")
    if rounds is not None:
        parser.add_argument(
            "--rounds", type=positive, default=rounds, help="measurements of each row (default: %(default)s)"
        )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to this file")
    return parser


def say(line: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table; the first column is text, the others are numbers."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (header, rule, *lines[1:]):
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        say("| " + " | ".join((first, *others)) + " |")
    say()


def verdict(measured: float, target: float, form: str = ".2f") -> str:
    """Return what was measured, the target, which is an upper bound, and whether it was reached."""
    return f"{measured:{form}} (reach {target:g}: {'reached' if measured <= target else 'MISSED'})"


def machine() -> str:
    """Return the kind of machine in words."""
    return (
        f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}"
    )


def versions() -> dict[str, str]:
    """Return the installed versions of what is compared."""
    return {package: found for package in PACKAGES if (found := _version(package))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def introduce(title: str) -> None:
    """Print what is measured and on what."""
    say(f"## {title}")
    say()
    say(f"{machine()}; " + ", ".join(f"{package} {number}" for package, number in versions().items()))
    say()


def keep(path: Path | None, results: dict[str, Any]) -> None:
    """Write the results to the file, if there is one."""
    if path is not None:
        path.write_text(json.dumps({"machine": machine(), "versions": versions(), **results}, indent=2) + "\n")
