"""Colours that mean the same on every dashboard. All are Grafana's own, which fit both of its themes."""

from __future__ import annotations

from collections.abc import Mapping

from apivitals.dashboards.panel import State, Step

GOOD, WATCH, BAD, WORSE, PLAIN = "green", "yellow", "red", "dark-red", "blue"

SEVERITIES: Mapping[str, str] = {"critical": BAD, "warning": "orange", "info": PLAIN, "good": WATCH, "excellent": GOOD}

PRIORITIES: Mapping[str, str] = {"critical": "red", "high": "orange", "medium": "blue", "low": "super-light-blue"}

COMPONENTS: Mapping[str, str] = {
    "middleware": "light-purple",
    "dependencies": "purple",
    "threadpool_wait": "dark-red",
    "endpoint": "green",
    "serialization": "super-light-green",
    "receive": "super-light-blue",
    "send": "light-blue",
    "database": "orange",
    "cache": "yellow",
    "external": "blue",
    "messaging": "dark-blue",
    "gen_ai": "dark-purple",
}

STATUS: Mapping[str, str] = {"2xx": "green", "3xx": "blue", "4xx": "yellow", "5xx": "red"}
"""A response without a start has no status."""

RESOURCES: Mapping[str, str] = {"cpu": "blue", "memory": "purple", "io": "orange"}

CPU_MODES: Mapping[str, str] = {
    "user": "blue",
    "system": "orange",
    "nice": "light-blue",
    "iowait": "red",
    "interrupt": "yellow",
    "steal": "dark-red",
    "idle": "super-light-green",
}
MEMORY_STATES: Mapping[str, str] = {
    "used": "purple",
    "buffers": "light-blue",
    "cached": "super-light-blue",
    "free": "super-light-green",
}
DIRECTIONS: Mapping[str, str] = {
    "read": "blue",
    "write": "orange",
    "receive": "blue",
    "transmit": "orange",
    "input": "blue",
    "output": "orange",
}
"""What comes in, and what goes out."""

GENERATIONS: Mapping[str, str] = {"generation 0": "light-blue", "generation 1": "blue", "generation 2": "dark-purple"}

RATINGS = (
    State(1, "excellent", GOOD),
    State(2, "good", "light-green"),
    State(3, "warning", "orange"),
    State(4, "critical", BAD),
)
YES_NO = (State(1, "met", GOOD), State(0, "missed", BAD))

ANY = (Step(None, PLAIN),)
"""A value that is neither good nor bad."""
ANY_IS_BAD = (Step(None, GOOD), Step(1e-9, BAD))
ANY_IS_TO_WATCH = (Step(None, GOOD), Step(1e-9, "orange"))
LEFT = (Step(None, BAD), Step(0, "orange"), Step(0.25, WATCH), Step(0.5, GOOD))
"""Of a budget: past it, the last quarter, the last half."""
BURNING = (Step(None, GOOD), Step(1, WATCH), Step(3, "orange"), Step(14.4, BAD))
"""Times faster than allowed."""
SCORE = (Step(None, BAD), Step(50, "orange"), Step(80, WATCH), Step(95, GOOD))
