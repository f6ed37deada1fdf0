"""`track()` and `record()`: the time of an operation, its items and its failures."""

from __future__ import annotations

import time
from time import perf_counter

from opentelemetry.trace import SpanContext

from apivitals.breakdown.current import CURRENT, request_of
from apivitals.breakdown.exemplar import exemplar
from apivitals.operations.checks import checked_amount
from apivitals.operations.meter import OPERATIONS
from apivitals.operations.operation import Operation
from apivitals.operations.spans import COMPONENT, ITEMS, OperationSpan, current_tracer
from apivitals.operations.uses import Uses


class track(Uses[Operation]):  # noqa: N801  # it reads as a keyword: with track("resize"): ...
    """Times an operation, in a request or anywhere else.

        @track("database")                                      # functions of any kind
        def load(): ...

        with track("resize", component="video") as operation:   # or async with
            operation.items(len(frames))

    In a request its time becomes its component's in the breakdown. Everywhere it is an observation of
    ``apivitals.operation.duration``, in seconds, with what it raised as ``error.type``; and a span, if tracing is on.

    Args:
        name: what it is called in metrics and spans; bounded as all label values are, so no ids.
        component: the part of the breakdown that its time belongs to; its name, if not given.

    Raises:
        TypeError: an argument is no string.
        ValueError: an argument is empty.
    """

    def __init__(self, name: str, *, component: str | None = None) -> None:
        self._entered = []
        self._name, self._component = OPERATIONS.named(name, component)

    def _call(self) -> Operation:
        return Operation(self._name, self._component)


def record(name: str, seconds: float, *, component: str | None = None, items: float = 0, error_type: str = "") -> None:
    """Record an operation that was timed elsewhere, by a subprocess or a library, and has just ended.

    Args:
        name: as for `track`.
        seconds: how long it took.
        component: as for `track`.
        items: what it worked on: frames, rows, documents.
        error_type: a short name for what went wrong; empty if nothing did.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a name is empty, or a number negative, infinite or NaN.
    """
    name, component = OPERATIONS.named(name, component)
    seconds = checked_amount(seconds, "a duration in seconds")
    items = checked_amount(items, "a number of items")
    if not isinstance(error_type, str):
        raise TypeError(f'error_type is a string, not {error_type!r}: "Timeout", or "" for none')
    try:
        request = request_of(CURRENT.get())
        trace = None if request is None else request.trace
        trace = _span(name, component, seconds, items, error_type) or trace
        OPERATIONS.durations[name, component, error_type].observe(
            seconds, None if trace is None else exemplar(trace, seconds)
        )
        if items:
            OPERATIONS.items[name, component].add(items)
        if request is not None:
            request.credit(CURRENT.get() or request, component, seconds, perf_counter())
    except Exception as error:  # noqa: BLE001  # telemetry never breaks what it times
        OPERATIONS.errors.caught("operation", error)


def _span(name: str, component: str, seconds: float, items: float, error_type: str) -> SpanContext | None:
    """Make the span that ends now, if tracing is on; return what an exemplar can point to."""
    try:
        tracer = current_tracer()
        if tracer is None:
            return None
        ended = time.time_ns()
        started = ended - round(seconds * 1e9)
        span = OperationSpan(tracer.start_span(name, attributes={COMPONENT: component}, start_time=started))
        if items:
            span.span.set_attribute(ITEMS, items)
        span.end(None, error_type)
    except Exception as error:  # noqa: BLE001  # a sampler or span processor of the user's may raise
        OPERATIONS.errors.caught("operation", error)
        return None
    return span.sampled
