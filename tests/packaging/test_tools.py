"""What `make` calls before anything is installed: it has to say clearly what a machine lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT, needs
from tools import matrix


def program(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def run(*command: str | Path, path: Path | None = None) -> tuple[int, list[str]]:
    """Run it with that directory first on PATH; its status and the lines it said."""
    env = os.environ | {"PATH": os.pathsep.join(filter(None, [str(path or ""), os.environ["PATH"]]))}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=120, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


class TestInterpreters:
    @pytest.fixture(autouse=True)
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A machine with nothing but what a test puts on it."""
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
        self.root = tmp_path

    def python(self, where: str, version: str) -> Path:
        directory, name = (self.root / where).parent, Path(where).name
        return program(directory, name, f"echo Python {version}")

    def found(self) -> dict[str, Path]:
        return {interpreter.version: interpreter.path for interpreter in matrix.find_interpreters()}

    def test_are_found_on_path_and_under_pyenv_oldest_first(self):
        newer = self.python("bin/python3.13", "3.13.2")
        older = self.python("pyenv/versions/3.10.9/bin/python3", "3.10.9")
        assert list(self.found().items()) == [("3.10.9", older), ("3.13.2", newer)]

    def test_are_taken_once_for_each_minor_version(self):
        self.python("bin/python3", "3.12.1")
        self.python("bin/python3.12", "3.12.1")
        assert list(self.found()) == ["3.12.1"]

    def test_that_fail_are_passed_over(self):
        """As a pyenv shim does for a version that is not the chosen one."""
        program(self.root / "bin", "python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
        assert self.found() == {}

    def test_that_are_not_supported_are_passed_over(self):
        self.python("bin/python3", "3.9.18")
        self.python("pyenv/versions/3.14.0/bin/python3", "3.14.0")
        assert self.found() == {}


def test_cells_are_every_python_with_every_framework():
    pythons = [matrix.Interpreter(minor, f"{minor}.1", Path("python")) for minor in ("3.10", "3.11", "3.13")]
    assert len(matrix.choose_cells(pythons, oldest_newest=False)) == 9
    corners = [(cell.interpreter.minor, cell.framework) for cell in matrix.choose_cells(pythons, oldest_newest=True)]
    assert corners == [("3.10", "FastAPI oldest"), ("3.13", "FastAPI newest"), ("3.13", "Starlette")]


@pytest.mark.parametrize(
    ("framework", "paths"),
    [("FastAPI newest", matrix.ONCE), ("Starlette", (*matrix.ONCE, *matrix.FRAMEWORK_FREE))],
)
def test_a_cell_leaves_out_what_is_there(framework: str, paths: tuple[str, ...]):
    cell = matrix.Cell(matrix.Interpreter("3.13", "3.13.1", Path("python")), framework)
    left_out = [option.removeprefix("--ignore=") for option in matrix.left_out(cell)]
    assert left_out == [f"tests/{path}" for path in paths]
    assert all((ROOT / path).exists() for path in left_out)


def test_make_without_a_target_lists_the_targets():
    needs("make")
    status, lines = run("make", "--no-print-directory")
    assert status == 0
    listed = [line.split()[1] for line in lines if line.startswith("  make ")]
    assert {"demo", "test", "lint", "test-matrix", "benchmark", "wheel", "clean", "help"} <= set(listed)


@pytest.mark.parametrize("python", ["/nowhere/python3", "old"])
def test_environment_from_an_unfit_python_is_refused_in_one_line(python: str, tmp_path: Path):
    if python == "old":
        python = str(program(tmp_path, "old", "[ $1 = --version ] && echo Python 3.8.1; exit 1"))
    status, lines = run(ROOT / "tools/make_venv", python, tmp_path / "environment")
    assert status == 1
    assert len(lines) == 1, lines
    assert python in lines[0]
    assert "3.10 or newer" in lines[0]
    assert not (tmp_path / "environment").exists()


def test_packages_that_may_not_be_installed_are_named_in_one_line(tmp_path: Path):
    program(tmp_path, "id", "echo 1000")
    program(tmp_path, "apt-get", f"touch {tmp_path}/called")
    program(tmp_path, "there", "")
    status, lines = run(ROOT / "tools/install_debian_packages", "there", "no-such-package", path=tmp_path)
    assert status == 0
    assert len(lines) == 1, lines
    assert lines[0].split(":")[1].split(";")[0] == " no-such-package"
    assert not (tmp_path / "called").exists()


def test_packages_that_cannot_be_installed_do_not_stop_the_tests(tmp_path: Path):
    program(tmp_path, "id", "echo 0")
    program(tmp_path, "apt-get", "echo E: Unable to locate package; exit 100")
    program(tmp_path, "systemctl", "")
    if not Path("/usr/sbin/policy-rc.d").exists():
        pytest.skip("would write /usr/sbin/policy-rc.d")
    status, lines = run(ROOT / "tools/install_debian_packages", "no-such-package", path=tmp_path)
    assert status == 0
    assert "E: Unable to locate package" in lines
    assert "could not be installed: no-such-package; what needs them is skipped" in lines
