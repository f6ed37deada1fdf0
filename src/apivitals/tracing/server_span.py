"""The server span of each request: somebody else's where there is one, else one made here; never two.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware, get_host_port_url_tuple
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider, Span, SpanKind, TracerProvider
from opentelemetry.util.http import ExcludeList, get_excluded_urls, sanitize_method

from apivitals.breakdown.components import Component
from apivitals.breakdown.current import CURRENT, RequestTimeline
from apivitals.operations.meter import OPERATIONS
from apivitals.tracing.global_provider import global_provider
from apivitals.tracing.stand_in import StandInTracerProvider
from apivitals.tracing.withheld import Withholding, shown

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

SECONDS, CALLS, BUSY_SECONDS = "apivitals.component.", "apivitals.component_calls.", "apivitals.component_busy."

_METHOD, _ROUTE, _STATUS = "http.request.method", "http.route", "http.response.status_code"
_CONTRIB = "opentelemetry.instrumentation."
_NATIVE_KEY = "fastapi.telemetry"
_UNASKED = object()


class ServerSpans:
    """Makes the server spans of one application, where nothing else does.

    Whether it has to is asked at each request, since a tracer provider may be set, and the application be instrumented
    by other means, at any time; the answer is looked for again only when one of these has changed.

    Args:
        application: what was instrumented: an application, or an ASGI middleware around one.
        call: calls it.
        stand_in: what is to see the spans.
    """

    def __init__(self, application: Any, call: App, stand_in: StandInTracerProvider) -> None:
        self._application = application
        self._call = call
        self._stand_in = stand_in
        self._asked: tuple[object, object, object] = _UNASKED, None, None
        self._are_needed = False
        self._maker: _Maker | None = None

    def are_needed(self) -> bool:
        """Whether requests are to be passed through here: to be given a span, or to be kept from a second one."""
        application = vars(self._application)
        provider, stack = global_provider(), application.get("middleware_stack")
        asked = provider, stack, application.get("_is_instrumented_by_opentelemetry")
        if asked[0] is not self._asked[0] or asked[1] is not self._asked[1] or asked[2] is not self._asked[2]:
            self._asked = asked
            self._are_needed = self._decide(provider)
        return self._are_needed

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass a request on inside a server span of its own."""
        if scope["type"] != "http":
            await self._call(scope, receive, send)
            return
        scope[_NATIVE_KEY] = None  # a FastAPI application mounted in this one makes no second span
        try:
            if self._maker is None or self._adopted():
                await self._call(scope, receive, send)
            else:
                await self._maker(scope, receive, send)
        finally:
            scope.pop(_NATIVE_KEY, None)

    def _adopted(self) -> bool:
        """Take the server span around the application, begun before the request reached us, if there is one."""
        span = trace.get_current_span()
        if getattr(span, "kind", None) is not SpanKind.SERVER or not span.is_recording():
            return False
        context, request = span.get_span_context(), CURRENT.get()
        if self._stand_in.processor.place_of(context) is not None:  # another request's, which has made this one
            return False
        if isinstance(request, RequestTimeline) and request.server_span is None:
            request.server_span = span
            if context.trace_flags.sampled:
                request.trace = context
        return True

    def _decide(self, provider: TracerProvider | None) -> bool:
        self._maker = None
        is_fastapis = False
        for layer in _layers(self._application):
            native = getattr(layer, "_native_telemetry", None)
            is_fastapis = is_fastapis or native is not None  # whose user may have told it to make none
            own_provider = _config(native).get("tracer_provider")
            if own_provider is not None:
                self._stand_in.watch(own_provider)
            if isinstance(layer, OpenTelemetryMiddleware):  # whose tracer may be of a provider of its own
                self._stand_in.watch(getattr(layer.tracer, "span_processor", None))
        if _are_contribs(self._application):
            return True  # only FastAPI in a mount is to be kept from it: it looks for contrib no further out
        if is_fastapis or provider is None or isinstance(provider, NoOpTracerProvider):
            return False
        self._stand_in.watch(provider)
        try:
            self._maker = _Maker(self._call, provider)
        except Exception as error:  # noqa: BLE001  # a vendor's provider may refuse, a variable may be no regular expression
            OPERATIONS.errors.caught("tracing", error)
            return False
        return True


