"""docs/internals.md names modules, rooms and tests that are there."""

import re
from pathlib import Path

import apivitals

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "internals.md").read_text()
SOURCE = Path(apivitals.__file__).parent


def test_modules_and_tests_that_are_named_are_there():
    named = re.findall(r"`([\w/]+\.py)`", PAGE)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists() and not (SOURCE / name).exists()] == []


def test_every_room_is_on_the_map():
    table = PAGE.split("| room | what is in it |")[1]
    told = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    there = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - {"__init__", "version"} == told
