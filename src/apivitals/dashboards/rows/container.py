"""The container: its quota and limits, and what reaching them has led to."""

from __future__ import annotations

from apivitals.catalog import container
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_instance, rate, threshold
from apivitals.slo import series
from apivitals.slo.series import INSTANCE_LABEL

_NO_QUOTA = "There is no CPU quota."
_NO_CONTAINER = "There are no control groups to read."


def _largest(selected: str) -> str:
    return f"max by ({INSTANCE_LABEL}) ({selected})"


def _used(seconds: str) -> str:
    return f"sum by ({INSTANCE_LABEL}) ({rate(seconds)})"


CONTAINER = Row(
    "Container",
    (
        Lines(
            title="Throttled periods",
            description="Scheduling periods in which the quota was used up, as a share. Requests stand still for the"
            " rest of each, up to 0.1 s, although the average use is low: raise the quota, or start fewer workers.",
            unit="percentunit",
            queries=(
                Query(_largest(of_instance(series.THROTTLED)), "{{instance}}"),
                Query(threshold("cpu_throttled", beside=of_instance(series.THROTTLED)), "{{severity}} threshold"),
            ),
            least=0,
            when_empty=_NO_QUOTA,
        ),
        Lines(
            title="CPUs used, and the quota",
            description="CPUs' worth of time that the container uses, and the dashed quota that it may. Throttling"
            " well below the quota is a burst of many threads: it is used up early in each period.",
            unit="none",
            queries=(
                Query(_used(of_instance(container.CPU_TIME)), "{{instance}}"),
                Query(_largest(of_instance(container.CPU_QUOTA)), "{{instance}}, quota"),
            ),
            dashed="quota$",
            least=0,
            when_empty="The kernel does not tell it for this control group.",
        ),
        Lines(
            title="Seconds throttled, per second",
            description="Time that tasks stood still for want of quota, added up over the CPUs. It is what throttling"
            " costs: compare it with the CPUs that are used beside it.",
            unit="none",
            queries=(Query(_used(of_instance(container.CPU_THROTTLED)), "{{instance}}"),),
            least=0,
            when_empty=_NO_QUOTA,
        ),
        Lines(
            title="Working set, and the limit",
            description="Memory that the container uses, without file cache that it has not touched lately. When it"
            " meets the dashed limit and nothing can be given back, the kernel kills a process.",
            unit="bytes",
            queries=(
                Query(_largest(of_instance(container.MEMORY_WORKING_SET)), "{{instance}}"),
                Query(_largest(of_instance(container.MEMORY_USAGE)), "{{instance}}, with file cache"),
                Query(_largest(of_instance(container.MEMORY_LIMIT)), "{{instance}}, limit"),
            ),
            dashed="limit$",
            least=0,
            when_empty=_NO_CONTAINER,
        ),
        Lines(
            title="What limits led to, per minute",
            description="max: the memory limit was reached, and the container slowed down while memory was taken back;"
            " oom: that did not do; killed: a process was ended. Raise the limit, or find what grows.",
            unit="none",
            queries=(
                Query(f"60 * sum by (event) ({rate(of_instance(container.MEMORY_EVENTS))})", "{{event}}"),
                Query(f"60 * sum({rate(of_instance(container.MEMORY_OOM_KILLS))})", "killed"),
            ),
            colours={"max": "yellow", "oom": "red", "killed": "dark-red"},
            least=0,
            when_empty=_NO_CONTAINER,
        ),
        Lines(
            title="Processes and threads, of the limit",
            description="Tasks of the container as a share of those that it may have. At 100 % no thread or process"
            " can be started, which shows as errors of many kinds: find what starts them without an end.",
            unit="percentunit",
            queries=(
                Query(
                    _largest(f"{of_instance(container.PIDS)} / {of_instance(container.PIDS_LIMIT)}"),
                    "{{instance}}",
                ),
            ),
            least=0,
            when_empty="There is no limit.",
        ),
    ),
)