class _Maker:
    """OpenTelemetry's middleware, and what it is not to see of a request."""

    def __init__(self, call: App, provider: TracerProvider) -> None:
        self._call = call
        self._excluded: ExcludeList = get_excluded_urls("FASTAPI")
        self._middleware = OpenTelemetryMiddleware(
            self._answer,
            excluded_urls=None,  # the path, which they tell, is not in the scope that it gets
            default_span_details=_span_details,
            tracer_provider=provider,
            meter_provider=NoOpMeterProvider(),
            exclude_spans=["receive", "send"],
        )
        self._withholding = Withholding(self._middleware.http_capture_headers_server_request or ())

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        _, _, url = get_host_port_url_tuple(scope)  # type: ignore[no-untyped-call]  # OpenTelemetry's
        if self._excluded.url_disabled(url):
            await self._call(scope, receive, send)
        else:
            await self._middleware(self._withholding.hide(scope), receive, send)

    async def _answer(self, scope: Scope, receive: Any, send: Any) -> None:
        await self._call(shown(scope), receive, send)


def _are_contribs(application: Any) -> bool:
    """Whether OpenTelemetry's middleware makes the server spans, or will once the application has built its stack."""
    built = marked = False
    for layer in _layers(application):
        added = getattr(layer, "user_middleware", ())
        if isinstance(layer, OpenTelemetryMiddleware) or any(
            _class_of(one) is OpenTelemetryMiddleware for one in added
        ):
            return True
        built = built or getattr(layer, "middleware_stack", None) is not None
        marked = marked or bool(getattr(layer, "_is_instrumented_by_opentelemetry", False))
    return marked and not built  # the instrumentor's mark says nothing of a stack that it may have come too late for


def _class_of(middleware: Any) -> Any:
    return getattr(middleware, "cls", None)


def _layers(application: Any) -> Iterator[Any]:
    """Yield an application and what it consists of, from the outside in, as far as that can be seen."""
    seen: set[int] = set()
    layer = application
    while layer is not None and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = getattr(layer, "middleware_stack", None) or getattr(layer, "app", None)


def _config(native: Any) -> Mapping[str, Any]:
    config = getattr(native, "config", None)
    return config if isinstance(config, Mapping) else {}


def _span_details(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Name a span that starts; its route is not matched here, which would cost more with each that there is."""
    method = sanitize_method(str(scope.get("method", "")))
    return ("HTTP" if method == "_OTHER" else method), {}


def name_server_span(span: Span, method: str, route: str, status: int) -> None:
    """Give a request's server span its method, route template and status, and their name.

    Contrib's has the path that a route was found by in a mount, ours none; the name of anybody else's span stays.
    """
    present: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    if _METHOD not in present:
        span.set_attribute(_METHOD, sanitize_method(method))
    if status and _STATUS not in present:
        span.set_attribute(_STATUS, status)
    if route:
        span.set_attribute(_ROUTE, route)
        scope = getattr(span, "instrumentation_scope", None)
        if scope is not None and scope.name.startswith(_CONTRIB):
            known = sanitize_method(method)
            span.update_name(f"{'HTTP' if known == '_OTHER' else known} {route}")


def put_breakdown(span: Span, components: Mapping[str, Component]) -> None:
    """Put a request's breakdown on its server span.

    ``apivitals.component.NAME`` has the seconds of each component; of those that were called,
    ``apivitals.component_calls.NAME`` has how often, and ``apivitals.component_busy.NAME`` for how many seconds one of
    the calls at least was under way. A component may be called anything, so nothing comes after its name.
    """
    for name, component in components.items():
        span.set_attribute(SECONDS + name, component.seconds)
        if component.calls:
            span.set_attribute(CALLS + name, component.calls)
            span.set_attribute(BUSY_SECONDS + name, component.busy_seconds)
