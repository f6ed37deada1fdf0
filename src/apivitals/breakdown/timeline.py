"""A request's time, divided among components so that the parts add up to it.

At every instant the intervals that are active and have no active interval inside them, the leaves, share the time
equally; where there is none, it belongs to the phase that the request is in. This is the sweep that Datadog's tracer
does over a finished trace (https://docs.datadoghq.com/tracing/trace_explorer/trace_view/, execution time), done as the
events come: a clock that runs at 1/n of real time while n leaves are active gives each leaf its share as the difference
of two readings. So an event costs the same however many intervals there are or were, and nothing is kept of the past.
"""

from __future__ import annotations

import threading

from apivitals.breakdown.busy import Busy
from apivitals.breakdown.components import MIDDLEWARE, Component

_NOTE_LIMIT = 64  # a stream enters a phase twice for each chunk
OPEN_LIMIT = 10_000
"""Intervals of one request that can be open at once; further ones are not seen. A hundred times what is sensible."""


class Interval:
    """A stretch of work inside a request, from `Timeline.open` to `Timeline.close`.

    `component` is what it counts for unless `close` knows better. `is_exit` says that it is where the request leaves
    the process: an exit inside it (an SDK's own HTTP request) is a detail of it and is not counted again.
    """

    is_exit = False
    counts = True
    children: set[Interval] | None = None
    share = 0.0
    mark = 0.0
    parent: Interval | None = None
    timeline: Timeline | None = None
    """The one it is open in; None for a timeline itself, and for an interval that is closed."""

    def __init__(self, component: str, started: float) -> None:
        self.component = component
        self.started = started


