"""The service's metrics page: whether it is well-formed, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from apivitals.catalog import internal, label_name, source, worker
from apivitals.objectives import Objectives
from apivitals.objectives.live import compare, live
from apivitals.objectives.location import key_path
from apivitals.stack.doctor.check import Check, listed, ok, problem, skipped, warning
from apivitals.stack.page import OPENMETRICS, TEXT, Page, PageError, fetch

_LONGEST_TIMEOUT_SECONDS = 10.0
_MANY_BYTES = 20_000_000
_OLD_SECONDS = 30.0
_REPORT = "this is a fault of apivitals: report it, with the page"
_OVERFLOW = "otel_metric_overflow"


@dataclass(frozen=True)
class Sample:
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


def page_checks(page: Page, token: str | None, service: Objectives) -> Iterator[Check]:
    """Examine a page that was fetched as text."""
    yield ok("metrics page", f"{page.url} is one of apivitals, of {page.size_bytes / 1000:.0f} kB")
    samples = list[Sample]()
    yield _format("text format", page, TEXT, read_text, samples)
    try:
        yield _format(
            "OpenMetrics", fetch(page.url, token, OPENMETRICS), OPENMETRICS.partition(";")[0], read_openmetrics
        )
    except PageError as error:
        yield problem("OpenMetrics", str(error), error.advice or _REPORT)
    yield _cost(page, service.scrape_interval_seconds, len(samples))
    yield _series_limit(samples)
    yield _own_errors(samples)
    yield _sources(samples)
    yield _workers(samples)


def threshold_checks(page: Page, objectives: Objectives, file: str) -> Iterator[Check]:
    """Compare what the objectives ask for with what the running service has."""
    name = "thresholds"
    service = live(page.text)
    if not service.bounds_seconds:
        yield skipped(name, "the service has answered no request yet: its bucket bounds are not known")
        return
    found = list(compare(objectives, service))
    for finding in found:
        make = problem if finding.kind == "error" else warning
        what, _, advice = finding.message.partition(": ")
        yield make(name, f"{file}, {key_path(finding.location)}: {what}", advice or "change the pattern, or remove it")
    if not found:
        yield ok(name, "every response time that rules compare with is a bucket bound of the service")


def _format(
    name: str,
    page: Page,
    content_type: str,
    read: Callable[[str], Iterable[Metric]],
    samples: list[Sample] | None = None,
) -> Check:
    if page.content_type.partition(";")[0] != content_type:
        advice = "let nothing between the service and its scraper change the content type, or negotiate it"
        return problem(name, f"asked for {content_type}, it answers {page.content_type or 'without a type'}", advice)
    found = [] if samples is None else samples
    try:
        found += [
            Sample(one.name, one.labels, float(one.value)) for family in read(page.text) for one in family.samples
        ]
    except (ValueError, KeyError) as error:
        return problem(name, f"it is not well-formed: {error}", _REPORT)
    return ok(name, f"well-formed, with {len(found)} series")


def _cost(page: Page, interval_seconds: float, series: int) -> Check:
    name, timeout = "scrape", min(interval_seconds, _LONGEST_TIMEOUT_SECONDS)
    took = f"it takes {page.seconds * 1000:.0f} ms"
    if page.seconds > timeout / 2:
        advice = "look at the event loop, which the page is rendered in, or set metrics_port for a thread of its own"
        return warning(name, f"{took}, and a scrape ends without data after {timeout:g} s", advice)
    if page.size_bytes > _MANY_BYTES:
        return warning(name, f"{series} series are many", "see docs/tuning.md for what can be left out")
    return ok(name, took)


def _series_limit(samples: list[Sample]) -> Check:
    name = "series limit"
    dropped = {
        one.labels.get("metric", "") for one in samples if one.name == internal.DROPPED.exposed and one.value > 0
    }
    dropped |= {one.name for one in samples if _OVERFLOW in one.labels}
    if not dropped:
        return ok(name, "no label set was past it")
    return warning(
        name,
        f"label sets of {listed(sorted(dropped))} were past it, and are counted without labels",
        "look for a label whose values come from requests, or raise series_limit",
    )


def _own_errors(samples: list[Sample]) -> Check:
    found = [
        f"{one.value:g} in {one.labels.get('operation', '')}"
        for one in samples
        if one.name == internal.ERRORS.exposed and one.value > 0
    ]
    if not found:
        return ok("own errors", "apivitals has had none")
    return warning("own errors", listed(found), "look into the service's log, which has each kind once")


def _sources(samples: list[Sample]) -> Check:
    label = label_name(source.SOURCE)
    found = {one.labels.get(label, ""): one.value for one in samples if one.name == source.UP.exposed}
    failing = sorted({one.labels.get(label, "") for one in samples if one.name == source.UP.exposed and one.value == 0})
    if failing:
        advice = f"{source.LAST_ERROR.exposed} names the part and the error"
        return warning("sources", f"{listed(failing)} cannot be read in full", advice)
    return ok("sources", listed(sorted(found), 12)) if found else skipped("sources", "all are switched off")


def _workers(samples: list[Sample]) -> Check:
    name = "workers"
    living = sum(one.value for one in samples if one.name == worker.LIVING.exposed)
    if not living:
        return ok(name, "one process")
    slots = {
        one.labels[worker.WORKER] for one in samples if one.name == source.UP.exposed and worker.WORKER in one.labels
    }
    old = {
        one.labels.get(worker.WORKER, "")
        for one in samples
        if one.name == worker.SNAPSHOT_AGE.exposed and one.value > _OLD_SECONDS
    }
    if old:
        advice = "it is blocked, or stopped: look at its CPU and its event loop"
        return warning(name, f"nothing new from worker {listed(sorted(old))} for over {_OLD_SECONDS:g} s", advice)
    if slots and len(slots) < living:
        return warning(name, f"{len(slots)} of {living:g} show their vitals", "ask again: one may just have started")
    return ok(name, f"{living:g}, and each reports")
