"""The host: its CPUs and memory, and what tasks on it, or in the container, waited for."""

from __future__ import annotations

from apivitals.catalog import host, label_name
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_instance, threshold
from apivitals.slo import series
from apivitals.slo.recording.resources import RESOURCE
from apivitals.slo.series import INSTANCE_LABEL

_MODE, _STATE = label_name(host.CPU_MODE), label_name(host.MEMORY_STATE)
_USED = f'{label_name(host.PAGING_STATE)}="used"'

HOST = Row(
    "Host, and what is waited for",
    (
        Lines(
            title="CPU of the host, by mode",
            description="All CPUs of the host, on average over the chosen instances; choose one to see its own. iowait"
            " is waiting for a disk, steal is time that the hypervisor gave to others: move away from those.",
            unit="percentunit",
            queries=(Query(f"avg by ({_MODE}) ({of_instance(host.CPU_UTILIZATION)})", f"{{{{{_MODE}}}}}"),),
            stacked=True,
            colours=colours.CPU_MODES,
            least=0,
            most=1,
        ),
        Lines(
            title="Load, for each CPU",
            description="Tasks that ran or waited, divided by the number of CPUs. Over 1 for long, tasks wait for a"
            " CPU, or on Linux for a disk: the pressure below tells which.",
            unit="none",
            queries=(
                Query(
                    f"max by ({INSTANCE_LABEL}, {host.PERIOD}) (\n"
                    f"  {of_instance(host.LOAD)}\n"
                    f"  / on (job, {INSTANCE_LABEL}) group_left ()\n"
                    f"  {of_instance(host.CPU_COUNT)}\n)",
                    "{{instance}}, {{period}}",
                ),
            ),
            least=0,
        ),
        Lines(
            title="Memory of the host, by state",
            description="On average over the chosen instances. Buffers and cache are given back when they are needed:"
            " only what is used counts, and what the kernel says is not available is in the share above.",
            unit="percentunit",
            queries=(Query(f"avg by ({_STATE}) ({of_instance(host.MEMORY_UTILIZATION)})", f"{{{{{_STATE}}}}}"),),
            stacked=True,
            colours=colours.MEMORY_STATES,
            least=0,
            most=1,
        ),
        Lines(
            title="Time in which some task waited",
            description="As the kernel tells, of the container or, where it has none of its own, of the host. The"
            " dashed lines raise the alert: memory is thrashing, io a disk at its limit, cpu more threads than CPUs.",
            unit="percentunit",
            queries=(
                Query(f"max by ({RESOURCE}) ({of_instance(series.WAITING)})", f"{{{{{RESOURCE}}}}}"),
                Query(threshold("pressure", beside=of_instance(series.WAITING)), "{{severity}} threshold"),
            ),
            colours=colours.RESOURCES,
            least=0,
            when_empty="The kernel does not tell (it needs CONFIG_PSI).",
        ),
        Lines(
            title="Time in which all tasks waited",
            description="In this time nothing was done, since every task that had work waited for the resource. A few"
            " percent of memory already are felt by users: give it more, or start fewer workers.",
            unit="percentunit",
            queries=(Query(f"max by ({RESOURCE}) ({of_instance(series.STALLED)})", f"{{{{{RESOURCE}}}}}"),),
            colours=colours.RESOURCES,
            least=0,
            when_empty="The kernel does not tell (it needs CONFIG_PSI).",
        ),
        Lines(
            title="Swap of the host",
            description="The used share of the host's swap space. That something lies there is no harm; a rise"
            " together with waiting for memory is: the machine reads its own memory from a disk.",
            unit="percentunit",
            queries=(
                Query(f"max by ({INSTANCE_LABEL}) ({of_instance(host.PAGING_UTILIZATION, _USED)})", "{{instance}}"),
            ),
            least=0,
            when_empty="The host has no swap.",
        ),
    ),
)
