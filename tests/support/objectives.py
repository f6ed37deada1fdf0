"""Strategies for valid settings files, as the keys and values that YAML gives."""

from typing import Any

from hypothesis import strategies as st

from apivitals.catalog import PRIORITIES

LABELS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
SEGMENTS = st.one_of(
    st.sampled_from(["*", "{id}", "payments", "reports", "v1"]), st.from_regex("[a-z]{1,6}", fullmatch=True)
)
GLOBS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments))
PATTERNS = st.one_of(GLOBS, st.tuples(st.sampled_from(["GET", "POST", "DELETE"]), GLOBS).map(" ".join))
SECONDS = st.sampled_from([n / 100 for n in (1, 5, 10, 12, 25, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 3000, 6000)])
NUMBERS = st.integers(1, 100_000).map(lambda n: n / 10)
OFF = st.sampled_from([False, "off"])
SEVERITIES = st.sampled_from(["critical", "warning", "info"])


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw any of the keys."""
    return st.fixed_dictionaries({}, optional=keys)


def percentages(least: float, most: float) -> st.SearchStrategy[float]:
    """Draw percentages with up to three decimal places, as people write them."""
    return st.integers(round(least * 1000), round(most * 1000)).map(lambda n: n / 1000)


def ratings(values: st.SearchStrategy[float], *, falling: bool = False) -> st.SearchStrategy[dict[str, float]]:
    """Draw the four ratings, in order."""
    distinct = st.lists(values, min_size=4, max_size=4, unique=True).map(lambda four: sorted(four, reverse=falling))
    return distinct.map(lambda four: dict(zip(("excellent", "good", "warning", "critical"), four, strict=True)))


def latency_objectives() -> st.SearchStrategy[list[dict[str, float]]]:
    """Draw up to three objectives, each within another time."""
    objective = st.fixed_dictionaries({"percent": percentages(50, 99.999), "within_seconds": SECONDS})
    return st.lists(objective, max_size=3, unique_by=lambda each: each["within_seconds"])


def class_values() -> dict[str, st.SearchStrategy[Any]]:
    """Return what may be given for a class, by key."""
    rating = st.one_of(OFF, ratings(NUMBERS, falling=True))
    return {
        "response_time_seconds": ratings(SECONDS),
        "availability_percent": st.one_of(percentages(50, 99.999), OFF),
        "latency": st.one_of(latency_objectives(), OFF),
        "error_rate_percent": st.one_of(percentages(0.001, 100), OFF),
        "throughput": optional(floor=st.one_of(NUMBERS, OFF), rating=rating),
        "minimum_bad_events": st.integers(1, 100),
        "severities": optional(fast=SEVERITIES, slow=SEVERITIES),
    }


def routes() -> st.SearchStrategy[dict[str, Any]]:
    """Draw up to five patterns, with a class or with values of their own."""
    own = optional(**{"class": st.sampled_from(PRIORITIES)}, objectives=st.booleans(), **class_values())
    return st.dictionaries(PATTERNS, st.one_of(st.sampled_from(PRIORITIES), own), max_size=5)


def levels(most: float, *, falling: bool = False) -> st.SearchStrategy[Any]:
    """Draw a warning and a critical level in order, one of them, or none."""
    two = st.lists(percentages(0.1, most), min_size=2, max_size=2, unique=True)
    both = two.map(lambda pair: dict(zip(("warning", "critical"), sorted(pair, reverse=falling), strict=True)))
    without = {"warning": False, "critical": False}
    one = st.tuples(st.sampled_from(["warning", "critical"]), percentages(0.1, most))
    return st.one_of(both, one.map(lambda pair: without | dict([pair])), percentages(0.1, most), OFF)


def thresholds() -> st.SearchStrategy[dict[str, Any]]:
    """Draw any of the thresholds."""
    percent = dict.fromkeys(
        [
            *("cpu_percent", "memory_percent", "disk_percent", "gpu_percent", "gpu_memory_percent"),
            *("cpu_throttled_percent", "pressure_percent", "thread_pool_percent", "gc_pause_percent"),
            "gen_ai_failure_percent",
        ],
        levels(100),
    )
    others = dict.fromkeys(
        ["event_loop_lag_seconds", "queue_time_seconds", "in_flight_requests", "in_flight_age_seconds"], levels(1000)
    )
    hours = dict.fromkeys(["disk_full_hours", "memory_full_hours", "budget_exhausted_hours"], st.one_of(NUMBERS, OFF))
    return optional(
        **percent,
        **others,
        **hours,
        cache_hit_percent=levels(100, falling=True),
        error_spike_percent=st.one_of(percentages(0.001, 100), OFF),
        degradation_factor=st.one_of(NUMBERS, OFF),
        minimum_requests=st.integers(1, 10_000),
    )


def files() -> st.SearchStrategy[dict[str, Any]]:
    """Draw valid files: any of the keys that objectives have, receivers and mute hours left out."""
    features = ("slo", "thresholds", "trends", "monitoring", "resources", "gpu", "gen_ai", "cache")
    reserved = {"job", "slo", "tier"}
    return optional(
        service_name=TEXTS,
        priorities=st.dictionaries(PATTERNS, st.sampled_from(PRIORITIES), max_size=3),
        default_priority=st.sampled_from(PRIORITIES),
        excluded_routes=st.lists(PATTERNS, max_size=2),
        selector=st.dictionaries(LABELS, TEXTS, max_size=2),
        classes=optional(**dict.fromkeys(PRIORITIES, optional(**class_values()))),
        routes=routes(),
        slo_window_days=st.integers(7, 92),
        sla=optional(
            p95_seconds=st.one_of(SECONDS, OFF),
            p99_seconds=st.one_of(SECONDS, OFF),
            availability_percent=st.one_of(percentages(50, 99.999), OFF),
            error_rate_percent=st.one_of(percentages(0.001, 100), OFF),
        ),
        thresholds=thresholds(),
        scrape_interval_seconds=st.integers(1, 75),
        features=optional(**dict.fromkeys(features, st.booleans())),
        anomaly_sensitivity=st.integers(1, 60).map(lambda n: n / 10),
        alert_labels=st.dictionaries(LABELS.filter(lambda name: name not in reserved), TEXTS, max_size=2),
        runbook_base_url=st.sampled_from(["https://runbooks.example.com/api/", "http://wiki", ""]),
        dashboard_base_url=st.sampled_from(["https://grafana.example.com", ""]),
    )
