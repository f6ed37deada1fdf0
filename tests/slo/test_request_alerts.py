"""Alerts on requests: they fire when they should, and only then."""

from tests.slo.tables import QUIET, check_table, kinds
from tests.support.promtool import Case
from tests.support.traffic import component, series, served, target

UP = target()
IDLE = UP | served("500x60") | served("40x60", status="500", error="500")
NOTHING = UP
HEALTHY = UP | served("0+30x60")
RESTARTED = UP | served("900+30x15 0+30x40") | served("400x15 0x40", status="500", error="500")
FAILING = UP | served("0+30x60") | served("0+5x60", status="500", error="ValueError")


def slow(seconds, **labels):
    return UP | served("0+30x60", seconds, **labels)


def requests(name, loud, quiet, severity=None):
    """Cases of an alert on requests: what differs is what makes it fire, and what almost does."""
    usual = {"idle": IDLE, "missing": NOTHING, "restart": RESTARTED, "healthy": HEALTHY}
    return name, [
        Case("fires", loud, "15m", 1, {"severity": severity} if severity else {}),
        Case("quiet", quiet, "15m", QUIET),
        *(Case(kind, values, "15m", QUIET) for kind, values in usual.items()),
    ]


TABLE = dict(
    [
        requests("ApiResponseTimeHigh", slow(1.5), slow(0.9), "warning"),
        requests("ApiLatencyHigh", slow(1.5), slow(1.5, first_byte=0.2), "info"),
        requests("ApiErrorRateHigh", FAILING, UP | served("0+999x60") | served("0+5x60", status="500", error="500")),
        requests("ApiErrorSpike", FAILING, UP | served("0+300x60") | served("0+5x60", status="500", error="500")),
    ]
)
TABLE["ApiResponseTimeHigh"] += [
    Case("past critical too", slow(5), "15m", 2),
    Case("not for long enough", UP | served("0+30x15") | served("_x8 0+30x4 120x50", 5, route="/slow"), "8m", QUIET),
    Case("few requests", UP | served("0+1x60", 5), "15m", QUIET),
    Case("of a class that may be slow", slow(1.5, priority="low"), "15m", QUIET),
]
TABLE["ApiErrorRateHigh"] += [
    Case("no others succeed", UP | served("0+5x60", status="500", error="500"), "15m", 1),
    Case("few failures", UP | served("0+1x8 8x60") | served("0 1 2 3 4x60", status="500", error="500"), "15m", QUIET),
    Case("clients that left", UP | served("0+30x60") | served("0+9x60", error="client_disconnected"), "15m", QUIET),
    Case("not found", UP | served("0+30x60") | served("0+9x60", status="404"), "15m", QUIET),
    Case("raised after the start", UP | served("0+30x60") | served("0+9x60", error="ValueError"), "15m", 1),
    Case("goes on after a restart", UP | served("0+30x20 0+30x60") | served("0+9x20 0+9x60", error="E"), "15m", 1),
]
TABLE["ApiErrorSpike"] += [
    Case(
        "the first failures of a route, all in one scrape",
        UP | served("0+9x60") | served("_x20 40x40", route="/new", status="500", error="KeyError"),
        "12m",
        1,
    ),
    Case(
        "a Prometheus that was away does not take old failures for new",
        target("1x5 _x30 1x20") | served("0+9x5 _x30 400+9x20") | served("50x5 _x30 50x20", status="500", error="E"),
        "20m",
        QUIET,
    ),
]


def test_each_alert():
    check_table(TABLE)


def test_every_kind_of_case():
    assert kinds(TABLE) == []


def floor(*, selector):
    return {
        "selector": {"job": "shop"} if selector else {},
        "classes": {"critical": {"throughput": {"floor": 0.5}}},
    }


def test_throughput_floor():
    cases = [
        Case("fires", UP | served("0+10x60"), "15m", 1, {"priority": "critical", "severity": "warning"}),
        Case("quiet", UP | served("0+30x60"), "15m", QUIET),
        Case("idle", IDLE, "15m", 1),
        Case("down", target("1x9 0x60") | served("0+30x9 stale"), "15m", QUIET),
        Case("another service", target(job="other") | served("0+30x60", job="other"), "15m", QUIET),
    ]
    check_table({"ApiThroughputLow": [*cases, Case("missing", UP, "15m", QUIET)]}, floor(selector=False))
    check_table({"ApiThroughputLow": [*cases, Case("missing", UP, "15m", 1)]}, floor(selector=True))


def test_a_route_with_values_of_its_own():
    own = {"routes": {"GET /exports/*": {"class": "low", "response_time_seconds": {"warning": 6, "good": 4}}}}
    cases = [
        Case("fires", slow(8, method="GET", route="/exports/{id}", priority="low"), "15m", 1, {"severity": "info"}),
        Case("by another method", slow(8, method="POST", route="/exports/{id}", priority="low"), "15m", QUIET),
        Case("another route", slow(8, method="GET", route="/export", priority="low"), "15m", QUIET),
    ]
    check_table({"ApiResponseTimeHigh": cases}, own)


def test_what_it_says():
    calm, after = 125, 40
    said = check_table(
        {
            "ApiResponseTimeHigh": [
                Case(
                    "fires",
                    target(f"1x{calm + after}")
                    | served(f"0+30x{calm} {30 * calm}x{after}")
                    | served(f"0x{calm} 0+30x{after}", 1.5, status="201")
                    | component("database", f"0+0.3x{calm} {0.3 * calm}+30x{after}")
                    | component("endpoint", f"0+1x{calm + after}"),
                    "80m",
                    1,
                )
            ]
        },
        texts=True,
    )["ApiResponseTimeHigh"]["fires"][0]
    assert said.annotations["summary"].startswith("critical-priority requests of shop: p95 response time is 1.")
    assert "and an hour ago it was 95ms" in said.annotations["description"]
    assert "Look first at database: " in said.annotations["description"]
    assert "more per request than an hour ago." in said.annotations["description"]
    assert "Most time goes to POST /pay." in said.annotations["description"]
    assert said.labels == {
        "alertname": "ApiResponseTimeHigh",
        "job": "shop",
        "priority": "critical",
        "severity": "warning",
        "tier": "threshold",
    }


def test_error_texts_name_the_error_and_the_route():
    said = check_table({"ApiErrorSpike": [Case("fires", FAILING, "15m", 1)]}, texts=True)["ApiErrorSpike"]["fires"][0]
    assert "Look first at ValueError in POST /pay" in said.annotations["description"]
    assert "14.29% fail, suddenly" in said.annotations["summary"]


def test_in_flight():
    name = "http_server_active_requests"
    ages = "apivitals_http_server_active_requests_max_age_seconds"
    labels = {"http_request_method": "POST", "http_route": "/pay", "priority": "critical"}

    def cases(metric, high, low):
        return [
            Case("fires", UP | series(metric, f"{high}x60", labels), "15m", 1),
            Case("quiet", UP | series(metric, f"{low}x60", labels), "15m", QUIET),
            Case("idle", UP | series(metric, "0x60", labels), "15m", QUIET),
            Case("missing", UP, "15m", QUIET),
            Case("restart", UP | series(metric, f"{high}x2 stale 0x40", labels), "15m", QUIET),
        ]

    check_table({"ApiInFlightPileUp": cases(name, 120, 90), "ApiRequestStuck": cases(ages, 90, 50)})
