"""The components that a response time is divided among, and what one of them had of it."""

from __future__ import annotations

from typing import NamedTuple

# Phases, one after the other
MIDDLEWARE, DEPENDENCIES, ENDPOINT = "middleware", "dependencies", "endpoint"
SERIALIZATION, SEND = "serialization", "send"
# Waits, wherever they happen
RECEIVE, THREADPOOL_WAIT = "receive", "threadpool_wait"
# Exits, where the request leaves the process
DATABASE, CACHE, EXTERNAL, MESSAGING, GEN_AI = "database", "cache", "external", "messaging", "gen_ai"


class Component(NamedTuple):
    """What one component had of a request."""

    seconds: float
    """Its share of the response time."""
    calls: int
    """Intervals of it that have ended: queries, calls, tracked blocks. Phases have none."""
    busy_seconds: float
    """Time during which at least one of its intervals was open, whatever else was; 0 for phases."""
