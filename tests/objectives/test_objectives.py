"""What the file means: defaults, what is kept where only a part is given, and what a wrong one says."""

from decimal import Decimal

import pytest
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route as StarletteRoute

from apivitals.objectives import BURN_RATES, Objectives, from_file, from_mapping
from apivitals.objectives.template import inline
from apivitals.settings_file import SettingsError
from tests.support.asgi import Client
from tests.support.vitals import COUNT


def problems(content):
    with pytest.raises(SettingsError) as caught:
        from_mapping(content, "apivitals.yaml")
    first, *rest = str(caught.value).splitlines()
    assert first == "apivitals settings:"
    return [line.strip() for line in rest]


def test_defaults():
    objectives = Objectives()
    classes = objectives.classes
    assert {name: values.response_time_seconds.seconds for name, values in classes} == {
        "critical": (0.1, 0.5, 1, 2),
        "high": (0.2, 1, 2, 5),
        "medium": (0.5, 2, 5, 10),
        "low": (1, 5, 10, 30),
    }
    sla = objectives.sla
    assert (sla.p95_seconds, sla.p99_seconds) == (1, 2)
    assert (str(sla.availability_percent), str(sla.error_rate_percent)) == ("99.9", "1")
    thresholds = objectives.thresholds
    assert inline(thresholds.cpu_percent) == "{warning: 80, critical: 90}"
    assert inline(thresholds.memory_percent) == "{warning: 85, critical: 95}"
    assert inline(thresholds.gpu_percent) == "{warning: 90, critical: off}"
    assert thresholds.error_spike_percent == 10
    assert thresholds.degradation_factor == 2
    assert all(values.throughput.floor is None for _, values in classes)
    assert objectives.slo_window_days == 30
    assert all(enabled for _, enabled in objectives.features)
    assert objectives.thresholds_seconds() == (0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


def test_latency_objectives_follow_the_ratings_unless_given():
    given: dict[str, object] = {"response_time_seconds": {"good": 0.3, "warning": 0.8}}
    critical = from_mapping({"classes": {"critical": given}}).classes.critical
    assert [(str(each.percent), each.within_seconds) for each in critical.latency] == [("99", 0.8), ("95", 0.3)]
    given["latency"] = [{"percent": 99.5, "within_seconds": 3}]
    critical = from_mapping({"classes": {"critical": given}}).classes.critical
    assert [(str(each.percent), each.within_seconds) for each in critical.latency] == [("99.5", 3)]
    assert critical.latency[0].error_budget == Decimal("0.005")
    assert from_mapping({"classes": {"critical": {"latency": []}}}).classes.critical.latency == ()


def test_what_is_not_given_keeps_its_default():
    content = {
        "classes": {"low": {"response_time_seconds": {"critical": 60}, "severities": {"slow": "warning"}}},
        "thresholds": {"cpu_percent": {"warning": 70}},
        "sla": {"p99_seconds": 3},
        "features": {"gpu": False},
    }
    objectives, default = from_mapping(content), Objectives()
    assert objectives.classes.low.response_time_seconds.seconds == (1, 5, 10, 60)
    assert objectives.classes.low.severities.fast == "warning"
    assert objectives.classes.low.availability_percent == 99
    assert objectives.classes.high == default.classes.high
    assert objectives.thresholds.cpu_percent.critical == 90
    assert objectives.sla.p95_seconds == 1
    assert objectives.features.slo
    assert not objectives.features.gpu


@pytest.mark.parametrize("section", ["selector", "classes", "routes", "sla", "thresholds", "features", "receivers"])
def test_a_section_that_is_all_comments_is_not_given(section):
    assert from_mapping({section: None}) == Objectives()


@pytest.mark.parametrize("off", [False, "off"])
def test_off(off):
    content = {
        "classes": {"high": {"availability_percent": off, "latency": off, "throughput": {"rating": off, "floor": off}}},
        "thresholds": {"cpu_percent": off, "memory_percent": {"critical": off}, "degradation_factor": off},
        "sla": {"p95_seconds": off},
    }
    objectives = from_mapping(content)
    assert objectives.classes.high.error_budget is None
    assert objectives.classes.high.latency == ()
    assert objectives.thresholds.cpu_percent.warning is None
    assert objectives.thresholds.cpu_percent.critical is None
    assert objectives.thresholds.memory_percent.warning == 85
    assert objectives.thresholds.memory_percent.critical is None
    assert objectives.thresholds.degradation_factor is None
    assert objectives.sla.p95_seconds is None


def test_a_number_alone_is_the_warning():
    levels = from_mapping({"thresholds": {"cpu_percent": 72.5}}).thresholds.cpu_percent
    assert (levels.warning, levels.critical) == (Decimal("72.5"), None)


def test_a_route_has_its_classs_values_but_for_its_own():
    content = {
        "classes": {"low": {"minimum_bad_events": 9}},
        "routes": {
            "/a": "low",
            "/b": {"class": "low", "response_time_seconds": {"good": 2}},
            "/c": {"class": "low", "latency": [{"percent": 90, "within_seconds": 4}]},
            "/d": {"class": "low", "availability_percent": 98, "objectives": False},
        },
    }
    objectives = from_mapping(content)
    assert {pattern: objectives.own_values(pattern) for pattern in objectives.routes} == {
        "/a": set(),
        "/b": {"response_time_seconds", "latency"},
        "/c": {"latency"},
        "/d": {"availability_percent"},
    }
    assert all(route.minimum_bad_events == 9 for route in objectives.routes.values())
    assert [each.within_seconds for each in objectives.routes["/b"].latency] == [10, 2]
    assert [route.objectives for route in objectives.routes.values()] == [False, False, True, False]
    assert 4 in objectives.thresholds_seconds()


ROUTES = {
    "priorities": {"GET /payments/refunds": "low"},
    "default_priority": "high",
    "routes": {"POST /payments/*": "critical", "/payments/*": "low", "/x": {"minimum_bad_events": 1}},
}


@pytest.mark.parametrize(
    ("method", "route", "level"),
    [
        ("GET", "/payments/refunds", "low"),
        ("POST", "/payments/refunds", "critical"),
        ("GET", "/payments/{id}", "low"),
        ("GET", "/x", "high"),
        ("GET", "/y", "high"),
        ("GET", "", "high"),
    ],
)
@pytest.mark.anyio
async def test_a_class_is_the_label_that_the_service_gives(instrumented, method, route, level, tmp_path):
    assert from_mapping(ROUTES).class_of(method, route) == level
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    config = tmp_path / "apivitals.yaml"
    config.write_text(str(ROUTES))  # Python's way to write it is YAML too

    async def hello(request):
        return PlainTextResponse("hello")

    app = Starlette(routes=[StarletteRoute(route or "/elsewhere", hello, methods=[method])])
    shown = instrumented(app, config=config)
    await Client(app).request(method, route or "/unknown")
    assert shown.page().label_values(COUNT, "priority") == {level}


def test_the_first_pattern_that_fits_is_the_routes():
    objectives = from_mapping(ROUTES)
    assert objectives.route_of("POST", "/payments/{id}") == "POST /payments/*"
    assert objectives.route_of("PUT", "/payments/{id}") == "/payments/*"
    assert objectives.route_of("GET", "/y") is None
    assert objectives.route_of("GET", "") is None


WRONG = [
    ({"clases": {}}, "clases (apivitals.yaml): there is no such setting; did you mean classes?"),
    ({"metrics_pth": "/m"}, "metrics_pth (apivitals.yaml): there is no such setting; did you mean metrics_path?"),
    (
        {"classes": {"critcal": {}}},
        "classes.critcal (apivitals.yaml): there is no such key; did you mean critical?",
    ),
    (
        {"routes": {"POST /x": {"latncy": []}}},
        "routes['POST /x'].latncy (apivitals.yaml): there is no such key; did you mean latency?",
    ),
    (
        {"classes": {"low": {"throughput": {"rating": {"god": 1}}}}},
        "classes.low.throughput.rating.god (apivitals.yaml): there is no such key; did you mean good?",
    ),
    (
        {"classes": {"low": {"latency": [{"percent": 90, "within": 1}]}}},
        "classes.low.latency[0].within (apivitals.yaml): there is no such key; did you mean within_seconds?",
    ),
    ({"classes": {"low": {"latency": [{"percent": 90}]}}}, "within_seconds (apivitals.yaml): is missing"),
    ({"classes": {"low": 3}}, "classes.low = 3 (apivitals.yaml): should have keys and values"),
    ({"classes": []}, "classes (apivitals.yaml): should have keys and values"),
    ({"routes": ["/x"]}, "routes (apivitals.yaml): should have keys and values"),
    ({"routes": {"/x": 3}}, "routes['/x'] = 3 (apivitals.yaml): should have keys and values"),
    ({"routes": {"/x": None}}, "routes['/x'] = None (apivitals.yaml): should have keys and values"),
    ({"routes": {"x": "low"}}, "routes.x (apivitals.yaml): 'x' is no route pattern: /payments/* or POST /payments/*"),
    (
        {"routes": {"/x": "urgent"}},
        "routes['/x'].class = 'urgent' (apivitals.yaml): should be 'critical', 'high', 'medium' or 'low'",
    ),
    ({"routes": {"/x": {"class": ["low"]}}}, "routes['/x'].class (apivitals.yaml): should be 'critical', 'high'"),
    (
        {"classes": {"low": {"availability_percent": 100}}},
        "classes.low.availability_percent = 100 (apivitals.yaml): should be less than 100",
    ),
    ({"classes": {"low": {"availability_percent": True}}}, "= True (apivitals.yaml): give a number"),
    ({"classes": {"low": {"availability_percent": ".nan"}}}, "availability_percent = '.nan' (apivitals.yaml): should"),
    (
        {"classes": {"low": {"response_time_seconds": {"good": 20}}}},
        "classes.low.response_time_seconds (apivitals.yaml): response times increase from excellent over good",
    ),
    ({"classes": {"low": {"response_time_seconds": {"critical": float("inf")}}}}, "give a finite number"),
    (
        {"classes": {"low": {"throughput": {"rating": {"excellent": 1, "good": 2, "warning": 3, "critical": 4}}}}},
        "classes.low.throughput.rating (apivitals.yaml): throughputs decrease from excellent over good",
    ),
    (
        {"classes": {"low": {"latency": [{"percent": p, "within_seconds": 1} for p in (90, 95)]}}},
        "classes.low.latency (apivitals.yaml): two objectives within 1 s: keep one percentage for each time",
    ),
    (
        {"thresholds": {"cpu_percent": {"warning": 95}}},
        "thresholds.cpu_percent (apivitals.yaml): warning (95) is less than critical (90)",
    ),
    (
        {"thresholds": {"cache_hit_percent": {"warning": 50, "critical": 60}}},
        "thresholds.cache_hit_percent (apivitals.yaml): warning (50) is more than critical (60)",
    ),
    ({"thresholds": {"cpu_percent": 101}}, "thresholds.cpu_percent.warning = 101 (apivitals.yaml): should be less"),
    ({"slo_window_days": 3}, "slo_window_days = 3 (apivitals.yaml): should be greater than or equal to 7"),
    ({"selector": {"a.b": "c"}}, "selector['a.b'] (apivitals.yaml): 'a.b' is no label name"),
    (
        {"alert_labels": {"severity": "x"}},
        "alert_labels.severity (apivitals.yaml): alerts have a label severity of their own: choose another name",
    ),
    ({"runbook_base_url": "wiki"}, "runbook_base_url = 'wiki' (apivitals.yaml): give a URL that begins with https://"),
    ({"receivers": {"slak": {}}}, "receivers.slak (apivitals.yaml): there is no such key; did you mean slack?"),
    ({"mute_hours": [{"dyas": "monday"}]}, "mute_hours[0].dyas (apivitals.yaml): there is no such key; did you mean"),
]


@pytest.mark.parametrize(("content", "expected"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_file_is_one_clear_line(content, expected):
    said = problems(content)
    assert any(expected in line for line in said), said


def test_all_that_is_wrong_is_said_at_once():
    content = {"clases": {}, "slo_window_days": 3, "routes": {"/x": {"class": "urgent", "latncy": 1}}}
    assert len(problems(content)) == 4


def test_no_secret_is_in_a_message():
    url = "https://hooks.slack.com/services/T0/B0/s3cret"
    said = problems({"receivers": {"slack": {"api_url_file": url}, "webhook": {"url": 3, "token": "s3cret"}}})
    assert "s3cret" not in "".join(said)


def test_a_file(tmp_path):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "apivitals.yaml"
    path.write_text("series_limit: 7\nmetrics_token_file: /on/another/machine\nslo_window_days: 28\n")
    assert from_file(path).slo_window_days == 28
    path.write_text("slo_window_days: 1\n")
    with pytest.raises(SettingsError, match=str(path)):
        from_file(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        from_file(tmp_path / "none.yaml")


def test_objectives_do_not_change_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        setattr(Objectives().classes.low, "minimum_bad_events", 1)  # noqa: B010  # as somebody without a type checker


def sections(model):
    yield model
    for field in model.model_fields.values():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from sections(type(default))


def test_every_key_is_described():
    undescribed = [
        f"{model.__name__}.{name}"
        for model in sections(Objectives)
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert undescribed == []


@pytest.mark.parametrize(("days", "factors"), [(30, (14.4, 6, 3, 1)), (7, (3.36, 1.4, 1, 1)), (60, (28.8, 12, 6, 2))])
def test_a_tier_spends_the_same_share_of_every_window(days, factors):
    assert tuple(map(float, (rate.factor_for(days) for rate in BURN_RATES))) == factors


def test_a_tier_can_fire_where_its_ratio_can_be_passed():
    first = BURN_RATES[0]
    assert first.can_fire(Decimal("0.0694"))
    assert not first.can_fire(Decimal("0.0695"))
    assert not first.can_fire(Decimal("0.0694"), 60)
