"""Requests are measured without an error of ours."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.vitals import ERRORS, Instrumented


@pytest.fixture
def instrumented(instrumented: Callable[..., Instrumented]) -> Iterator[Callable[..., Instrumented]]:
    """Instrument applications for one test, in which apivitals must not catch an error of its own."""
    made: list[Instrumented] = []

    def make(app: Any, **settings: Any) -> Instrumented:
        made.append(instrumented(app, **settings))
        return made[-1]

    yield make
    assert [one.page().value(ERRORS) for one in made] == [0.0] * len(made)
