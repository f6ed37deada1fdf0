"""What OpenTelemetry's middleware is given of a request."""

import pytest

from apivitals.tracing.withheld import Withholding, shown

SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/people/ada",
    "query_string": b"token=1",
    "client": ("203.0.113.7", 4711),
    "server": ("10.0.0.2", 8000),
    "headers": [(b"Host", b"shop"), (b"user-agent", b"browser"), (b"traceparent", b"00-1-2-01")],
}


def test_it_is_the_request_without_what_its_client_sent_and_leads_back_to_it():
    scope = dict(SCOPE)
    hidden = Withholding(()).hide(scope)
    assert hidden["headers"] == [(b"traceparent", b"00-1-2-01")]
    assert (hidden["path"], hidden["query_string"], hidden["client"]) == ("/REDACTED", b"", None)
    assert (hidden["method"], hidden["server"]) == ("GET", ("10.0.0.2", 8000))
    assert shown(hidden) is scope
    assert scope == SCOPE


@pytest.mark.parametrize(
    ("captured", "names"),
    [
        (["User-Agent"], [b"user-agent", b"traceparent"]),
        (["user-.*", "HOST"], [b"Host", b"user-agent", b"traceparent"]),
        (["user"], [b"traceparent"]),
    ],
)
def test_a_header_that_is_asked_for_by_its_whole_name_stays(captured: list[str], names: list[bytes]):
    assert [name for name, _ in Withholding(captured).hide(SCOPE)["headers"]] == names


def test_a_scope_without_headers_has_none():
    scope = {key: value for key, value in SCOPE.items() if key != "headers"}
    assert Withholding(()).hide(scope)["headers"] == []


def test_what_is_no_regular_expression_is_named():
    with pytest.raises(ValueError, match=r"^OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: x-\(\|y is not"):
        Withholding(["x-(", "y"])
