"""Run the unit tests on every supported Python that is found, with newest, oldest and no FastAPI.

Each cell has an environment of its own under .venvs/, kept for the next run. Standard library only: it runs
before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venvs"
SUPPORTED_PYTHONS = ("3.10", "3.11", "3.12", "3.13")
FRAMEWORKS = {
    "FastAPI newest": ["fastapi"],
    # The first FastAPI that works with Pydantic 2, which pydantic-settings brings.
    "FastAPI oldest": ["fastapi==0.100.0"],
    "Starlette": [],
}
# An old release warns of what its dependencies have deprecated since; elsewhere a warning is an error, as in pyproject.
PYTEST_OPTIONS = {"FastAPI oldest": ["-W", "default"]}
# What does not depend on the versions, or measures only the newest, is run by `make test` alone.
ONCE = (
    *("alertmanager_config", "benchmarks", "cli/test_demo.py", "dashboards", "demo"),
    *("packaging", "real", "slo", "stack"),
)
# What hardly knows of a framework is not run again without FastAPI, on a Python that has run it with FastAPI.
FRAMEWORK_FREE = ("alerts", "breakdown", "objectives", "sources", "store", "workers")
REPORTED = ("passed", "failed", "error", "skipped")


@dataclass(frozen=True)
class Interpreter:
    """A Python that answers."""

    minor: str
    version: str
    path: Path


@dataclass
class Cell:
    """One run of the tests: this Python with that framework."""

    interpreter: Interpreter
    framework: str
    ok: bool = False
    counts: str = ""
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def directory(self) -> Path:
        """Its environment."""
        return ENVIRONMENTS / f"{self.interpreter.minor}-{self.framework.replace(' ', '-').lower()}"


def main() -> int:
    """Run the cells that were asked for; 1 when any of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--oldest-newest",
        action="store_true",
        help="only oldest Python with oldest FastAPI, newest with newest, and plain Starlette on the newest",
    )
    parser.add_argument("pytest_args", nargs="*", help="after --: for pytest (default: the unit tests)")
    arguments = parser.parse_args()

    interpreters = find_interpreters()
    if not interpreters:
        print(f"no Python of {', '.join(SUPPORTED_PYTHONS)} on PATH or under pyenv's versions", file=sys.stderr)
        return 1
    cells = choose_cells(interpreters, oldest_newest=arguments.oldest_newest)
    for cell in cells:
        run_cell(cell, arguments.pytest_args or left_out(cell))
    print_table(cells)
    missing = sorted(set(SUPPORTED_PYTHONS) - {interpreter.minor for interpreter in interpreters})
    if missing:
        print(f"not found, so not tested: Python {', '.join(missing)}")
    print(f"matrix: {sum(cell.passed for cell in cells)} passed, {sum(cell.failed for cell in cells)} failed")
    return 0 if all(cell.ok for cell in cells) else 1


