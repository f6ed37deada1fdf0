"""Queries of a dashboard: series of the services, instances and routes that its variables name."""

from __future__ import annotations

from apivitals.catalog import Metric, gen_ai, gpu, label_name
from apivitals.slo.promql import Select
from apivitals.slo.series import INSTANCE_LABEL, JOB_LABEL, METHOD, PRIORITY, ROUTE, THRESHOLD

WINDOW = "$__rate_interval"
_SELECT = Select({})

JOB_MATCHER = f'{JOB_LABEL}=~"${JOB_LABEL}"'
INSTANCE_MATCHER = f'{INSTANCE_LABEL}=~"${INSTANCE_LABEL}"'
PRIORITY_MATCHER = f'{PRIORITY}=~"${PRIORITY}"'
METHOD_MATCHER = f'{METHOD}=~"${METHOD}"'
ROUTE_MATCHER = f'{ROUTE}="${ROUTE}"'
"""One route: its page is about one."""
GPU_INDEX = label_name(gpu.INDEX)
GPU_MATCHER = f'{GPU_INDEX}=~"${GPU_INDEX}"'
GPU_PARTS_MATCHER = f'{GPU_INDEX}=~"${GPU_INDEX}(:.+)?"'
"""A GPU and its MIG instances, whose index begins with its own: ``0:1``."""
PROVIDER, MODEL, FEATURE = map(label_name, (gen_ai.PROVIDER, gen_ai.MODEL, gen_ai.FEATURE))
MODEL_MATCHERS = f'{PROVIDER}=~"${PROVIDER}"', f'{MODEL}=~"${MODEL}"'
FEATURE_MATCHER = f'{FEATURE}=~"${FEATURE}"'


def of_job(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen services."""
    return _SELECT(series, JOB_MATCHER, *matchers, over=over, before=before)


def of_class(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen services and priorities."""
    return of_job(series, PRIORITY_MATCHER, *matchers, over=over, before=before)


def of_route(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen route."""
    return of_job(series, METHOD_MATCHER, ROUTE_MATCHER, *matchers, over=over, before=before)


def of_instance(series: Metric | str, *matchers: str, over: str = "", before: str = "") -> str:
    """Select a series of the chosen instances."""
    return of_job(series, INSTANCE_MATCHER, *matchers, over=over, before=before)


def of_gpu(series: Metric | str, *matchers: str, over: str = "") -> str:
    """Select a series of the chosen GPUs."""
    return of_instance(series, GPU_MATCHER, *matchers, over=over)


def of_gpu_parts(series: Metric | str, *matchers: str, over: str = "") -> str:
    """Select a series of the chosen GPUs and of their MIG instances."""
    return of_instance(series, GPU_PARTS_MATCHER, *matchers, over=over)


def of_model(series: Metric | str, *matchers: str, over: str = "") -> str:
    """Select a series of the chosen AI models."""
    return of_job(series, *MODEL_MATCHERS, *matchers, over=over)


def of_feature(series: Metric | str, *matchers: str, over: str = "") -> str:
    """Select a series of calls to the chosen AI models by the chosen features."""
    return of_model(series, FEATURE_MATCHER, *matchers, over=over)


def rate(selected: str) -> str:
    """Give the increase per second of a counter, over a window that fits the resolution of the picture."""
    return f"rate({selected}[{WINDOW}])"


def quantile_of_route(quantile: str, buckets: str, by: str = "le") -> str:
    """Give a quantile of a histogram of the chosen route; absent while nothing happens."""
    return f"histogram_quantile({quantile}, sum by ({by}) ({rate(of_route(buckets))})) >= 0"


def threshold(name: str, *, beside: str = "") -> str:
    """Give the lines of a threshold of the file, by `severity`; where `beside` is given, only while that has series."""
    matcher = f'threshold="{name}"'
    lines = f"max by (severity) ({of_job(THRESHOLD, matcher)})"
    return f"{lines}\nand on () count({beside})" if beside else lines
