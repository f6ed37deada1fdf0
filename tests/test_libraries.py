"""What can be said of libraries: names that are there, and extras that install them."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette

import apivitals
from apivitals.tracing.pairs import PAIRS

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
NOT_INSTALLABLE = {"elasticsearch"}
"""Its instrumentation is of an older version than ours, which none of its versions goes with."""


def test_every_library_has_an_extra_that_installs_it_and_its_instrumentation():
    extras = dict(
        re.findall(
            r'^([a-z0-9-]+) = \["(?:.*, ")?(opentelemetry-instrumentation-[^">]+)', PYPROJECT.read_text(), re.MULTILINE
        )
    )
    assert {pair.name for pair in PAIRS} - NOT_INSTALLABLE <= set(extras)


def test_a_library_that_there_is_not_is_an_error_with_the_nearest_one():
    app = Starlette()
    with pytest.raises(
        apivitals.SettingsError, match="libraries: there is no library 'sqlalchmy': did you mean sqlalchemy"
    ):
        apivitals.instrument(app, libraries=["sqlalchmy"])
    assert "_apivitals" not in vars(app)


def test_a_library_that_is_not_installed_is_an_error_with_the_remedy():
    missing = next(pair.name for pair in PAIRS if not pair.is_installed())
    with pytest.raises(apivitals.SettingsError, match=re.escape(f"pip install 'apivitals[{missing}]'")):
        apivitals.instrument(Starlette(), libraries=[missing])
