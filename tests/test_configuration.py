"""Settings: where they come from, which goes first, and what a wrong one says."""

import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry

from apivitals.arguments import Arguments
from apivitals.catalog.http import RESPONSE_TIME_BOUNDS_SECONDS
from apivitals.configuration import SettingsError, load
from apivitals.objectives import Objectives
from apivitals.settings import Settings

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")


@pytest.fixture
def configured(tmp_path):
    """Load settings with an apivitals.yaml in the working directory."""

    def do(text, arguments=None, environ=None):
        (tmp_path / "apivitals.yaml").write_text(text)
        return load(arguments or {}, environ or {}, tmp_path)

    return do


def problems(arguments=None, environ=None, directory=None):
    with pytest.raises(SettingsError) as caught:
        load(arguments or {}, environ or {}, directory)
    return str(caught.value)


def test_defaults(tmp_path):
    settings = load({}, {}, tmp_path)
    assert settings.enabled
    assert settings.metrics_path == "/metrics"
    assert settings.metrics_port is None
    assert settings.duration_bounds_seconds == RESPONSE_TIME_BOUNDS_SECONDS


def test_arguments_over_environment_over_file_over_defaults(configured):
    text = "metrics_path: /file\nseries_limit: 7\nlabel_value_limit: 8\n"
    environ = {"APIVITALS_METRICS_PATH": "/environment", "APIVITALS_SERIES_LIMIT": "9"}
    settings = configured(text, {"metrics_path": "/argument"}, environ)
    assert (settings.metrics_path, settings.series_limit, settings.label_value_limit) == ("/argument", 9, 8)
    assert settings.default_priority == "medium"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"/payments/*": "critical", "POST /orders": "high"}', {"/payments/*": "critical", "POST /orders": "high"}),
        ("/payments/*=critical, POST /orders=high", {"/payments/*": "critical", "POST /orders": "high"}),
    ],
)
def test_tables_in_the_environment(text, expected, tmp_path):
    assert load({}, {"APIVITALS_PRIORITIES": text}, tmp_path).priorities == expected


@pytest.mark.parametrize("text", ["0.1,1,10", "[0.1, 1, 10]", " 0.1 , 1, 10 "])
def test_lists_in_the_environment(text, tmp_path):
    assert load({}, {"APIVITALS_DURATION_BOUNDS_SECONDS": text}, tmp_path).duration_bounds_seconds == (0.1, 1.0, 10.0)


def test_empty_variable_is_not_set(tmp_path):
    assert load({}, {"APIVITALS_METRICS_PATH": "", "APIVITALS_SERIES_LIMIT": ""}, tmp_path).metrics_path == "/metrics"


@pytest.mark.parametrize(
    ("value", "port", "path"), [("9000", 9000, None), ("true", 9464, None), (True, 9464, None), ("off", None, None)]
)
def test_port_of_its_own_takes_the_metrics_out_of_the_application(value, port, path, tmp_path):
    settings = load({"metrics_port": value}, {}, tmp_path)
    assert settings.metrics_port == port
    assert settings.metrics_path == (path if port else "/metrics")
    assert load({"metrics_port": value, "metrics_path": "/m"}, {}, tmp_path).metrics_path == "/m"


