"""What is recorded is what happened."""

import pytest

from tests.slo.tables import DEFAULTS
from tests.support.promtool import recorded
from tests.support.traffic import COMPONENT, series, served, target

UP = target()


def values(names, given, at="10m", **options):
    """Values by series name, each by the values of its labels but the service's, in their order."""
    found = recorded(DEFAULTS, names, given, at, **options)
    return {
        name: {
            "/".join(value for key, value in sorted(labels.items()) if key not in {"job", "__name__"}): number
            for labels, number in got
        }
        for name, got in found.items()
    }


def one(name, given, at="10m", **options):
    (number,) = values([name], given, at, **options)[name].values()
    return number


TRAFFIC = UP | served("0+27x60", 0.05) | served("0+3x60", 0.7, status="500", error="ValueError", route="/new")


def test_traffic_and_errors():
    names = [
        *("job:http_requests:rate5m", "job_priority:http_requests:rate5m", "job:http_errors:ratio_rate5m"),
        *("job_route:http_requests:rate5m", "job_route:http_errors:ratio_rate5m", "job:http_requests:rate5m_max1d"),
    ]
    assert values(names, TRAFFIC) == {
        "job:http_requests:rate5m": {"": pytest.approx(1)},
        "job_priority:http_requests:rate5m": {"critical": pytest.approx(1)},
        "job:http_errors:ratio_rate5m": {"": pytest.approx(0.1)},
        "job_route:http_requests:rate5m": {
            "POST//pay/critical": pytest.approx(0.9),
            "POST//new/critical": pytest.approx(0.1),
        },
        "job_route:http_errors:ratio_rate5m": {"POST//pay/critical": 0, "POST//new/critical": 1},
        "job:http_requests:rate5m_max1d": {"": pytest.approx(1, rel=0.12)},
    }


def test_times():
    names = [f"job:http_response_time_seconds:{what}_5m" for what in ("p50", "p95", "p99", "p999", "mean")]
    found = values([*names, "job:http_latency_seconds:mean_5m"], TRAFFIC)
    assert found["job:http_response_time_seconds:p50_5m"][""] == pytest.approx(0.0556, abs=1e-3)
    assert found["job:http_response_time_seconds:p95_5m"][""] == pytest.approx(0.75)
    assert found["job:http_response_time_seconds:p99_5m"][""] == pytest.approx(0.95)
    assert found["job:http_response_time_seconds:p999_5m"][""] == pytest.approx(0.995)
    assert found["job:http_response_time_seconds:mean_5m"][""] == pytest.approx(0.9 * 0.05 + 0.1 * 0.7)
    assert found["job:http_latency_seconds:mean_5m"][""] == pytest.approx(0.115)


def test_nothing_is_recorded_of_times_and_ratios_while_idle():
    idle = UP | served("500x60")
    names = ["job:http_response_time_seconds:p95_5m", "job:http_errors:ratio_rate5m", "job:http_apdex:ratio_rate5m"]
    assert values(names, idle) == {name: {} for name in names}
    assert one("job:http_requests:rate5m", idle) == 0
    assert one("job:http_errors:rate5m", idle) == 0


def test_components_add_up():
    labels = {"http_request_method": "POST", "http_route": "/pay", "priority": "critical"}
    given = UP | served("0+30x60", 0.4)
    for name, seconds in (("database", 9), ("endpoint", 3)):
        given |= series(f"{COMPONENT}_sum", f"0+{seconds}x60", labels, component=name)
    found = values(["job_priority:http_component_seconds:mean_5m", "job:http_component_seconds:ratio_rate5m"], given)
    assert found == {
        "job_priority:http_component_seconds:mean_5m": {
            "database/critical": pytest.approx(0.3),
            "endpoint/critical": pytest.approx(0.1),
        },
        "job:http_component_seconds:ratio_rate5m": {"database": pytest.approx(0.75), "endpoint": pytest.approx(0.25)},
    }


@pytest.mark.parametrize(
    ("seconds", "apdex", "rating"),
    [(0.05, 1, 1), (0.2, 1, 2), (0.7, 0.5, 3), (1.5, 0.5, 4), (7, 0, 4)],
)
def test_apdex_and_rating(seconds, apdex, rating):
    given = UP | served("0+30x60", seconds)
    assert one("job_priority:http_apdex:ratio_rate5m", given) == pytest.approx(apdex)
    assert one("job_priority:http_response_time:rating", given) == rating


