"""Series as a service exposes them, in promtool's notation."""

import re
from collections.abc import Mapping

BOUNDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
RESPONSE_TIME, FIRST_BYTE = "http_server_request_duration_seconds", "apivitals_http_server_time_to_first_byte_seconds"
_NUMBER = re.compile(r"(?<![\dx.])[\d.]+")
"""A value or an increment of a notation, not how often."""
COMPONENT = "apivitals_http_server_component_duration_seconds"


def target(values: str = "1x200", job: str = "shop", instance: str = "a:80") -> dict[str, str]:
    """A target that is scraped, and says that it is instrumented while it is."""
    labels = f'job="{job}",instance="{instance}"'
    return {f"up{{{labels}}}": values, f"apivitals_build_info{{{labels}}}": values.replace("0x", "_x")}


def served(  # noqa: PLR0913  # what distinguishes series
    count: str,
    seconds: float = 0.05,
    *,
    priority: str = "critical",
    route: str = "/pay",
    method: str = "POST",
    status: str = "200",
    error: str = "",
    first_byte: float | None = None,
    instance: str = "a:80",
    job: str = "shop",
    bounds: tuple[float, ...] = BOUNDS,
) -> dict[str, str]:
    """Requests that all took `seconds`; `count` is the counter's values."""
    labels = (
        f'job="{job}",instance="{instance}",http_request_method="{method}",http_route="{route}",'
        f'http_response_status_code="{status}",error_type="{error}",priority="{priority}"'
    )
    series = histogram(RESPONSE_TIME, labels, count, seconds, bounds)
    return series | histogram(FIRST_BYTE, labels, count, seconds if first_byte is None else first_byte, bounds)


def histogram(name: str, labels: str, count: str, seconds: float, bounds: tuple[float, ...] = BOUNDS) -> dict[str, str]:
    """Observations of one value."""
    none = " ".join("0x" + part.rpartition("x")[2] if "x" in part else part for part in count.split())
    series = {f'{name}_bucket{{{labels},le="{bound}"}}': count if seconds <= bound else none for bound in bounds}
    return {
        **series,
        f'{name}_bucket{{{labels},le="+Inf"}}': count,
        f"{name}_count{{{labels}}}": count,
        f"{name}_sum{{{labels}}}": _NUMBER.sub(lambda found: f"{float(found[0]) * seconds:g}", count),
    }


def component(name: str, seconds: str, *, priority: str = "critical", route: str = "/pay") -> dict[str, str]:
    """Seconds that a component had; `seconds` is the counter's values."""
    labels = f'job="shop",instance="a:80",http_request_method="POST",http_route="{route}",priority="{priority}"'
    return {f'{COMPONENT}_sum{{{labels},component="{name}"}}': seconds}


def series(name: str, values: str, labels: Mapping[str, str] | None = None, /, **more: str) -> dict[str, str]:
    """One series of the service's instance."""
    every = {"job": "shop", "instance": "a:80", **(labels or {}), **more}
    return {f"{name}{{{','.join(f'{key}={_quoted(value)}' for key, value in every.items())}}}": values}


def _quoted(value: str) -> str:
    return f'"{value}"'