def test_opentelemetrys_own_variables(tmp_path):
    environ = {"OTEL_SDK_DISABLED": "true", "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "health, ready$"}
    settings = load({}, environ, tmp_path)
    assert not settings.enabled
    assert settings.excluded_urls == ("health", "ready$")
    assert load({}, environ | {"APIVITALS_ENABLED": "1"}, tmp_path).enabled
    assert load({}, {"OTEL_PYTHON_EXCLUDED_URLS": "a"}, tmp_path).excluded_urls == ("a",)


def test_file_by_argument_and_by_environment(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("series_limit: 3")
    assert load({"config": path}, {}).series_limit == 3
    assert load({}, {"APIVITALS_CONFIG": str(path)}).series_limit == 3


WRONG = [
    (
        {"metrics_prt": 1},
        "metrics_prt (argument of instrument()): there is no such setting; did you mean metrics_port?",
    ),
    ({"metrics_port": 70000}, "metrics_port = 70000 (argument of instrument()): should be less than or equal to 65535"),
    ({"metrics_path": "metrics"}, "metrics_path = 'metrics' (argument of instrument()): a path begins with \"/\""),
    ({"priorities": {"/x": "urgent"}}, "should be 'critical', 'high', 'medium' or 'low'"),
    ({"priorities": {"x": "low"}}, "'x' is no route pattern: /payments/* or POST /payments/*"),
    ({"excluded_routes": ["get /x"]}, "'get /x' is no route pattern"),
    ({"excluded_urls": ["("]}, "'(' is no regular expression: missing ), unterminated subpattern"),
    ({"duration_bounds_seconds": [1, 1]}, "bounds increase from one to the next"),
    ({"duration_bounds_seconds": []}, "give 1 to 100 bounds, not 0"),
    ({"duration_bounds_seconds": [1, float("inf")]}, "bounds are finite"),
    ({"size_bounds_bytes": [-1, 5]}, "and not negative"),
    ({"labels": {"1a": "x"}}, "'1a' is no label name"),
    ({"labels": {"http.route": "x"}}, "label http_route is there already"),
    ({"labels": {"a.b": "x"}, "request_labels": dict, "request_label_names": ["a_b"]}, "label a_b is there already"),
    ({"labels": {"le": "x"}}, "label le is there already"),
    ({"request_labels": dict}, "request_labels and request_label_names go together"),
    ({"request_label_names": ["a"]}, "request_labels and request_label_names go together"),
    ({"request_headers": ["a b"]}, "'a b' is no header name"),
    ({"series_limit": 0}, "series_limit = 0 (argument of instrument()): should be greater than or equal to 1"),
    ({"metrics_token": " "}, "metrics_token is empty"),
    ({"metrics_token_file": "/nowhere/token"}, "metrics_token_file /nowhere/token cannot be used: No such file"),
    ({"alert_webhook": "/-/alerts"}, "alert_webhook needs alert_webhook_token or alert_webhook_token_file"),
    ({"alert_webhook": "alerts", "alert_webhook_token": "x"}, 'a path begins with "/"'),
    ({"alert_webhook": True, "alert_webhook_token": ""}, "alert_webhook_token is empty"),
    (
        {"alert_webhook": True, "alert_webhook_token_file": "/nowhere"},
        "alert_webhook_token_file /nowhere cannot be used",
    ),
    ({"alert_webhook": "/metrics", "alert_webhook_token": "x"}, "alert_webhook and metrics_path are both /metrics"),
    ({"registries": [3]}, "3 is no prometheus-client registry"),
    ({"config": "/nowhere/apivitals.yaml"}, "/nowhere/apivitals.yaml cannot be read"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_argument_is_one_clear_line(arguments, expected, tmp_path):
    text = problems(arguments, {}, tmp_path)
    assert expected in text
    assert text.startswith("apivitals settings:")
    assert len(text.splitlines()) <= 2


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SERIES_LIMIT", "many", "APIVITALS_SERIES_LIMIT = 'many' (environment): should be a valid integer"),
        ("PRIORITIES", "{bad", "APIVITALS_PRIORITIES is no JSON"),
        ("PRIORITIES", "/x", "APIVITALS_PRIORITIES=/x: write key=value,key=value or a JSON object"),
        ("REGISTRIES", "x", "APIVITALS_REGISTRIES (environment): can only be an argument of instrument()"),
    ],
)
def test_wrong_variable_is_named_as_it_is_written(variable, value, expected, tmp_path):
    assert expected in problems({}, {f"APIVITALS_{variable}": value}, tmp_path)


def test_unknown_variable_is_only_warned_of(tmp_path, caplog):
    """Kubernetes sets APIVITALS_SERVICE_HOST by itself in the pods beside a service called apivitals."""
    load({}, {"APIVITALS_SERVICE_HOST": "10.0.0.1", "APIVITALS_METRIC_PATH": "/m"}, tmp_path)
    assert "did you mean APIVITALS_METRICS_PATH?" in caplog.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics_pat: /x", "there is no such setting; did you mean metrics_path?"),
        ("series_limit: [", "is no YAML"),
        ("- a\n- b", "should have keys and values"),
        ("series_limit: x", "series_limit = 'x'"),
        ("request_labels: x", "can only be an argument of instrument()"),
    ],
)
def test_wrong_file_is_named(text, expected, configured, tmp_path):
    with pytest.raises(SettingsError) as caught:
        configured(text)
    assert expected in str(caught.value)
    assert str(tmp_path / "apivitals.yaml") in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(configured):
    with pytest.raises(SettingsError) as caught:
        configured("series_limit: 0\nnonsense: 1", {"metrics_port": -1})
    assert len(str(caught.value).splitlines()) == 4


def test_unreadable_token_file(tmp_path):
    directory = tmp_path / "token"
    directory.mkdir()
    assert "cannot be used: Is a directory" in problems({"metrics_token_file": directory}, {}, tmp_path)
    (tmp_path / "empty").touch()
    assert "cannot be used: the file is empty" in problems({"metrics_token_file": tmp_path / "empty"}, {}, tmp_path)


def test_secret_is_never_in_a_message(tmp_path):
    text = problems({"metrics_token": "s3cret", "metrics_token_file": "/nowhere"}, {}, tmp_path)
    assert "s3cret" not in text
    assert "s3cret" not in repr(load({"metrics_token": "s3cret"}, {}, tmp_path))


