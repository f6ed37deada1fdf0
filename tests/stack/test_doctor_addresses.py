"""`apivitals doctor` and addresses and intervals that need care."""

import pytest

pytest.importorskip("httpx", reason="the command line is an extra")
pytest.importorskip("yaml", reason="PyYAML is not installed")
pytest.importorskip("typer", reason="the command line is an extra")

from apivitals.cli.application import run  # the skips above go first
from apivitals.objectives import Objectives
from apivitals.stack.doctor.prometheus_api import Prometheus, ScrapeTarget, seconds
from apivitals.stack.doctor.scraping import alerting_check, find_target, interval_check


@pytest.mark.parametrize("option", ["--prometheus", "--alertmanager"])
@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        *(
            (url, "give a URL, such as http://127.0.0.1:8000")
            for url in ("127.0.0.1:9093", "http://[::1", "http://:80")
        ),
        *((f"http://127.0.0.1:{port}", "its port is to be a number from 1 to 65535") for port in (99999, 0, "x", -1)),
    ],
)
def test_what_is_no_url_is_one_line(option, url, wrong, capsys):
    assert run(["doctor", "http://127.0.0.1:1", option, url]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"apivitals: {url}: {wrong}\n"


def scraped(url="http://127.0.0.1:8000/metrics", interval="15s"):
    return ScrapeTarget(url, {}, "up", "", seconds(interval))


class OfThese(Prometheus):
    """One that was told these targets, and an Alertmanager, of which some cannot be."""

    def targets(self):
        return [scraped("http://127.0.0.1:99999/metrics"), scraped()]

    def alertmanagers(self):
        return ["http://127.0.0.1:99999/api/v2/alerts", "http://127.0.0.1:9093/api/v2/alerts"]


def test_a_target_that_cannot_be_is_not_the_one():
    with OfThese("http://127.0.0.1:9090") as prometheus:
        assert find_target(prometheus, "http://localhost:8000/metrics") == scraped()
        assert alerting_check(prometheus, "http://localhost:9093").status == "ok"


@pytest.mark.parametrize(("interval", "expected"), [("700ms", 0.7), ("1s100ms", 1.1), ("15s", 15)])
def test_an_interval_is_as_long_as_it_is_written(interval, expected):
    """0.7 is not 700 times 0.001."""
    assert interval_check(scraped(interval=interval), Objectives(scrape_interval_seconds=expected)).status == "ok"


def test_a_millisecond_is_a_difference():
    assert interval_check(scraped(interval="701ms"), Objectives(scrape_interval_seconds=0.7)).status == "warning"
