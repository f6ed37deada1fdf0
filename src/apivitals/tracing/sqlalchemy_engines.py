"""SQLAlchemy, by the listeners of opentelemetry-instrumentation-sqlalchemy, on each engine as it is used.

The instrumentation itself replaces `create_engine`, and with it sees no engine that was there before, and none made
through a name that was imported before, which is how most are made. It also imports SQLAlchemy's asyncio part, which
raises without greenlet, since 2.1 the usual case, and declares that it knows nothing later than 2.0. Its listeners do.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from opentelemetry.metrics import NoOpMeter
from opentelemetry.trace import SpanKind, TracerProvider

from apivitals import patching
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.classification import SQLALCHEMY_SCOPE

CONNECT = "connect"


class SqlalchemyEngines:
    """Stands for `SQLAlchemyInstrumentor`: every engine of the process, from its next connection on."""

    def __init__(self) -> None:
        from opentelemetry.instrumentation.sqlalchemy import engine, version  # noqa: PLC0415  # an extra
        from sqlalchemy.engine import Engine  # noqa: PLC0415  # likewise

        self._engine_class = Engine
        # With a list of its own of what to remove: in the common one a listener may be twice, and the second one fails
        own: dict[str, Any] = {"_remove_event_listener_params": []}
        self._tracer_class: Any = type("EngineTracer", (engine.EngineTracer,), own)
        self._version = version.__version__
        self._traced: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()

    def instrument(self, *, tracer_provider: TracerProvider, **_: Any) -> None:
        """Begin."""
        tracer = tracer_provider.get_tracer(SQLALCHEMY_SCOPE, self._version)
        connections = NoOpMeter(SQLALCHEMY_SCOPE).create_up_down_counter("db.client.connections.usage")

        def trace(engine: Any) -> None:
            while hasattr(engine, "_proxied"):  # of execution_options(), whose listeners are those of its engine
                engine = engine._proxied  # noqa: SLF001  # nothing else leads there
            with self._lock:
                if engine in self._traced:
                    return
                self._traced.add(engine)
            self._tracer_class(tracer, engine, connections)

        def tracing(connect: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(connect)
            def traced(engine: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    trace(engine)
                except Exception as error:  # noqa: BLE001  # telemetry never breaks a user's call
                    OPERATIONS.errors.caught("tracing", error)
                # The wait for a connection of the pool, or a new one, is the database's time
                with tracer.start_as_current_span(CONNECT, kind=SpanKind.CLIENT):
                    return connect(engine, *args, **kwargs)

            return traced

        patching.acquire(self._engine_class, CONNECT, tracing)

    def uninstrument(self) -> None:
        """Leave the engines as they were."""
        patching.release(self._engine_class, CONNECT)
        self._tracer_class.remove_all_event_listeners()
        self._traced.clear()
