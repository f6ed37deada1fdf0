"""What `apivitals doctor` advises where Prometheus could not scrape, by the words of its own error."""

import pytest

from apivitals.stack.doctor.prometheus_api import Prometheus, ScrapeTarget
from apivitals.stack.doctor.scraping import target_check

URL = "http://10.0.0.1:40451/metrics"
CREDENTIALS = "authorization"
PATH = "metrics_path"
ADDRESS = "start the service"
TIME = "scrape_timeout"
PAGE = "targets page"


@pytest.mark.parametrize(
    ("error", "advised"),
    [
        ("server returned HTTP status 401 Unauthorized", CREDENTIALS),
        ("server returned HTTP status 403 Forbidden", CREDENTIALS),
        ("server returned HTTP status 404 Not Found", PATH),
        (f'unexpected status code returned when scraping "{URL}": 404; expecting 200; response body: "no"', PATH),
        (f'Get "{URL}": dial tcp 10.0.0.1:40451: connect: connection refused', ADDRESS),
        (f'Get "{URL}": dial tcp 10.0.0.1:404: connect: connection refused', ADDRESS),
        ('Get "http://films/metrics": dial tcp: lookup films on 127.0.0.11:53: no such host', ADDRESS),
        (f'Get "{URL}": context deadline exceeded', TIME),
        (f'Get "{URL}": dial tcp 10.0.0.1:40451: i/o timeout', TIME),
        ('server returned HTTP status 503 Service Unavailable; response body: "error 404"', PAGE),
        ('expected label name, got "INVALID"', PAGE),
    ],
)
def test_it_goes_by_the_cause_and_not_by_the_digits_of_an_address(error, advised):
    target = ScrapeTarget(URL, {"job": "films"}, "down", error, 15.0)
    with Prometheus("http://127.0.0.1:1") as not_asked:
        check = target_check(not_asked, target, URL)
    assert check.status == "problem"
    assert check.message == f"{URL} is down: {error}"
    assert advised in check.advice
