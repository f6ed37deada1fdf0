"""The instrumentors of libraries, switched on and off for the process as often as applications want them."""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from opentelemetry.instrumentation.dependencies import DependencyConflictError
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # it says of itself not to be checked
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import TracerProvider
from wrapt import register_post_import_hook

from apivitals import patching
from apivitals.errors import ErrorLog
from apivitals.tracing.cache_results import note_response
from apivitals.tracing.pairs import Pair
from apivitals.tracing.sqlalchemy_engines import SqlalchemyEngines

logger = logging.getLogger("apivitals")


class Instrumenting(Protocol):
    """An instrumentor, or what stands for one."""

    def instrument(self, *, tracer_provider: TracerProvider, **kwargs: Any) -> Any:
        """Begin to make spans."""

    def uninstrument(self) -> Any:
        """End it."""


_HOOKS: dict[str, dict[str, Any]] = {"redis": {"response_hook": note_response}}
_INSTEAD: dict[str, Callable[[], Instrumenting]] = {"sqlalchemy": SqlalchemyEngines}


class Instrumentors:
    """Counts who wants which, and switches each one on when its library is imported: at once, if it is already.

    Nothing is imported that the service does not use. What the user has instrumented stays theirs; what they instrument
    later becomes theirs, with the hooks that they give it.
    """

    def __init__(self) -> None:
        self._wanted: Counter[Pair] = Counter()
        self._on: dict[Pair, tuple[Instrumenting, TracerProvider, ErrorLog]] = {}
        self._tried: set[Pair] = set()
        # Never held while an instrumentor runs: it imports, and who imports in another thread may wait for us
        self._lock = threading.Lock()

    def want(self, pair: Pair, provider: TracerProvider, errors: ErrorLog) -> None:
        """Have it on, for one more application."""
        with self._lock:
            self._wanted[pair] += 1
            is_first = self._wanted[pair] == 1
            if is_first:
                self._tried.discard(pair)
        if is_first:
            patching.acquire(BaseInstrumentor, "instrument", self._giving_way)
            # An instrumentation imports its library, and one library imports another: whichever is complete last
            for module in (pair.library, pair.instrumentors[0][0]):
                register_post_import_hook(lambda _: self._switch_on(pair, provider, errors), module)

    def unwant(self, pair: Pair, errors: ErrorLog) -> None:
        """Have it off again, if nobody else wants it."""
        with self._lock:
            self._wanted[pair] -= 1
            if self._wanted[pair]:
                return
            on = self._on.pop(pair, None)
        patching.release(BaseInstrumentor, "instrument")
        if on is not None:
            _switch_off(on[0], errors)

    def _switch_on(self, pair: Pair, provider: TracerProvider, errors: ErrorLog) -> None:
        module, name = pair.instrumentors[0]
        is_incomplete = module in sys.modules and not hasattr(sys.modules[module], name)
        if is_incomplete or pair.library not in sys.modules:
            return
        with self._lock:
            if not self._wanted[pair] or pair in self._tried:  # what has failed fails again
                return
            self._tried.add(pair)
        made = None
        try:
            made = _instrumented(pair, provider)
        except DependencyConflictError as error:
            logger.warning("calls of %s are not seen: %s", pair.name, error)
        except Exception as error:  # noqa: BLE001  # it costs only itself, and not the import that it came by
            errors.caught("tracing", error)
        if made is None:
            return
        with self._lock:
            if self._wanted[pair]:
                self._on[pair] = made, provider, errors
                return
        _switch_off(made, errors)

    def _take_back(self, pair: Pair, on: tuple[Instrumenting, TracerProvider, ErrorLog]) -> None:
        """Switch on again what was on, and so goes with the library."""
        instrumentor, provider, errors = on
        try:
            _begin(instrumentor, pair, provider, skip_dep_check=True)
        except Exception as error:  # noqa: BLE001  # it costs only itself
            errors.caught("tracing", error)
            return
        with self._lock:
            if self._wanted[pair]:
                self._on[pair] = on
                return
        _switch_off(instrumentor, errors)

    def _giving_way(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap ``BaseInstrumentor.instrument``, which would refuse a user who comes after us, and drop their hooks."""

        @functools.wraps(original)
        def instrument(instrumentor: Any, *args: Any, **kwargs: Any) -> Any:
            with self._lock:
                same = [pair for pair in self._on if type(instrumentor) in _loaded_classes(pair)]
                ours = {pair: self._on.pop(pair) for pair in same}
            for one, _, errors in ours.values():
                _switch_off(one, errors)
            try:
                return original(instrumentor, *args, **kwargs)
            finally:
                if not instrumentor.is_instrumented_by_opentelemetry:  # it has refused this version of the library
                    for pair, on in ours.items():
                        self._take_back(pair, on)

        return instrument


def _loaded_classes(pair: Pair) -> list[Any]:
    modules = ((sys.modules.get(module), name) for module, name in pair.instrumentors)
    return [getattr(module, name) for module, name in modules if hasattr(module, name)]


def _instrumented(pair: Pair, provider: TracerProvider) -> Instrumenting | None:
    """Switch one on; None if the user has."""
    module, name = pair.instrumentors[0]
    preferred = getattr(importlib.import_module(module), name)
    # There is one instance of each class, which calling the class would set back to its beginnings
    if any(cls.__new__(cls).is_instrumented_by_opentelemetry for cls in _loaded_classes(pair)):
        return None
    instrumentor: Instrumenting = _INSTEAD.get(pair.name, preferred)()
    _begin(instrumentor, pair, provider, raise_exception_on_conflict=True)
    return instrumentor


def _begin(instrumentor: Instrumenting, pair: Pair, provider: TracerProvider, **check: bool) -> None:
    hooks = _HOOKS.get(pair.name, {})
    instrumentor.instrument(tracer_provider=provider, meter_provider=NoOpMeterProvider(), **hooks, **check)


def _switch_off(instrumentor: Instrumenting, errors: ErrorLog) -> None:
    if not getattr(instrumentor, "is_instrumented_by_opentelemetry", True):
        return  # the user has switched it off
    try:
        instrumentor.uninstrument()
    except Exception as error:  # noqa: BLE001  # it costs only itself
        errors.caught("tracing", error)


INSTRUMENTORS = Instrumentors()
"""The process's."""