def find_interpreters() -> list[Interpreter]:
    """Return one interpreter for each supported minor version, oldest first, pyenv's before PATH's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [*sorted(pyenv.glob("3.*/bin/python3"), reverse=True), Path(sys.executable)]
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        candidates += [Path(directory, f"python{minor}") for minor in SUPPORTED_PYTHONS]
        candidates.append(Path(directory, "python3"))
    found: dict[str, Interpreter] = {}
    for candidate in candidates:
        version = ask_version(candidate)
        minor = version.rpartition(".")[0]
        if minor in SUPPORTED_PYTHONS:
            found.setdefault(minor, Interpreter(minor, version, candidate))
    return [found[minor] for minor in SUPPORTED_PYTHONS if minor in found]


def ask_version(python: Path) -> str:
    """Return `3.11.7`, or an empty string: a pyenv shim can be on PATH and yet fail."""
    if not os.access(python, os.X_OK):
        return ""
    try:
        answer = subprocess.run([python, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.fullmatch(r"Python (3\.\d+\.\d+)\s*", answer.stdout)
    return match[1] if match and answer.returncode == 0 else ""


def choose_cells(interpreters: list[Interpreter], *, oldest_newest: bool) -> list[Cell]:
    """Return all cells, or the corners of the support."""
    if oldest_newest:
        oldest, newest = interpreters[0], interpreters[-1]
        return [Cell(oldest, "FastAPI oldest"), Cell(newest, "FastAPI newest"), Cell(newest, "Starlette")]
    return [Cell(interpreter, framework) for interpreter in interpreters for framework in FRAMEWORKS]


def left_out(cell: Cell) -> list[str]:
    """Return the options by which pytest passes over what other runs have."""
    paths = ONCE if FRAMEWORKS[cell.framework] else (*ONCE, *FRAMEWORK_FREE)
    return [f"--ignore=tests/{path}" for path in paths]


def run_cell(cell: Cell, pytest_args: list[str]) -> None:
    """Make the environment where it is not there yet, and run the tests in it."""
    print(f"== Python {cell.interpreter.version}, {cell.framework}", flush=True)
    begin = time.monotonic()
    try:
        make_environment(cell)
    except subprocess.CalledProcessError as error:
        cell.counts, cell.failed = "could not be installed", 1
        print(error.output, flush=True)
    else:
        run_tests(cell, pytest_args)
    cell.seconds = time.monotonic() - begin


def make_environment(cell: Cell) -> None:
    """Install the package, what its tests need, and the cell's framework, unless it has been done."""
    requirements = FRAMEWORKS[cell.framework]
    recipe = (ROOT / "pyproject.toml").read_bytes() + repr((cell.interpreter, requirements)).encode()
    stamp = cell.directory / f".installed-{hashlib.sha256(recipe).hexdigest()[:16]}"
    if stamp.exists():
        return
    python = cell.directory / "bin" / "python"
    if not python.exists():
        quietly([ROOT / "tools" / "make_venv", cell.interpreter.path, cell.directory])
    pip: list[str | Path] = [python, "-m", "pip", "-qq", "--disable-pip-version-check"]
    quietly([*pip, "install", "--editable", f"{ROOT}[dev]", *requirements])
    if not requirements:
        quietly([*pip, "uninstall", "--yes", "fastapi"])
    stamp.touch()


def run_tests(cell: Cell, pytest_args: list[str]) -> None:
    """Run pytest, let its output through when it fails, and keep its counts."""
    # Without its cache directory: --last-failed of the developer's own runs stays theirs.
    command: list[str | Path] = [cell.directory / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command.append("--continue-on-collection-errors")
    command += [*PYTEST_OPTIONS.get(cell.framework, []), *pytest_args]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    counted = {word: re.search(rf"(\d+) {word}", done.stdout.rstrip().rpartition("\n")[2]) for word in REPORTED}
    numbers = {word: int(match[1]) for word, match in counted.items() if match}
    cell.ok = done.returncode == 0
    cell.passed = numbers.get("passed", 0)
    cell.failed = numbers.get("failed", 0) + numbers.get("error", 0)
    if not cell.ok:
        cell.failed = max(cell.failed, 1)
        print(done.stdout, flush=True)
    cell.counts = ", ".join(f"{number} {word}" for word, number in numbers.items()) or f"pytest ended {done.returncode}"


def quietly(command: list[str | Path]) -> None:
    """Run it, keeping what it says for the case that it fails.

    Raises:
        subprocess.CalledProcessError: it failed; `output` has both streams.
    """
    subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)


def print_table(cells: list[Cell]) -> None:
    """Print one line for each cell."""
    print(f"\n{'Python':<10}{'framework':<16}{'versions':<34}{'result':<8}{'tests':<32}{'time':>7}")
    for cell in cells:
        result = "ok" if cell.ok else "FAILED"
        print(
            f"{cell.interpreter.version:<10}{cell.framework:<16}{installed_versions(cell):<34}"
            f"{result:<8}{cell.counts:<32}{cell.seconds:6.0f}s"
        )


def installed_versions(cell: Cell) -> str:
    """Return what the cell really had, as `fastapi 0.165.0, starlette 1.10.0`."""
    code = (
        "from importlib.metadata import version, PackageNotFoundError as N\n"
        "for n in ('fastapi', 'starlette'):\n"
        "    try: print(n, version(n))\n"
        "    except N: pass"
    )
    try:
        answer = subprocess.run(
            [cell.directory / "bin/python", "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return "?"
    return ", ".join(answer.stdout.split("\n")).strip(", ")


if __name__ == "__main__":
    sys.exit(main())
