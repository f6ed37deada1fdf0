"""Where the response time went, and what it spent before it."""

from __future__ import annotations

from apivitals.catalog.http import DURATION_BOUNDS_SECONDS, METHOD, PRIORITY, ROUTE
from apivitals.catalog.metric import Kind, Metric

COMPONENT, REASON = "component", "reason"
# A component is often much shorter than the response time it is a part of.
_COMPONENT_BOUNDS_SECONDS = (
    0.0001,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
_CALL_BOUNDS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_ROUTE = (METHOD, ROUTE, PRIORITY)

COMPONENT_DURATION = Metric(
    "apivitals.http.server.component.duration",
    Kind.HISTOGRAM,
    "s",
    "The part of the response time that belongs to a component; the parts of a request add up to its response time.",
    (*_ROUTE, COMPONENT),
    _COMPONENT_BOUNDS_SECONDS,
)
COMPONENT_CALLS = Metric(
    "apivitals.http.server.component.calls",
    Kind.HISTOGRAM,
    "{call}",
    "Calls that one request made to a component; many to a database are the mark of an N+1 query.",
    (*_ROUTE, COMPONENT),
    _CALL_BOUNDS,
)
QUEUE_DURATION = Metric(
    "apivitals.http.server.queue.duration",
    Kind.HISTOGRAM,
    "s",
    "Queue time: from the proxy's time stamp to the request reaching the application; not part of the response time.",
    _ROUTE,
    DURATION_BOUNDS_SECONDS,
)
QUEUE_REJECTED = Metric(
    "apivitals.http.server.queue.rejected",
    Kind.COUNTER,
    "{header}",
    "Time stamps of the proxy that could not be believed, by reason: malformed, in the future, too old.",
    (REASON,),
)