def test_failures_please_nobody():
    all_fail = UP | served("0+30x60", status="500", error="E")
    assert one("job_priority:http_apdex:ratio_rate5m", all_fail) == 0
    half = UP | served("0+30x60") | served("0+30x60", status="500", error="E")
    assert one("job:http_apdex:ratio_rate5m", half) == pytest.approx(0.5)


HEALTH = "job:apivitals_health:score"


def busy(ratio):
    return series("apivitals_cpu_utilization", f"{ratio}x60", limit="host")


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (UP | served("0+30x60") | busy(0.2), 100),
        (UP | served("0+30x60", 0.7) | busy(0.2), 50),
        (UP | served("0+95x60") | served("0+5x60", status="500", error="E"), 47.5),
        (UP | served("0+30x60") | served("0+30x60", status="500", error="E"), 0),
        (UP | served("0+30x60") | busy(0.9), 75),
        (UP | served("500x60") | busy(0.3), 100),
        (UP | served("500x60") | busy(1.2), 50),
        (target("1x12 0x20") | served("0+30x12 stale"), 0),
    ],
)
def test_health(given, score):
    assert one(HEALTH, given) == pytest.approx(score)


def test_health_of_nothing():
    assert values([HEALTH], UP)[HEALTH] == {}


def test_budget_and_exhaustion():
    given = UP | served("0+9998x60") | served("0+2x60", status="500", error="E")
    names = {
        "job_priority:slo_error_budget:burn_rate1h": 0.2,
        "job_priority:slo_error_budget:remaining": 0.8,
        "job_priority:slo_error_budget:exhaustion_seconds": 0.8 * 30 * 86400 / 0.2,
        "job_priority:slo_objective:ratio": 0.999,
        "job_priority:slo_error_budget:ratio": 0.001,
    }
    found = values(names, given, "20m")
    for name, value in names.items():
        assert found[name]["99.9%/critical/availability"] == pytest.approx(value), name


def test_targets_of_the_agreement():
    given = UP | served("0+90x60", 0.7) | served("0+10x60", 1.5, route="/slow")
    found = values(["job:sla:value", "job:sla:met", "job:sla:met_ratio"], given, "20m")
    assert found["job:sla:value"] == {
        "p95_seconds": pytest.approx(1.5),
        "p99_seconds": pytest.approx(1.9),
        "availability_percent": 1,
        "error_rate_percent": 0,
    }
    assert found["job:sla:met"] == {
        "p95_seconds": 0,
        "p99_seconds": 1,
        "availability_percent": 1,
        "error_rate_percent": 1,
    }
    assert found["job:sla:met_ratio"] == found["job:sla:met"]


def test_resources_and_work():
    given = UP | series("apivitals_thread_pool_size", "40x60") | series("apivitals_thread_pool_in_use", "10x60")
    given |= series("apivitals_cache_requests_total", "0+3x60", cache="c", result="hit")
    given |= series("apivitals_cache_requests_total", "0+1x60", cache="c", result="miss")
    operation = {"name": "frames", "component": "video"}
    given |= series("apivitals_operation_items_total", "0+60x60", operation)
    given |= series("apivitals_operation_duration_seconds_sum", "0+6x60", operation, error_type="")
    model = {"gen_ai_provider_name": "p", "gen_ai_request_model": "m", "gen_ai_token_type": "output"}
    given |= series("gen_ai_client_token_usage_sum", "0+300x60", model)
    found = values(
        [
            "job_instance:apivitals_thread_pool:utilization_avg5m",
            "job:apivitals_busiest:utilization_max",
            "job_cache:apivitals_cache_hits:ratio_rate5m",
            "job_operation:apivitals_operation_items:rate5m",
            "job_operation:apivitals_operation_items:per_second_of_work",
            "job_model:gen_ai_tokens:rate5m",
        ],
        given,
    )
    assert [list(series.values()) for series in found.values()] == [
        [pytest.approx(value)] for value in (0.25, 0.25, 0.75, 2, 10, 10)
    ]


def test_a_caches_first_miss_is_no_missing_series():
    given = UP | series("apivitals_cache_requests_total", "0+1x60", cache="c", result="miss")
    assert one("job_cache:apivitals_cache_hits:ratio_rate5m", given) == 0
