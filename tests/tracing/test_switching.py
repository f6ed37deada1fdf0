"""Instrumentations of libraries are switched on and off, and what is the user's stays the user's."""

import pytest

from apivitals.errors import ErrorLog
from apivitals.tracing.libraries import Libraries
from apivitals.tracing.stand_in import StandInTracerProvider

requests = pytest.importorskip("requests")
instrumentation = pytest.importorskip("opentelemetry.instrumentation.requests")


@pytest.fixture
def libraries():
    provider, errors = StandInTracerProvider(), ErrorLog()
    yield lambda *names: Libraries(names, provider, errors)
    assert not any(errors.counts().values())


def is_wrapped():
    return hasattr(requests.Session.send, "__wrapped__")


def test_a_library_is_as_it_was_after_the_last_who_wants_it(libraries):
    first, second = libraries("requests"), libraries("requests")
    assert not is_wrapped()
    first.switch_on()
    second.switch_on()
    first.switch_off()
    first.switch_off()
    assert is_wrapped()
    second.switch_off()
    assert not is_wrapped()
    second.switch_on()
    assert is_wrapped()
    second.switch_off()


def test_what_the_user_has_instrumented_stays_so(libraries):
    instrumentor = instrumentation.RequestsInstrumentor()
    instrumentor.instrument()
    try:
        ours = libraries("requests")
        ours.switch_on()
        ours.switch_off()
        assert is_wrapped()
        assert instrumentor.is_instrumented_by_opentelemetry
    finally:
        instrumentor.uninstrument()
    assert not is_wrapped()


def test_what_the_user_instruments_later_becomes_theirs(libraries):
    ours = libraries("requests")
    ours.switch_on()
    instrumentor = instrumentation.RequestsInstrumentor()
    instrumentor.instrument()
    try:
        ours.switch_off()
        assert is_wrapped()
    finally:
        instrumentor.uninstrument()
    assert not is_wrapped()


def test_none_is_none(libraries):
    ours = libraries()
    ours.switch_on()
    assert not is_wrapped()
    ours.switch_off()
