"""target_info is the OpenTelemetry resource; apivitals_build_info is what runs."""

import platform

import pytest
from opentelemetry.sdk.resources import Resource
from starlette.applications import Starlette

import apivitals
from apivitals.export.information import Information, make_resource
from tests.support.vitals import Instrumented


def target_info(app, **settings):
    shown = Instrumented(app, **settings)
    try:
        (labels,) = shown.page().labels("target_info")
        return labels
    finally:
        shown.vitals.uninstrument()


class Titled(Starlette):
    title = "Video shop"


def test_service_name_from_opentelemetrys_variables(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop,deployment.environment.name=prod")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "videos")
    labels = target_info(Titled())
    assert labels["service_name"] == "videos"
    assert labels["service_namespace"] == "shop"
    assert labels["deployment_environment_name"] == "prod"


def test_setting_goes_before_them(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "videos")
    assert target_info(Titled(), service_name="other")["service_name"] == "other"


@pytest.mark.parametrize(("app", "expected"), [(Titled(), "Video shop"), (Starlette(), "unknown_service")])
def test_without_them_the_applications_title(app, expected):
    assert target_info(app)["service_name"].startswith(expected)


def test_attributes_that_become_one_label_are_joined():
    information = Information(Resource({"a.b": "1", "a_b": "2", "count": 3, "list": ("x", "y")}))
    family = next(iter(information.collect()))
    (point,) = family.points
    assert dict(zip(family.label_names, point.labels or (), strict=True)) == {
        "a_b": "1;2",
        "count": "3",
        "list": '["x", "y"]',
    }


def test_build_info():
    shown = Instrumented(Starlette())
    try:
        (labels,) = shown.page().labels("apivitals_build_info")
    finally:
        shown.vitals.uninstrument()
    assert labels["version"] == apivitals.__version__
    assert labels["python_version"] == platform.python_version()


def test_title_that_nobody_chose_is_no_name():
    assert make_resource(None, None).attributes["service.name"] != "FastAPI"
