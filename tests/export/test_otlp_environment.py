"""What OpenTelemetry's environment variables ask for."""

import pytest

from apivitals.export.otlp_environment import Target, read

HTTP, GRPC = "http/protobuf", "grpc"


def targets(**given):
    return {target.signal: (target.protocol, target.collector) for target in read(given).targets}


def problem(**given):
    (only,) = read(given).problems
    return only


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_SERVICE_NAME": "shop"},
        {"OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "console"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"},
    ],
    ids=str,
)
def test_nothing_asked_for(given):
    variables = read(given)
    assert variables.targets == ()
    assert variables.problems == ()


def test_one_endpoint_is_for_both():
    assert targets(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318") == {
        "metrics": (HTTP, "http://c:4318"),
        "traces": (HTTP, "http://c:4318"),
    }


def test_each_signal_may_have_its_own():
    assert targets(
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="https://m/v1/metrics",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://t:4317",
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc",
    ) == {"metrics": (HTTP, "https://m"), "traces": (GRPC, "http://t:4317")}


def test_exporter_variables_switch_on_and_off():
    assert targets(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318", OTEL_TRACES_EXPORTER="none").keys() == {"metrics"}
    assert targets(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318", OTEL_METRICS_EXPORTER="prometheus").keys() == {"traces"}
    assert targets(OTEL_METRICS_EXPORTER="prometheus, otlp") == {"metrics": (HTTP, "http://localhost:4318")}
    assert targets(OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_PROTOCOL="grpc") == {
        "traces": (GRPC, "http://localhost:4317")
    }


def test_names_that_opentelemetry_python_has_for_its_exporters():
    assert targets(OTEL_METRICS_EXPORTER="otlp_proto_grpc")["metrics"][0] == GRPC
    assert targets(OTEL_METRICS_EXPORTER="otlp_proto_http", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")["metrics"][0] == HTTP


def test_unknown_protocol_names_the_variable_and_what_would_be_right():
    given = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
    assert problem(**given) == (
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/json: should be grpc or http/protobuf; metrics are not pushed"
    )
    assert targets(**given) == {}
    given["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"] = "gprc"
    assert "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=gprc" in problem(**given)


def test_interval():
    metrics = {"OTEL_METRICS_EXPORTER": "otlp"}
    assert read(metrics).interval_seconds == 60.0
    assert read(metrics | {"OTEL_METRIC_EXPORT_INTERVAL": "1500"}).interval_seconds == 1.5
    for wrong in ("soon", "0", "-1", "nan", "inf"):
        variables = read(metrics | {"OTEL_METRIC_EXPORT_INTERVAL": wrong})
        assert variables.interval_seconds == 60.0
        assert variables.problems == (
            f"OTEL_METRIC_EXPORT_INTERVAL={wrong}: should be milliseconds, more than 0; 60000 are used",
        )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"OTEL_METRIC_EXPORT_TIMEOUT": "3000"}, 3.0),
        ({"OTEL_METRIC_EXPORT_TIMEOUT": "3000", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}, None),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "10000"}, 30.0),
        ({"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "soon"}, None),
    ],
    ids=str,
)
def test_shorter_of_the_two_timeouts_counts(given, expected):
    """The exporter's is in seconds in Python, whatever the specification says, so one in milliseconds is hours."""
    assert read({"OTEL_METRICS_EXPORTER": "otlp"} | given).timeout_seconds == expected


def test_delta_temporality_cannot_be_had():
    variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    assert variable in problem(OTEL_METRICS_EXPORTER="otlp", **{variable: "delta"})


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("http://user:secret@c:4318/x", "http://c:4318"),
        ("c:4317", "c:4317"),
        ("user:secret@c", "c"),
        ("http://[::1", "an endpoint that is no URL"),
        ("http://[::1]:4318/", "http://[::1]:4318"),
    ],
)
def test_no_password_reaches_the_log(endpoint, shown):
    (target,) = read({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}).targets
    assert target == Target("traces", HTTP, shown)
