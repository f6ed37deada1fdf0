"""One call of something that is tracked: its clock, its interval in the request, its span."""

from __future__ import annotations

from time import perf_counter

from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from apivitals.breakdown.current import CURRENT, RequestTimeline, request_of
from apivitals.breakdown.exemplar import exemplar
from apivitals.breakdown.timeline import Interval
from apivitals.exceptions import CANCELLED, exception_name, is_cancellation, unwrapped
from apivitals.families import Exemplar
from apivitals.operations.checks import checked_amount, checked_text
from apivitals.operations.meter import OPERATIONS
from apivitals.operations.spans import COMPONENT, ITEMS, OperationSpan, current_tracer

# How iterators and generators say that they are done, or are not wanted any more
_ENDINGS = (GeneratorExit, StopIteration, StopAsyncIteration)


class Operation:
    """One call. It runs from `begin` to `end`, except between `pause` and `resume`.

    Nothing in it can break what it times: its own errors go to the error log. What changes in few calls is a class
    attribute until it does, which makes an instance quick to build.
    """

    _is_exit = False
    _request: RequestTimeline | None = None
    _interval: Interval | None = None
    _outer: Interval | None = None
    _resumed = False
    _span: OperationSpan | None = None
    _items = 0.0
    _error_type = ""
    _seconds = 0.0
    ended = False

    def __init__(self, name: str, component: str) -> None:
        self._name = name
        self._component = component
        self._started = 0.0

    def begin(self) -> None:
        """Start the clock."""
        try:
            tracer = current_tracer()
            if tracer is not None:
                self._span = self._start_span(tracer)
        except Exception as error:  # noqa: BLE001  # a sampler or span processor of the user's may raise
            OPERATIONS.errors.caught("operation", error)
        self.resume()

    def resume(self) -> None:
        """Let the time from here on be this operation's."""
        try:
            if self._span is not None:
                self._span.enter()
            outer = CURRENT.get()
            self._started = started = perf_counter()
            if outer is not None:
                self._open(outer, started)
        except Exception as error:  # noqa: BLE001  # telemetry never breaks what it times
            OPERATIONS.errors.caught("operation", error)

    def pause(self) -> None:
        """Let the time from here on be somebody else's, and what is opened there be no part of this operation."""
        try:
            self._stop()
        except Exception as error:  # noqa: BLE001  # telemetry never breaks what it times
            OPERATIONS.errors.caught("operation", error)

    def produced(self) -> None:
        """Pause: an item of a generator is out."""
        self.pause()

    def end(self, error: BaseException | None) -> None:
        """Stop the clock and record, for the first time; `error` is what the work has raised."""
        if self.ended:
            return
        self.ended = True
        try:
            self._stop()
            if error is not None and not self._error_type:
                self._error_type = error_type_of(error)
            self._record()
        except Exception as problem:  # noqa: BLE001  # telemetry never breaks what it times
            OPERATIONS.errors.caught("operation", problem)
        if self._span is not None:
            try:
                self._describe(self._span)
                self._span.end(error, self._error_type)
            except Exception as problem:  # noqa: BLE001  # a span processor of the user's may raise
                OPERATIONS.errors.caught("operation", problem)

    def items(self, number: float = 1) -> None:
        """Count `number` more items that were worked on: frames, rows, documents. They are counted at once."""
        try:
            amount = checked_amount(number, "a number of items")
            OPERATIONS.items[self._name, self._component].add(amount)
            self._items += amount
        except Exception as error:  # noqa: BLE001  # in the middle of the user's work, so not theirs to handle
            OPERATIONS.errors.caught("operation", error)

    def attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute of the span; without tracing it does nothing."""
        if self._span is not None:
            try:
                self._span.span.set_attribute(key, value)
            except Exception as error:  # noqa: BLE001  # in the middle of the user's work
                OPERATIONS.errors.caught("operation", error)

    def error(self, error: str | BaseException) -> None:
        """Say that it failed although it raises nothing: an exception that was handled, or a short name."""
        try:
            if isinstance(error, BaseException):
                self._error_type = error_type_of(error)
            else:
                self._error_type = checked_text(error, "an error", '"RateLimitError", or the exception')
        except Exception as problem:  # noqa: BLE001  # in the middle of the user's work
            OPERATIONS.errors.caught("operation", problem)

    def _open(self, outer: Interval, started: float) -> None:
        self._request = request = request_of(outer)
        if request is None:
            return
        # the generator that goes on is still the same call
        interval = request.open(outer, self._component, started, is_exit=self._is_exit, counts=not self._resumed)
        if interval is not None:
            self._interval, self._outer, self._resumed = interval, outer, True
            CURRENT.set(interval)

    def _stop(self) -> None:
        if not self._started:
            return
        now = perf_counter()
        self._seconds += now - self._started
        self._started = 0.0
        interval = self._interval
        if interval is not None:
            self._interval = None
            if self._request is not None:
                self._request.close(interval, now, self._component)
            # In another context than it was opened in there is nothing to put back
            if CURRENT.get() is interval:
                CURRENT.set(self._outer)
        if self._span is not None:
            self._span.leave()

    def _record(self) -> None:
        seconds = self._seconds
        OPERATIONS.durations[self._name, self._component, self._error_type].observe(seconds, self._exemplar(seconds))

    def _exemplar(self, value: float) -> Exemplar | None:
        span, request = self._span, self._request
        trace = None if span is None else span.sampled
        if trace is None and request is not None:
            trace = request.trace
        return None if trace is None else exemplar(trace, value)

    def _start_span(self, tracer: Tracer) -> OperationSpan:
        return OperationSpan(tracer.start_span(self._name, attributes={COMPONENT: self._component}))

    def _describe(self, span: OperationSpan) -> None:
        if self._items:
            span.span.set_attribute(ITEMS, self._items)


def error_type_of(error: BaseException) -> str:
    """Return an exception's ``error.type``: "" for one that ends an iteration, ``cancelled`` for a cancellation."""
    if isinstance(error, _ENDINGS):
        return ""
    inner = unwrapped(error) or error
    return CANCELLED if is_cancellation(inner) else exception_name(inner)
