"""Writes docs/metrics.md and docs/settings.md from the code; `--check` only says whether they are up to date."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apivitals.catalog import CATALOG, Kind, Metric
from apivitals.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"

METRICS_INTRODUCTION = """\
# Metrics

Generated from `apivitals.catalog` by `python tools/reference.py`. The first name is the one on `/metrics`; the second
is OpenTelemetry's. Labels follow the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/);
the recommended `network.protocol.version` is left out, because it would double the series of a service behind a proxy
that speaks both HTTP/1.1 and HTTP/2 and tell its owner nothing.

| label | values |
|---|---|
| `http_route` | the full template, mounts and router prefixes included; empty when no route matched |
| `http_response_status_code` | the code; empty when no response was started |
| `error_type` | empty on success; else the exception's class, the code of a 5xx, or what is below |
| `http_request_method` | the method; `_OTHER` for an invented one |
| `priority` | `critical`, `high`, `medium` or `low` |

Of `error_type`, `client_disconnected` is a client that left before the response was whole, `cancelled` a request whose
task the server stopped, `incomplete_response` an application that returned without an end, and `handshake_rejected` a
WebSocket that was refused.

A metric whose labels would pass the limit (`series_limit`) goes on in one more series, `{otel_metric_overflow="true"}`.

`promtool check metrics` complains of three gauges that OpenTelemetry's conventions call a count
(`process.thread.count`, `process.unix.file_descriptor.count`, `system.cpu.logical.count`), and of nothing else.
"""

SETTINGS_INTRODUCTION = """\
# Settings

Generated from `apivitals.Settings` by `python tools/reference.py`. Each is a keyword argument of `instrument()`, an
environment variable `APIVITALS_<NAME>` and a key of `apivitals.yaml` (in the working directory, or where
`instrument(config=...)` or `APIVITALS_CONFIG` say), in this order; then come OpenTelemetry's own variables
(`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SDK_DISABLED`, `OTEL_PYTHON_FASTAPI_EXCLUDED_URLS`) and the
defaults. In the environment a list is `a,b` and a table `key=value,key=value`, or either is JSON. To read the file,
`pip install 'apivitals[yaml]'`. A wrong setting stops the start with one message that names it, its place and what
would be right; only a variable `APIVITALS_...` that is no setting is warned of.

"""


def metrics() -> Iterator[str]:
    """Yield docs/metrics.md."""
    yield METRICS_INTRODUCTION
    for metric in CATALOG:
        yield f"\n## `{metric.exposed}`\n\n{metric.help}\n\n{_facts(metric)}\n"


def _facts(metric: Metric) -> str:
    facts = [
        f"{metric.kind.value}",
        f"OpenTelemetry: `{metric.name}`" + (f", unit `{metric.unit}`" if metric.unit else ""),
    ]
    if metric.label_names:
        facts.append("labels: " + ", ".join(f"`{name}`" for name in metric.label_names))
    if metric.kind is Kind.HISTOGRAM:
        facts.append("bounds: " + ", ".join(f"{bound:g}" for bound in metric.bounds))
    return "\n".join(f"- {fact}" for fact in facts)


def settings() -> Iterator[str]:
    """Yield docs/settings.md."""
    yield SETTINGS_INTRODUCTION
    yield "| setting | default | meaning |\n|---|---|---|\n"
    for name, field in Settings.model_fields.items():
        where = " Only as an argument." if name in Settings.only_arguments else ""
        yield f"| `{name}` | {_default(field.get_default(call_default_factory=True))} | {field.description}{where} |\n"


def _default(value: Any) -> str:
    if value in (None, (), {}):
        return ""
    if isinstance(value, tuple):
        return ", ".join(part if isinstance(part, str) else f"{part:g}" for part in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main() -> int:
    """Write both pages, or compare them."""
    stale = []
    for name, lines in (("metrics.md", metrics()), ("settings.md", settings())):
        path, text = DOCS / name, "".join(lines)
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(f"docs/{name} is not what the code says: python tools/reference.py")
    print("\n".join(stale) or "docs/metrics.md and docs/settings.md are what the code says")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