def test_settings_do_not_change_afterwards(tmp_path):
    settings = load({"registries": [CollectorRegistry()]}, {}, tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "series_limit", 5)  # noqa: B010  # as somebody without a type checker would


def test_every_setting_is_an_argument_that_editors_know():
    assert Arguments.__annotations__.keys() == Settings.model_fields.keys()


def test_every_setting_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_classes_of_routes_are_their_priorities_after_the_explicit_ones(configured):
    text = """
    priorities: {"GET /payments/refunds": low}
    routes:
      "/payments/*": critical
      "GET /payments/refunds": high
      "/reports/*": {latency: [{percent: 99, within_seconds: 1}]}
    """
    assert list(configured(text).priorities.items()) == [
        ("GET /payments/refunds", "low"),
        ("/payments/*", "critical"),
        ("/reports/*", "medium"),
    ]
    environ = {"APIVITALS_PRIORITIES": "/reports/*=high"}
    assert next(iter(configured(text, None, environ).priorities)) == "/reports/*"
    assert configured(text, None, environ).priorities["/reports/*"] == "high"


def test_thresholds_of_objectives_are_bucket_bounds(configured):
    bounds = configured("classes: {critical: {response_time_seconds: {critical: 1.7}}}").duration_bounds_seconds
    assert bounds == tuple(sorted({*RESPONSE_TIME_BOUNDS_SECONDS, 1.7}))


def test_bounds_given_without_a_threshold_are_refused(configured, tmp_path):
    own = "0.1,0.2,0.5,1,2,5,10,30"
    assert len(configured("slo_window_days: 30", None, {"APIVITALS_DURATION_BOUNDS_SECONDS": own}).priorities) == 0
    with pytest.raises(SettingsError) as caught:
        configured("sla: {p95_seconds: 0.7, p99_seconds: 3}", None, {"APIVITALS_DURATION_BOUNDS_SECONDS": own})
    assert str(caught.value) == (
        "apivitals settings:\n  APIVITALS_DURATION_BOUNDS_SECONDS (environment): lacks 0.7, 3, which objectives in"
        f" {tmp_path}/apivitals.yaml compare with; add it, or leave the setting out"
    )


def test_more_bounds_than_a_histogram_may_have_are_refused(configured):
    routes = "".join(
        f"  /{n}: {{latency: [{{percent: 99, within_seconds: {n}.25}}, {{percent: 90, within_seconds: {n}.15}}]}}\n"
        for n in range(1, 45)
    )
    with pytest.raises(SettingsError, match=r"96 response times .* makes over 100 bucket bounds"):
        configured("routes:\n" + routes)


def test_what_is_wrong_with_settings_and_objectives_is_said_at_once(configured, tmp_path):
    with pytest.raises(SettingsError) as caught:
        configured("priorities: {/x: urgent}\nclasses: {critcal: {}}\nfeatures: {slo: maybe}\nselectr: {}")
    lines = str(caught.value).splitlines()[1:]
    assert sorted(line.split(" (")[0].strip() for line in lines) == [
        "classes.critcal",
        "features.slo = 'maybe'",
        "priorities['/x'] = {'/x': 'urgent'}",
        "selectr",
    ]
    assert all(str(tmp_path / "apivitals.yaml") in line for line in lines)


def test_default_objectives_need_no_bounds_of_their_own():
    """The rules that ship for every service compare with them, also where there is no settings file."""
    assert set(Objectives().thresholds_seconds()) <= set(RESPONSE_TIME_BOUNDS_SECONDS)


def test_a_service_without_objectives_does_not_load_them(tmp_path):
    (tmp_path / "apivitals.yaml").write_text("priorities: {/x: low}\nseries_limit: 7")
    code = (
        "import sys; from apivitals.configuration import load; load({}); print('apivitals.objectives' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("value", "path"), [(True, "/-/alerts"), ("on", "/-/alerts"), ("/a", "/a"), ("off", None), (False, None)]
)
def test_alert_webhook_can_be_switched_on(value, path, tmp_path):
    settings = load({"alert_webhook": value, "alert_webhook_token": "s3cret"}, {}, tmp_path)
    assert settings.alert_webhook == path
    assert "s3cret" not in repr(settings)


def test_no_token_is_ever_in_a_message(tmp_path):
    assert "12345" not in problems({"alert_webhook_token": 12345, "metrics_token": 12345}, {}, tmp_path)


@pytest.mark.parametrize("off", ["off", "false", '"off"', "no"])
def test_off_in_the_file_with_and_without_quotes(off, configured):
    """YAML 1.1 reads off, no and false without quotes as a boolean."""
    settings = configured(f"metrics_path: {off}\nmetrics_port: {off}\nblocked_loop_seconds: {off}\nlibraries: {off}\n")
    assert (settings.metrics_path, settings.metrics_port, settings.blocked_loop_seconds) == (None, None, None)
    assert settings.libraries == ()
