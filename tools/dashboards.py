"""Writes the dashboards that ship from their declarations; `--check` only says whether they are up to date."""

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from apivitals.dashboards.catalogue import BOARDS

DIRECTORY = Path(__file__).parent.parent / "grafana" / "dashboards"


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` compare."""
    wanted = {DIRECTORY / f"{board.uid}.json": board.json() for board in BOARDS}
    if list(arguments) == ["--check"]:
        found = list(_differences(wanted))
        print("".join(found), end="")
        return 1 if found else 0
    if arguments:
        print("usage: python tools/dashboards.py [--check]", file=sys.stderr)
        return 2
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for file in _left_over(wanted):
        file.unlink()
    for file, text in wanted.items():
        file.write_text(text, encoding="utf-8")
    return 0


def _differences(wanted: dict[Path, str]) -> Iterator[str]:
    for file in _left_over(wanted):
        yield f"{file} is of no dashboard\n"
    for file, text in wanted.items():
        there = file.read_text(encoding="utf-8") if file.exists() else ""
        yield from difflib.unified_diff(
            there.splitlines(keepends=True), text.splitlines(keepends=True), f"{file}", f"{file} (declared)"
        )


def _left_over(wanted: dict[Path, str]) -> list[Path]:
    return [file for file in sorted(DIRECTORY.glob("*.json")) if file not in wanted]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
