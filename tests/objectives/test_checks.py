"""What is found in a file that is valid: what can never happen, and what does not go with the running service."""

from pathlib import Path

import pytest

from apivitals.objectives.live import Live, compare, live

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
from apivitals.objectives.examination import Examination  # noqa: E402  # needs PyYAML
from apivitals.objectives.template import template  # noqa: E402  # beside it

BOUNDS = frozenset({0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, float("inf")})


def found(text, service=None):
    examination = Examination(text, Path("apivitals.yaml"))
    findings = list(examination.findings)
    if service is not None:
        assert examination.objectives is not None
        findings += compare(examination.objectives, service)
    return [finding.at("f", examination.lines.of(finding.location)) for finding in findings]


def only(text, service=None):
    said = found(text, service)
    assert len(said) == 1, said
    return said[0]


def test_nothing_is_wrong_with_the_defaults():
    assert found("") == []
    assert found(template()) == []


@pytest.mark.parametrize(
    ("percent", "windows"),
    [(93.05, "5m/1h"), (83, "5m/1h and 30m/6h"), (60, "5m/1h and 30m/6h and 2h/1d")],
)
def test_a_burn_rate_that_can_never_be_reached(percent, windows):
    said = only(f"classes:\n  low:\n    availability_percent: {percent}\n")
    assert said.startswith("f:3: warning: classes.low.availability_percent: ")
    assert f"the burn-rate alert over {windows} can never fire" in said


def test_a_burn_rate_that_can_just_be_reached():
    assert found("classes: {low: {availability_percent: 93.06}}") == []


def test_a_burn_rate_of_a_longer_window():
    assert "28.8 x 5 % is not under 100 %" in found("slo_window_days: 60")[0]


def test_burn_rates_only_of_what_has_objectives():
    route = '"/x": {latency: [{percent: 80, within_seconds: 1}], objectives: %s}'
    assert "f:1: warning: routes['/x'].latency[0].percent: " in only(f"routes: {{{route % 'true'}}}")
    assert found(f"routes: {{{route % 'false'}}}") == []
    assert found(f"routes: {{{route % 'true'}}}\nfeatures: {{slo: false}}") == []


def test_a_short_window_of_too_few_scrapes():
    assert found("scrape_interval_seconds: 75") == []
    assert only("\nscrape_interval_seconds: 76") == (
        "f:2: error: scrape_interval_seconds: a short window of 5m holds less than 4 scrapes, which a rate needs;"
        " scrape every 75 s or more often"
    )


def test_a_pattern_that_another_hides():
    text = 'excluded_routes: ["/health*"]\npriorities: {"/a/*": low}\nroutes:\n  "/healthy": low\n  "GET /a/b": high\n'
    assert found(text) == [
        (
            "f:4: error: routes['/healthy']: is never used: '/health*' (excluded_routes) comes first and fits all of"
            " its routes"
        ),
        "f:5: error: routes['GET /a/b']: is never used: '/a/*' (priorities) comes first and fits all of its routes",
    ]


def test_patterns_that_overlap():
    assert only('routes:\n  "/a/*": low\n  "/*/b": high\n') == (
        "f:3: warning: routes['/*/b']: overlaps with '/a/*', which comes first and decides for what fits both"
    )
    assert found('routes:\n  "/a/*": low\n  "/*/b": low\n') == []
    assert found('routes:\n  "POST /a/*": low\n  "/a/*": high\n') == [], "first the special, then the general"


def test_what_is_invalid_has_its_line():
    text = (
        "classes:\n  low:\n    severities:\n      fast: urgent\nseries_limit: 0\nroute: {}\nmetrics_token: [s3cret]\n"
    )
    said = found(text)
    assert [line.split(":")[1] for line in said] == ["4", "6", "5", "7"]
    assert "f:4: error: classes.low.severities.fast = 'urgent': should be 'critical', 'warning' or 'info'" in said
    assert "f:6: error: route: there is no such setting; did you mean routes?" in said
    assert "s3cret" not in "".join(said)


def test_a_key_that_is_there_twice():
    text = 'routes:\n  "/a": low\n  "/a": high\n'
    assert only(text) == "f:3: error: routes['/a']: is there twice, and only the last one counts"


def test_an_argument_that_is_none_of_a_file():
    assert only("registries: []") == "f:1: error: registries: can only be an argument of instrument()"


def test_a_token_file_of_another_machine():
    assert only("metrics_token_file: /no/where") == (
        "f:1: warning: metrics_token_file: /no/where cannot be used: No such file or directory; on the service's"
        " machine it must be there"
    )


def test_bounds_without_a_threshold():
    said = only("duration_bounds_seconds: [0.1, 0.2, 0.5, 1, 2, 5, 10]\nsla: {p95_seconds: 3}")
    assert said.startswith("f:1: error: duration_bounds_seconds: lacks 3, 30, which objectives compare with")
    assert found("duration_bounds_seconds: x")[0].startswith("f:1: error: duration_bounds_seconds = 'x': should be")


def test_more_bounds_than_a_histogram_may_have():
    routes = "\n".join(f"  /{n}: {{latency: [{{percent: 99, within_seconds: {n}.25}}]}}" for n in range(90))
    assert only(f"routes:\n{routes}") == "f: error: 98 response times make over 100 bucket bounds: use fewer"


def test_a_threshold_that_is_no_bound_of_the_service():
    text = "classes:\n  low:\n    response_time_seconds: {good: 4}\nsla:\n  p95_seconds: 4\n  p99_seconds: 0.7\n"
    said = found(text, Live({("GET", "/x"): "medium"}, BOUNDS))
    assert said == [
        (
            "f:3: error: classes.low.response_time_seconds.good: 4 s is no bucket bound of the running service: start"
            " it again with this file, or add 4 to its duration_bounds_seconds"
        ),
        (
            "f:6: error: sla.p99_seconds: 0.7 s is no bucket bound of the running service: start it again with this"
            " file, or add 0.7 to its duration_bounds_seconds"
        ),
    ]


SERVICE = Live({("GET", "/payments/{id}"): "high", ("POST", "/payments/{id}"): "critical"}, BOUNDS)


def test_a_pattern_that_fits_nothing_live():
    said = found('routes:\n  "POST /payment/{id}": critical\n  "/zzz": low\n', SERVICE)
    assert said == [
        (
            "f:2: warning: routes['POST /payment/{id}']: fits no route that the service has answered so far; did you"
            " mean 'POST /payments/{id}'?"
        ),
        "f:3: warning: routes['/zzz']: fits no route that the service has answered so far",
    ]


def test_a_pattern_that_decides_for_nothing_live():
    text = 'routes:\n  "POST /*": critical\n  "GET /*": high\n  "/payments/*": high\n'
    said = found(text, SERVICE)
    assert (
        "f:4: warning: routes['/payments/*']: decides for no route of the service: 'GET /*', 'POST /*' comes"
        in said[-1]
    )


def test_a_class_that_the_service_does_not_have_yet():
    assert only('routes: {"/payments/*": high}', SERVICE) == (
        "f:1: warning: routes['/payments/*']: the service labels POST /payments/{id} as critical, and the file as high:"
        " start it again with this file, or see whether its arguments or environment say otherwise"
    )
    assert found("default_priority: low", SERVICE) == [], "a decorator may say otherwise"


def test_a_service_without_requests():
    assert only("", live("")) == (
        "f: warning: the service has answered no request yet: its routes and bucket bounds are not known"
    )
