"""FastAPI's own metrics, which are on as soon as a meter provider is set, and measure what we measure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.routing import Mount


class NativeMetrics:
    """Those of one application and of what is mounted in it.

    FastAPI has no switch for them after the constructor; without its attribute they measure, and cost, as they like.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._silenced: list[dict[str, Any]] = []

    def silence(self) -> None:
        """Switch them off, but where they have a meter provider of their own."""
        for application in _with_mounted(self._application):
            config = getattr(getattr(application, "_native_telemetry", None), "config", None)
            if isinstance(config, dict) and config.get("metrics") and config.get("meter_provider") is None:
                config["metrics"] = False
                self._silenced.append(config)

    def restore(self) -> None:
        """Switch them on again where they were on."""
        for config in self._silenced:
            config["metrics"] = True
        self._silenced.clear()


def _with_mounted(application: Any) -> Iterator[Any]:
    yield application
    for route in getattr(application, "routes", ()):
        if isinstance(route, Mount):
            yield from _with_mounted(route.app)
