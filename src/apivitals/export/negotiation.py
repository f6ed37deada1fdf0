"""What the scraper can read, from its ``Accept`` and ``Accept-Encoding`` headers (RFC 9110, sections 12.4 and 12.5)."""

from __future__ import annotations

from collections.abc import Iterator

from apivitals.export.prometheus import Format


def _preferences(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield each element of a header with its parameters and its weight; one that is malformed weighs nothing."""
    for element in header.split(","):
        name, *pairs = (part.strip() for part in element.split(";"))
        parameters = {
            key.strip().lower(): value.strip(' "') for key, _, value in (pair.partition("=") for pair in pairs)
        }
        try:
            weight = float(parameters.pop("q", "1"))
        except ValueError:
            weight = 0.0
        yield name.lower(), parameters, weight


def choose_format(accept: str) -> Format:
    """Return the format that the scraper weighs most; plain text when it does not say, or weighs both the same."""
    openmetrics = text = 0.0
    for name, parameters, weight in _preferences(accept):
        if name == "application/openmetrics-text":
            if parameters.get("version", "1.0.0") in {"1.0.0", "0.0.1"}:
                openmetrics = max(openmetrics, weight)
        elif name in {"text/plain", "text/*", "*/*"}:
            text = max(text, weight)
    return Format.OPENMETRICS if openmetrics > text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the scraper takes gzip."""
    weights = {name: weight for name, _, weight in _preferences(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0
