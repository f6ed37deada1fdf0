"""Hits and misses of Redis, counted from the answers to commands that look one or several keys up."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import Span

from apivitals.operations.cache import cache_hit, cache_miss
from apivitals.operations.meter import OPERATIONS

CACHE_NAME = "redis"

_PIPELINE_LENGTH = "db.redis.pipeline_length"
_ONE = frozenset({"GET", "GETEX", "HGET"})
_SEVERAL = frozenset({"MGET", "HMGET"})


def note_response(span: Span, _: Any, response: Any) -> None:
    """Count what a command, or a pipeline of commands, has found: a hook of opentelemetry-instrumentation-redis.

    The span's name is all that says what was asked: the command, or a pipeline's commands in a row. A pipeline that was
    overtaken by another client has no list of responses, and nothing is counted of it.
    """
    try:
        commands = str(getattr(span, "name", "")).upper().split()
        attributes = getattr(span, "attributes", None) or {}
        if attributes.get(_PIPELINE_LENGTH) is None:
            if len(commands) == 1:
                _count(commands[0], response)
        elif isinstance(response, (list, tuple)) and len(response) == len(commands):
            for command, one in zip(commands, response, strict=True):
                _count(command, one)
    except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
        OPERATIONS.errors.caught("tracing", error)


def _count(command: str, response: Any) -> None:
    if command in _ONE:
        found = [response]
    elif command in _SEVERAL and isinstance(response, (list, tuple)):
        found = list(response)
    else:
        return
    for value in found:
        if value is None:
            cache_miss(CACHE_NAME)
        elif not isinstance(value, Exception):  # which a pipeline may return instead of raising it
            cache_hit(CACHE_NAME)
