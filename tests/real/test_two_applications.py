"""Applications beside each other, in several workers: each one's numbers are its own, whichever was asked first."""

import itertools
from functools import partial

import pytest

from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.servers import eventually, uvicorn
from tests.support.vitals import COUNT

PATHS = ("/films/film", "/books/book")


@pytest.mark.parametrize("orders", list(itertools.product((PATHS, PATHS[::-1]), repeat=2)))
def test_which_application_is_asked_first_does_not_matter(orders, tmp_path):
    environment = {"APIVITALS_WORKER_DIR": str(tmp_path)}
    app = "tests.real.apps.siblings:app"
    with uvicorn(app, env=environment) as first, uvicorn(app, env=environment) as second:
        for worker, order in zip((first, second), orders, strict=True):
            for path in order:
                assert get(worker.url + path).status == 200
        for worker in (first, second):
            for name, route in (("films", "/film"), ("books", "/book")):
                page = f"{worker.url}/{name}/metrics"
                # A request is counted after its last byte was sent: another worker may be asked before that
                eventually(partial(has_counted, page, {route: 2}), f"two requests on {page}")


def has_counted(page, by_route):
    return {one.labels["http_route"]: one.value for one in samples(get(page).body).series(COUNT)} == by_route
