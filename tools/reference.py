"""Writes what in docs is made from the code; `--check` only says whether it is up to date."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from apivitals.catalog import CATALOG, PRIORITIES, Kind, Metric
from apivitals.objectives import Classes, LatencyObjective, Objectives, Route, ServiceClass
from apivitals.objectives.json_schema import json_schema
from apivitals.objectives.mute_hours import MuteHours
from apivitals.objectives.receivers import DeadMansSwitch, Email, PagerDuty, Slack, Webhook
from apivitals.objectives.template import inline
from apivitals.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
GENERATED_FROM_HERE = "<!-- Generated from `apivitals.objectives` by `python tools/reference.py`. -->\n"

_TABLES_OF_THEIR_OWN = {"classes", "routes", "receivers", "mute_hours"}
_HEAD = "| key | default | meaning |\n|---|---|---|\n"

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
would be right; only a variable `APIVITALS_...` that is no setting is warned of. The other keys of the file say how good
the service must be: [objectives](objectives.md).

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


def schema() -> Iterator[str]:
    """Yield docs/apivitals.schema.json."""
    yield json.dumps(json_schema(), indent=1) + "\n"


def objectives() -> Iterator[str]:
    """Yield docs/objectives.md: its words as they are, and after the mark the tables."""
    words, _, _ = (DOCS / "objectives.md").read_text().partition(GENERATED_FROM_HERE)
    yield words + GENERATED_FROM_HERE
    yield from _tables()


def _tables() -> Iterator[str]:
    yield "\n" + _HEAD
    for name, field in Objectives.model_fields.items():
        if name not in Settings.model_fields:
            yield from _rows(name, field)
    yield from _classes()
    yield "\n### `routes.<pattern>`\n\nA class, or `class`, `objectives` and any of the keys of a class:\n\n" + _HEAD
    for name in ("priority", "objectives"):
        yield _row(str(Route.model_fields[name].alias or name), "", Route.model_fields[name])
    yield "\n### `receivers`\n\nEach takes one, or a list of them; secrets are in files on Alertmanager's machine.\n"
    yield "\n" + _HEAD
    for kind, model in (("slack", Slack), ("email", Email), ("pagerduty", PagerDuty), ("webhook", Webhook)):
        yield from _section(f"{kind}.", model)
    yield from _section("dead_mans_switch.", DeadMansSwitch)
    yield "\n### `mute_hours`\n\nA list of:\n\n" + _HEAD
    yield from _section("", MuteHours)


def _rows(name: str, field: FieldInfo) -> Iterator[str]:
    default = field.get_default(call_default_factory=True)
    if name in _TABLES_OF_THEIR_OWN:
        yield _row(name, "below", field)
    elif isinstance(default, BaseModel):
        for key, below in type(default).model_fields.items():
            yield _row(f"{name}.{key}", _shown(getattr(default, key)), below)
    else:
        yield _row(name, _shown(default), field)


def _classes() -> Iterator[str]:
    defaults = Classes()
    yield "\n### `classes.<class>`\n\n"
    yield from (f"- `{name}`: {field.description}\n" for name, field in Classes.model_fields.items())
    yield f"\n| key | {' | '.join(PRIORITIES)} | meaning |\n|---|{'---|' * len(PRIORITIES)}---|\n"
    for key, field, *values in _leaves(ServiceClass, [defaults.of(priority) for priority in PRIORITIES]):
        yield f"| `{key}` | {' | '.join(map(_shown, values))} | {field.description} |\n"


def _leaves(model: type[BaseModel], sections: Sequence[Any], prefix: str = "") -> Iterator[tuple[Any, ...]]:
    for name, field in model.model_fields.items():
        values = [getattr(section, name) for section in sections]
        if isinstance(values[0], BaseModel):
            yield from _leaves(type(values[0]), values, f"{prefix}{name}.")
        else:
            yield (f"{prefix}{name}", field, *values)


def _section(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        required = field.is_required()
        default = "" if required else _shown(field.get_default(call_default_factory=True), nothing="")
        yield _row(f"{prefix}{field.alias or name}", "*required*" if required else default, field)


def _row(key: str, default: str, field: FieldInfo) -> str:
    return f"| `{key}` | {default} | {field.description} |\n"


def _shown(value: Any, nothing: str = "`off`") -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], LatencyObjective):
        return ", ".join(f"{inline(each.percent)} % within {inline(each.within_seconds)} s" for each in value)
    return nothing if value is None else f"`{inline(value)}`"


PAGES = {
    "metrics.md": metrics,
    "settings.md": settings,
    "objectives.md": objectives,
    "apivitals.schema.json": schema,
}


def main() -> int:
    """Write what is made from the code, or compare it."""
    stale = []
    for name, content in PAGES.items():
        path, text = DOCS / name, "".join(content())
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(f"docs/{name} is not what the code says: python tools/reference.py")
    print("\n".join(stale) or f"{', '.join(PAGES)} in docs are what the code says")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
