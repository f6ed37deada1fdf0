"""Families as text: Prometheus 0.0.4 and OpenMetrics 1.0.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from itertools import accumulate

from prometheus_client.utils import floatToGoString

from apivitals.catalog import Kind, Metric
from apivitals.families import OVERFLOW_LABEL, Distribution, Exemplar, Family, Number


class Format(Enum):
    """An exposition format, by its content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


number_text: Callable[[float], str] = floatToGoString  # as Go writes it, and so Prometheus: 1e+06, +Inf
_OVERFLOW_LABELS = f'{OVERFLOW_LABEL}="true"'
_HERE = "\0"  # where a series' labels go in a text that is otherwise ready; no number has it


def render(family: Family, form: Format) -> Iterator[str]:
    """Yield a family's text, a chunk per series."""
    yield header(family.metric, form)
    label_text = label_formatter(family.label_names)
    if family.metric.kind is Kind.HISTOGRAM:
        yield from _histogram(family, form, label_text)
    else:
        name = family.metric.exposed
        for point in family.points:
            labels = label_text(point.labels)
            value = number_text(point.value if isinstance(point, Number) else point.sum)
            yield f"{name}{{{labels}}} {value}\n" if labels else f"{name} {value}\n"


def header(metric: Metric, form: Format) -> str:
    """Return the lines that describe a family."""
    help_text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if form is Format.TEXT:
        kind = "gauge" if metric.kind is Kind.INFO else metric.kind.value
        return f"# HELP {metric.exposed} {help_text}\n# TYPE {metric.exposed} {kind}\n"
    help_text = help_text.replace('"', r"\"")
    unit = f"# UNIT {metric.family} {metric.unit_suffix}\n" if metric.unit_suffix else ""
    return f"# TYPE {metric.family} {metric.kind.value}\n{unit}# HELP {metric.family} {help_text}\n"


def label_formatter(names: tuple[str, ...]) -> Callable[[tuple[str, ...] | None], str]:
    """Make the function that writes label values, in the order of `names`, as the text between the braces."""
    template = ",".join(f'{name}="%s"' for name in names)

    def label_text(values: tuple[str, ...] | None) -> str:
        if values is None:
            return _OVERFLOW_LABELS
        joined = "".join(values)
        if '"' in joined or "\\" in joined or "\n" in joined or _HERE in joined:
            values = tuple(map(_escape, values))
        return template % values

    return label_text


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace(_HERE, "\ufffd")


def _histogram(family: Family, form: Format, label_text: Callable[[tuple[str, ...] | None], str]) -> Iterator[str]:
    """Yield each series as one text.

    The whole series is one template per family, filled in by two calls into C: all numbers by ``%``, then all labels
    by ``replace``. That is a tenth of what a formatted string per line costs (`python -m benchmarks.scrape`), and no
    text is kept per series.
    """
    name = family.metric.family
    bounds = [*map(number_text, family.bounds), "+Inf"]
    comma = "," if family.label_names else ""
    braced = f"{{{_HERE}}}" if family.label_names else ""
    lines = [f'{name}_bucket{{{_HERE}{comma}le="{bound}"}} %d' for bound in bounds]
    tail = f"\n{name}_sum{braced} %r\n{name}_count{braced} %d\n"
    plain = "\n".join(lines) + tail
    for point in family.points:
        assert isinstance(point, Distribution)  # noqa: S101  # a histogram's points; tells the type checker too
        counts = list(accumulate(point.counts))
        template = plain
        if point.exemplars and form is Format.OPENMETRICS:
            template = "\n".join(_with_exemplars(lines, point.exemplars)) + tail
        yield (template % (*counts, point.sum, counts[-1])).replace(_HERE, label_text(point.labels))


def _with_exemplars(lines: list[str], exemplars: Mapping[int, Exemplar]) -> Iterator[str]:
    for bucket, line in enumerate(lines):
        exemplar = exemplars.get(bucket)
        if exemplar is None:
            yield line
        else:
            ids = f'{{trace_id="{exemplar.trace_id}",span_id="{exemplar.span_id}"}}'
            yield f"{line} # {ids} {number_text(exemplar.value)} {exemplar.timestamp:.3f}"
