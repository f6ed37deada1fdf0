"""Where in a request a span is: what it opens when it starts, and closes when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from opentelemetry.trace import SpanContext

from apivitals.breakdown.components import GEN_AI
from apivitals.breakdown.current import CURRENT, RequestTimeline, innermost, request_of
from apivitals.breakdown.timeline import Interval
from apivitals.operations.gen_ai import record_span
from apivitals.operations.inference import Inference, current_inference
from apivitals.tracing.classification import SQLALCHEMY_SCOPE


class Place:
    """One span's.

    An exit has an interval of its own. What is no exit, or is inside another one, only stands for what it is in, so
    that children which know it alone, in another thread say, find the way.

    What is so for few spans is a class attribute until it is: three of them are made in an ordinary request.
    """

    request: RequestTimeline | None = None
    final = False
    """Whether its component is what was thought at its start, so that nobody need look at its end."""
    in_model_call = False
    """Whether its children are in a call to an AI model, which is recorded once."""
    _own: Interval | None = None
    _within_model_call = False
    _is_current = False
    _around: Interval | None = None
    _inference: Inference | None = None

    def __init__(self, inside: Interval | None) -> None:
        self.inside = inside
        """The interval that its children are in."""

    def end(self, component: str | None = None) -> None:
        """Close its interval, as a part of `component`, if that is known better now."""
        own = self._own
        if own is None:
            return
        timeline = own.timeline
        if timeline is not None:
            timeline.close(own, perf_counter(), component)
        if self._is_current and CURRENT.get() is own:
            CURRENT.set(self._around)

    def record_model_call(
        self, attributes: Mapping[str, Any], seconds: float, error_type: str, trace: SpanContext | None
    ) -> None:
        """Record a call to an AI model, unless it is a part of one that is recorded when its own span ends."""
        if not self._within_model_call:
            record_span(attributes, seconds, error_type, inference=self._inference, trace=trace)

    def open(self, component: str, at: Interval, *, counts: bool) -> None:
        """Open an interval of its own, unless it is a detail of one that is open."""
        if self.request is not None:
            own = self.request.open(at, component, perf_counter(), is_exit=True, counts=counts)
            if own is not None:
                self._own = self.inside = own

    def begin_model_call(self, *, within: bool) -> None:
        """Let what is inside it be a part of this call, which itself may be one of another."""
        self.in_model_call, self._within_model_call = True, within
        if not within:
            self._inference = current_inference()

    def become_current(self) -> None:
        """Let what runs from here to its end be inside it: its span is not current while it runs."""
        if self._own is not None:
            self._is_current, self._around = True, CURRENT.get()
            CURRENT.set(self._own)


def find_place(parent: Place | None, component: str | None, scope_name: str, span_name: str) -> Place | None:
    """Find the place of a span that starts now, and open its interval if it is an exit, which has a component.

    Returns None where there is nothing to be in.
    """
    where = CURRENT.get()
    within_model_call = False
    if parent is not None:
        if parent.inside is not where:
            where = _deeper(parent.inside, where)
        within_model_call = parent.in_model_call
    if where is None and component != GEN_AI and not within_model_call:
        return None
    place = Place(where)
    if where is not None:
        place.request = request_of(where)
        if component is not None:
            if scope_name != SQLALCHEMY_SCOPE:
                place.open(component, where, counts=True)
            else:  # to take a connection from its pool is no query; the driver's span inside a query is none either
                place.open(component, where, counts=span_name != "connect")
                place.become_current()
    if component == GEN_AI:
        place.begin_model_call(within=within_model_call)
    elif within_model_call:
        place.in_model_call = True
    return place


def _deeper(of_parent: Interval | None, current: Interval | None) -> Interval | None:
    """Choose between where the parent span is and where the code runs.

    They are of two requests when a task that one has started works for the other, or when one calls an application in
    the same process: the one that is still going on is right, or else the one in which the code runs.
    """
    if of_parent is None or current is None:
        return of_parent or current
    request = request_of(current)
    if request is not None and request.ended is not None:
        return of_parent
    return innermost(of_parent, current)
