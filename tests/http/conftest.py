"""Instrumented applications that are given back as they were."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.vitals import ERRORS, Instrumented


@pytest.fixture
def instrumented() -> Iterator[Callable[..., Instrumented]]:
    """Instrument applications for one test, in which apivitals must not catch an error of its own."""
    made: list[Instrumented] = []

    def make(app: Any, **settings: Any) -> Instrumented:
        made.append(Instrumented(app, **settings))
        return made[-1]

    yield make
    pages = [one.page() for one in made]
    for one in made:
        one.vitals.uninstrument()
    assert [page.value(ERRORS) for page in pages] == [0.0] * len(pages)
