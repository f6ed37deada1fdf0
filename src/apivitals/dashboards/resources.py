"""Resources: what the service uses of its machine, of which limit, and what it waits for."""

from __future__ import annotations

from apivitals.catalog import container, host, process, worker
from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Lines, Number, Query, Row
from apivitals.dashboards.rows.container import CONTAINER
from apivitals.dashboards.rows.firing import firing
from apivitals.dashboards.rows.host import HOST
from apivitals.dashboards.rows.processes import PROCESSES
from apivitals.dashboards.rows.storage import DISKS_AND_NETWORK
from apivitals.dashboards.selection import of_instance, of_job, threshold
from apivitals.dashboards.variables import INSTANCE, JOB
from apivitals.slo import series
from apivitals.slo.recording.resources import LIMIT
from apivitals.slo.series import INSTANCE_LABEL

UID = "apivitals-resources"
_ALERTS = (
    "ApiCpuHigh",
    "ApiMemoryHigh",
    "ApiMemoryFullSoon",
    "ApiOutOfMemoryKill",
    "ApiDiskFull",
    "ApiDiskFullSoon",
    "ApiCpuThrottled",
    "ApiPressure",
)
_CONTAINERS = f'{LIMIT}="container"'
"""A host's limit would press the lines of a small service to the bottom."""
_OF_THE_LIMIT = f"{{{{{INSTANCE_LABEL}}}}}, of the {{{{{LIMIT}}}}}"

_NOW = Row(
    "Now",
    (
        firing("the machine", _ALERTS),
        Number(
            title="CPU",
            description="Of the instance that uses the most: its share of the limit that applies, over five minutes."
            " The lines below say whose limit that is, and where the alerts are.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.CPU)})", "CPU"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
        Number(
            title="Memory",
            description="Of the instance that uses the most: its share of the limit that applies, over five minutes."
            " At 100 % of a container's limit the kernel kills a process.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.MEMORY)})", "memory"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
        Number(
            title="Throttled",
            description="Scheduling periods in which a container had used up its CPU quota and stood still, as a"
            " share. If it is not 0, quota and use are under Container.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.THROTTLED)})", "throttled"),),
            sparkline=True,
            steps=colours.ANY_IS_TO_WATCH,
            decimals=1,
            when_empty="no quota",
            width=3,
        ),
        Number(
            title="Waiting",
            description="The share of the time in which some task waited for CPU, memory or disk, of the resource that"
            " was waited for the most. The lines under Host say which it is.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(series.WAITING)})", "waiting"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=1,
            when_empty="not told",
            width=3,
        ),
        Number(
            title="Fullest disk",
            description="Of the file system that is the fullest: the share of its space that is used. The lines under"
            " Disks name it, and say where it will be tomorrow.",
            unit="percentunit",
            queries=(Query(f"max({of_instance(host.FILESYSTEM_UTILIZATION)})", "used"),),
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
        Number(
            title="Killed for memory",
            description="Processes of the containers that the kernel killed because memory ran out, in the time that"
            " is shown. One is too many: its requests were lost.",
            unit="none",
            queries=(Query(f"sum(increase({of_instance(container.MEMORY_OOM_KILLS)}[$__range]))", "killed"),),
            steps=colours.ANY_IS_BAD,
            decimals=0,
            when_empty="not told",
            width=3,
        ),
        Number(
            title="Restarts",
            description="Processes that were started in the place of another, in the time that is shown. A deployment"
            " is one each; what goes on after it are crashes.",
            unit="none",
            queries=(Query(f"sum(changes({of_instance(process.START_TIME)}[$__range]))", "restarts"),),
            steps=colours.ANY,
            decimals=0,
            width=3,
        ),
    ),
)

_LIMITS = Row(
    "Use, and the limit that applies",
    (
        Lines(
            title="CPU, of the limit",
            description="CPU that is used, as a share of the container's quota or, without one, of the host. The"
            " dashed lines raise the alert. If it is high, see beside it whether the service itself uses it.",
            unit="percentunit",
            queries=(
                Query(f"max by ({INSTANCE_LABEL}, {LIMIT}) ({of_instance(series.CPU)})", _OF_THE_LIMIT),
                Query(threshold("cpu"), "{{severity}} threshold"),
            ),
            least=0,
        ),
        Lines(
            title="Memory, of the limit",
            description="Memory in use, as a share of the container's limit or, without one, of the host. A line that"
            " rises for hours is a leak, a step is one large request; the dashed one says where it is in four hours at"
            " the pace of the last.",
            unit="percentunit",
            queries=(
                Query(f"max by ({INSTANCE_LABEL}, {LIMIT}) ({of_instance(series.MEMORY)})", _OF_THE_LIMIT),
                Query(
                    f"max by ({INSTANCE_LABEL}) (\n"
                    f"  clamp(predict_linear({of_instance(container.MEMORY_UTILIZATION, over='1h')}, 4 * 3600), 0, 1)\n"
                    f"  and {of_instance(container.MEMORY_UTILIZATION, before='1h')}\n)",
                    "{{instance}}, in four hours",
                ),
                Query(threshold("memory"), "{{severity}} threshold"),
            ),
            dashed="in four hours$",
            least=0,
        ),
        Lines(
            title="CPUs of the service itself",
            description="CPUs' worth of time that all processes of an instance use together, and its container's"
            " limit. If the machine is busy and this is low, a neighbour has the rest.",
            unit="none",
            queries=(
                Query(f"sum by ({INSTANCE_LABEL}) ({of_instance(process.CPU_UTILIZATION)})", "{{instance}}"),
                Query(
                    f"max by ({INSTANCE_LABEL}) ({of_instance(container.CPU_LIMIT, _CONTAINERS)})",
                    "{{instance}}, limit",
                ),
            ),
            dashed="limit$",
            least=0,
        ),
        Lines(
            title="Memory of the service itself",
            description="Memory that only the processes of an instance have, which their end would free, and its"
            " container's limit. What grows here is the service's own: find the release since which it does.",
            unit="bytes",
            queries=(
                Query(f"sum by ({INSTANCE_LABEL}) ({of_instance(process.MEMORY_UNIQUE)})", "{{instance}}"),
                Query(
                    f"max by ({INSTANCE_LABEL}) ({of_instance(container.MEMORY_LIMIT_APPLIED, _CONTAINERS)})",
                    "{{instance}}, limit",
                ),
            ),
            dashed="limit$",
            least=0,
        ),
        Lines(
            title="Processes of an instance",
            description="Workers that live, or 1 without several. A dip that comes back is a worker that ended and was"
            " replaced; if it repeats while nobody deploys, look at why they end.",
            unit="none",
            queries=(
                Query(f"count by ({INSTANCE_LABEL}) ({of_instance(process.START_TIME)})", "{{instance}}"),
                Query(
                    f"sum by ({INSTANCE_LABEL}) (increase({of_instance(worker.ENDED)}[$__rate_interval]))",
                    "{{instance}}, ended",
                ),
            ),
            least=0,
        ),
        Lines(
            title="Busiest resource",
            description="The fullest of CPU, memory and thread pool of a service: the headroom in its health. At 100 %"
            " one of the three is used up, and more requests only wait.",
            unit="percentunit",
            queries=(Query(f"max by (job) ({of_job(series.BUSIEST)})", "{{job}}"),),
            least=0,
        ),
    ),
)

RESOURCES = Board(
    UID,
    "Resources",
    "CPU, memory, disks and network against their limits, what is waited for, and what each worker uses.",
    (JOB, INSTANCE),
    (_NOW, _LIMITS, HOST, CONTAINER, DISKS_AND_NETWORK, PROCESSES),
)