class Timeline(Interval):
    """One request's time, from `started` on, in seconds of a monotonic clock. It is the outermost interval itself.

    Any thread may call it; a reading of the clock that comes late, from another thread, counts as the newest one. What
    comes after `end` is ignored: background tasks are not in the response time.

    What changes in few requests is a class attribute until it does, and phases are only noted down until there is an
    interval or the end: most of what a request pays for its breakdown is the making of this object and five notes.
    """

    ended: float | None = None
    _virtual = 0.0
    _active = 1
    _open: set[Interval] | None = None

    def __init__(self, started: float, phase: str = MIDDLEWARE) -> None:
        self.component = phase
        self.started = self._last = started
        self.seconds: dict[str, float] = {}
        """Share of each component, in seconds; whole once the timeline has ended."""
        self.calls: dict[str, int] = {}
        """Intervals of each component that have ended: queries, calls, tracked blocks."""
        self._busy: dict[str, Busy] = {}
        self._notes: list[tuple[str, float]] = []
        # Re-entrant: the garbage collector may end a span in the middle of one of our own events
        self._lock = threading.RLock()

    def enter(self, phase: str, at: float) -> None:
        """Go over to the next phase."""
        self._notes.append((phase, at))
        if len(self._notes) > _NOTE_LIMIT:
            with self._lock:
                self._enter_noted()

    def rename(self, phase: str) -> None:
        """Call the phase that the request is in otherwise, from its beginning on."""
        with self._lock:
            self._enter_noted()
            if self.ended is None:
                self.component = phase

    def leave_behind(self, at: float) -> None:
        """Close what is still open: it was left running, and nothing waits for it any more."""
        if not self._open:
            return
        with self._lock:
            if self.ended is None:
                self._enter_noted()
                self._advance(at)
                for interval in tuple(self.children or ()):
                    self._finish(interval)

    def open(
        self, parent: Interval, component: str, at: float, *, is_exit: bool = False, counts: bool = True
    ) -> Interval | None:
        """Begin an interval inside `parent`, or inside what that was in if it has ended.

        Returns None where there is nothing to time: the request has ended, too much is open at once, or one exit is
        inside another.
        """
        with self._lock:
            if self.ended is not None:
                return None
            if self._notes:
                self._enter_noted()
            while parent is not self and parent.timeline is None:
                parent = parent.parent or self
            if self._open is None:
                self._open = set()
            elif len(self._open) >= OPEN_LIMIT or (is_exit and _within_exit(parent)):
                return None
            self._advance(at)
            interval = Interval(component, self._last)
            interval.parent = parent
            interval.timeline = self
            if is_exit:
                interval.is_exit = True
            if not counts:
                interval.counts = False
            if parent.children:
                self._active += 1
            else:  # its time is its child's from here on
                parent.share += self._virtual - parent.mark
                if parent.children is None:
                    parent.children = set()
            parent.children.add(interval)
            interval.mark = self._virtual
            self._open.add(interval)
            return interval

    def close(self, interval: Interval, at: float, component: str | None = None) -> None:
        """End an interval, as a part of `component` if that is known only now; for the second time it does nothing.

        What is still open inside it is ended with it, as something that nobody waits for.
        """
        with self._lock:
            if interval.timeline is not self or self.ended is not None:
                return
            if component is not None:
                interval.component = component
            if self._notes:
                self._enter_noted()
            self._advance(at)
            self._finish(interval)

    def credit(self, inside: Interval, component: str, seconds: float, at: float) -> None:
        """Count a call that was timed elsewhere and has just ended: its seconds are no longer those of `inside`.

        It gets no more than what that has had itself since it began, so that the parts still add up.
        """
        with self._lock:
            if self.ended is not None:
                return
            self._enter_noted()
            while inside is not self and inside.timeline is None:
                inside = inside.parent or self
            self._advance(at)
            if not inside.children:
                inside.share += self._virtual - inside.mark
                inside.mark = self._virtual
            call = Interval(component, self._last - seconds)
            call.share = min(seconds, inside.share)
            inside.share -= call.share
            self._settle(call)
            self._count(component, call.started)

    def end(self, at: float) -> None:
        """End the request: what is open ends with it, and `seconds` add up to its time."""
        with self._lock:
            if self.ended is not None:
                return
            if self._open is None and not self._virtual:
                self._divide_notes(at)
                return
            self._enter_noted()
            self._advance(at)
            if self._open:
                for interval in tuple(self.children or ()):
                    self._finish(interval)
            self.share += self._virtual - self.mark
            self._settle(self)
            self.ended = self._last

    def components(self, at: float | None = None) -> dict[str, Component]:
        """Return what every component had, in all; or, of a request that has not ended, until `at`."""
        with self._lock:
            self._enter_noted()
            if at is not None and self.ended is None:
                self._notes.append((self.component, at))
                self._enter_noted()
        return {
            component: Component(
                seconds,
                self.calls.get(component, 0),
                self._busy[component].seconds() if component in self._busy else 0.0,
            )
            for component, seconds in self.seconds.items()
        }

    def _divide_notes(self, at: float) -> None:
        """Come to the end of a request that was nothing but phases: the differences of their beginnings are theirs."""
        seconds, last, phase = self.seconds, self._last, self.component
        for following, begun in self._notes:
            if begun > last:
                seconds[phase] = seconds.get(phase, 0.0) + (begun - last)
                last = begun
            elif phase not in seconds:
                seconds[phase] = 0.0
            phase = following
        self.ended = max(last, at)
        seconds[phase] = seconds.get(phase, 0.0) + (self.ended - last)
        self._notes.clear()

    def _enter_noted(self) -> None:
        """Go through the phases that were noted; `_advance` and `_settle`, written out."""
        if self.ended is None:
            seconds = self.seconds
            for phase, at in self._notes:
                if at > self._last:
                    self._virtual += (at - self._last) / self._active
                    self._last = at
                share = self.share
                if not self.children:
                    share += self._virtual - self.mark
                    self.mark = self._virtual
                self.share = 0.0
                component = self.component
                seconds[component] = seconds.get(component, 0.0) + share
                self.component = phase
        self._notes.clear()

    def _advance(self, at: float) -> None:
        if at > self._last:
            self._virtual += (at - self._last) / self._active
            self._last = at

    def _settle(self, interval: Interval) -> None:
        """Give an interval's share to its component."""
        component = interval.component
        self.seconds[component] = self.seconds.get(component, 0.0) + interval.share
        interval.share = 0.0

    def _finish(self, interval: Interval) -> None:
        """Close an interval, and before it all that is open inside it, innermost first."""
        if interval.children:
            below = [interval]
            for outer in below:
                below.extend(outer.children or ())
            for inner in reversed(below):
                self._finish_leaf(inner)
        else:
            self._finish_leaf(interval)

    def _finish_leaf(self, interval: Interval) -> None:
        assert self._open is not None  # noqa: S101  # it is in there
        assert interval.parent is not None  # noqa: S101  # only a timeline has none
        assert interval.parent.children is not None  # noqa: S101
        self._open.discard(interval)
        interval.timeline = None
        parent, beside = interval.parent, interval.parent.children
        beside.discard(interval)
        if beside:
            self._active -= 1
        else:
            parent.mark = self._virtual
        component, seconds = interval.component, self.seconds
        seconds[component] = seconds.get(component, 0.0) + interval.share + self._virtual - interval.mark
        if interval.counts:
            self._count(component, interval.started)

    def _count(self, component: str, started: float) -> None:
        calls = self.calls
        busy = self._busy.get(component)
        if busy is None:
            busy = self._busy[component] = Busy()
        calls[component] = calls.get(component, 0) + 1
        busy.add(started, self._last)


def _within_exit(interval: Interval | None) -> bool:
    while interval is not None:
        if interval.is_exit:
            return True
        interval = interval.parent
    return False
