"""The command line's way in: versions, wrong uses and missing extras, each in a line."""

import subprocess
import sys

import pytest

from apivitals.cli.application import run
from apivitals.version import __version__


def apivitals(*arguments, without=()):
    """Run the console script's function in a process of its own that does not find the packages in ``without``."""
    hidden = "".join(f"sys.modules[{name!r}] = None; " for name in without)
    command = f"import sys; {hidden}from apivitals.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_is_printed():
    ended = apivitals("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"apivitals {__version__}\n", "")


def test_without_the_extra_one_line_says_how_to_get_it():
    ended = apivitals("--version", without=["typer"])
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "apivitals: the command line needs its extra: pip install 'apivitals[cli]'\n"


@pytest.mark.parametrize("package", ["fastapi", "httpx", "rich", "sqlalchemy", "uvicorn", "websockets"])
def test_without_a_package_of_the_demo_one_line_names_it(package):
    ended = apivitals("demo", "--once", without=[package])
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == f"apivitals: the demo needs {package}: pip install 'apivitals[demo]'\n"


def test_the_upload_package_is_known_by_both_its_names():
    assert "python-multipart" in apivitals("demo", without=["python_multipart", "multipart"]).stderr


def test_without_a_command_the_help_lists_them(capsys):
    assert run([]) == 2
    assert "demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["demo", "--port", "80000"], "--port"),
        (["demo", "--rate", "61"], "--rate"),
        (["demo", "--for", "0"], "--for"),
        (["demo", "--for", "soon"], "--for"),
        (["demo", "--nope"], "--nope"),
        (["demo", "extra"], "extra"),
        (["nothing"], "nothing"),
    ],
)
def test_a_wrong_use_is_one_line_that_names_it(arguments, named, capsys):
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("apivitals: ")
    assert printed.err.count("\n") == 1
    assert named in printed.err


def test_help_is_no_error(capsys):
    assert run(["demo", "--help"]) == 0
    assert "--for" in capsys.readouterr().out
