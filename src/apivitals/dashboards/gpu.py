"""GPU: how busy, how full and how hot the GPUs are, what holds them back, and why nothing is heard of one."""

from __future__ import annotations

from apivitals.catalog import gpu, http, label_name
from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Column, Lines, Number, Query, Row, State, States, Table
from apivitals.dashboards.rows.firing import firing
from apivitals.dashboards.rows.gpu_power import POWER_AND_HEAT
from apivitals.dashboards.rows.gpu_work import WORK_AND_MEMORY
from apivitals.dashboards.selection import of_gpu, of_gpu_parts, of_instance, rate
from apivitals.dashboards.variables import GPU as GPU_CHOSEN
from apivitals.dashboards.variables import INSTANCE, JOB
from apivitals.slo import series
from apivitals.slo.recording.resources import GPU_ID, GPU_INDEX
from apivitals.slo.series import ERROR_TYPE, INSTANCE_LABEL
from apivitals.slo.thresholds.gpu import REASON

UID = "apivitals-gpu"
_BY = f"{INSTANCE_LABEL}, {GPU_INDEX}"
_NAME = f"GPU {{{{{GPU_INDEX}}}}}, {{{{{INSTANCE_LABEL}}}}}"
_NONE = "No GPU is heard of."
_ALERTS = ("ApiGpuBusy", "ApiGpuMemoryHigh", "ApiGpuThrottled", "ApiGpuEccErrors", "ApiGpuLost")
_REAL = f'{GPU_ID}!=""'
_UNCORRECTED = f'{ERROR_TYPE}="uncorrected"'
_WAY, _PROCESS = label_name(http.DIRECTION), "process_pid"
_MODEL, _DRIVER, _PARENT = "hw_model", "hw_driver_version", "hw_parent"
_SILENT = (State(0, "answers", colours.GOOD), State(1, "is silent", colours.BAD))
_ABOUT = (_MODEL, _DRIVER, _PARENT)
_TABLE_BY = ", ".join(("job", INSTANCE_LABEL, GPU_INDEX, GPU_ID, *_ABOUT))


def _described(selected: str) -> str:
    """Join what describes a GPU, so that all of a table's queries have the same labels."""
    info = of_gpu_parts(gpu.INFO)
    return (
        f"max by ({_TABLE_BY}) (\n  {selected}\n"
        f"  * on (job, {INSTANCE_LABEL}, {GPU_ID}, {GPU_INDEX}) group_left ({', '.join(_ABOUT)})\n  {info}\n)"
    )


_NOW = Row(
    "Now",
    (
        firing("GPUs", _ALERTS),
        Number(
            title="GPUs",
            description="GPUs that answer, of those that are known. If one does not, the table at the end and its"
            " alert's runbook say what to do.",
            unit="none",
            queries=(
                Query(f"sum({of_gpu(gpu.UP, _REAL)})", "answer"),
                Query(f"count({of_gpu(gpu.UP, _REAL)})", "known"),
            ),
            steps=colours.ANY,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Busiest",
            description="The share of the last five minutes in which the busiest GPU ran something. It can be at 100 %"
            " with one small kernel: the power that it draws tells how hard it works.",
            unit="percentunit",
            queries=(Query(f"max({of_gpu(series.GPU)})", "busy"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Fullest memory",
            description="Of the GPU or MIG instance whose memory is the fullest, over five minutes. At 100 % the next"
            " allocation fails, and with it the request.",
            unit="percentunit",
            queries=(Query(f"max({of_gpu_parts(series.GPU_MEMORY)})", "memory"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Hottest",
            description="The hottest chip. What it may be is its own affair: the lines below have its limits.",
            unit="celsius",
            queries=(Query(f"max({of_gpu(gpu.TEMPERATURE)})", "temperature"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Power",
            description="What all chosen GPUs draw together. Idle ones draw too: what stands idle for hours costs"
            " money for nothing.",
            unit="watt",
            queries=(Query(f"sum(max by ({GPU_ID}) ({of_gpu(gpu.POWER)}))", "power"),),
            sparkline=True,
            steps=colours.ANY,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Energy",
            description="What all chosen GPUs have used in the time that is shown. Divided by the requests of that"
            " time it is what one costs; that is below as a line.",
            unit="kwatth",
            queries=(
                Query(
                    f"sum(max by ({GPU_ID}) (increase({of_gpu(gpu.ENERGY)}[$__range]))) / 3.6e6",
                    "energy",
                ),
            ),
            steps=colours.ANY,
            decimals=2,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Memory errors",
            description="Errors of the GPUs' memory that could not be corrected, in the time that is shown. If there"
            " is one, what ran there may have computed nonsense: take the GPU out of service.",
            unit="none",
            queries=(
                Query(
                    f"sum(max by ({GPU_ID}) (increase({of_gpu(gpu.HARDWARE_ERRORS, _UNCORRECTED)}[$__range])))",
                    "uncorrected",
                ),
            ),
            steps=colours.ANY_IS_BAD,
            decimals=0,
            when_empty="none told",
            width=3,
        ),
    ),
)

_TROUBLE = Row(
    "What is wrong",
    (
        States(
            title="Heard of",
            description="Whether anything can be read from each GPU. While one is silent its other lines have gaps;"
            " the table says why.",
            unit="none",
            queries=(Query(f"max by ({_BY}) ({of_gpu(gpu.UP, _REAL)})", _NAME),),
            states=(State(1, "answers", colours.GOOD), State(0, "silent", colours.BAD)),
            when_empty=_NONE,
        ),
        Table(
            title="Silent, and why",
            description="What does not answer comes first, with the reason; an instance that has no GPU to ask has one"
            " line without a number. library_not_found is no fault where no GPU is meant to be.",
            unit="none",
            queries=(Query(f"1 - max by ({_BY}, {REASON}) ({of_instance(gpu.UP)})"),),
            columns=(
                Column(INSTANCE_LABEL, "Instance", width=125),
                Column(GPU_INDEX, "GPU", width=50),
                Column("Value", "It", states=_SILENT, width=80),
                Column(REASON, "Reason", width=135),
            ),
            sorted_by="It",
            width=8,
            when_empty="No instance looks for GPUs.",
        ),
        Lines(
            title="Memory errors, per hour",
            description="Corrected ones cost nothing, but many of them come before the others. After an uncorrected"
            " one, look at nvidia-smi -q -d ECC, and reset or replace the GPU.",
            unit="none",
            queries=(
                Query(
                    f"3600 * sum by ({_BY}, {ERROR_TYPE}) ({rate(of_gpu(gpu.HARDWARE_ERRORS))})",
                    f"{{{{{ERROR_TYPE}}}}}, {_NAME}",
                ),
            ),
            least=0,
            when_empty="No GPU here counts errors of its memory.",
        ),
    ),
)

_LIST = Row(
    "All GPUs",
    (
        Table(
            title="GPUs and MIG instances",
            description="What each is, and what it does now. An index can change with what a process is let see; the"
            " UUID stays. For a MIG instance, Of GPU has the UUID of the GPU that it is a part of.",
            unit="none",
            queries=(
                Query(f"max by ({_TABLE_BY}) ({of_gpu_parts(gpu.INFO)})"),
                Query(_described(of_gpu(series.GPU))),
                Query(_described(of_gpu_parts(series.GPU_MEMORY))),
                Query(_described(of_gpu(gpu.TEMPERATURE))),
                Query(_described(f"max by (job, {INSTANCE_LABEL}, {GPU_ID}, {GPU_INDEX}) ({of_gpu(gpu.POWER)})")),
            ),
            columns=(
                Column(INSTANCE_LABEL, "Instance"),
                Column(GPU_INDEX, "GPU", width=70),
                Column(_MODEL, "Model"),
                Column(_DRIVER, "Driver", width=110),
                Column("Value #B", "Busy", unit="percentunit", decimals=0, width=80),
                Column("Value #C", "Memory", unit="percentunit", decimals=0, width=90),
                Column("Value #D", "Temperature", unit="celsius", decimals=0, width=110),
                Column("Value #E", "Power", unit="watt", decimals=0, width=90),
                Column(GPU_ID, "UUID"),
                Column(_PARENT, "Of GPU"),
            ),
            sorted_by="Busy",
            height=7,
            when_empty=_NONE,
        ),
    ),
)

_ON_REQUEST = Row(
    "PCIe and processes: off unless gpu_pcie and gpu_processes are set",
    (
        Lines(
            title="PCIe throughput",
            description="Bytes per second to and from each GPU. Near what the slot can do, the GPU waits for its data:"
            " keep more of it there, or send it in larger pieces. On with gpu_pcie: true.",
            unit="Bps",
            queries=(
                Query(
                    f"max by ({_BY}, {_WAY}) ({of_gpu(gpu.PCIE_THROUGHPUT)})",
                    f"{{{{{_WAY}}}}}, {_NAME}",
                ),
            ),
            least=0,
            width=12,
            when_empty="Off, or no GPU: set gpu_pcie: true.",
        ),
        Lines(
            title="Memory, by process",
            description="Who has the GPU's memory, by the process id on the host, not in its container. A process that"
            " is not yours there is a neighbour, or one that was not ended. On with gpu_processes: true.",
            unit="bytes",
            queries=(
                Query(
                    f"max by ({_BY}, {_PROCESS}) ({of_gpu(gpu.PROCESS_MEMORY_USAGE)})",
                    f"{{{{{_PROCESS}}}}}, {_NAME}",
                ),
            ),
            stacked=True,
            least=0,
            width=12,
            when_empty="Off, or no GPU: set gpu_processes: true.",
        ),
    ),
    collapsed=True,
)

GPU = Board(
    UID,
    "GPU",
    "How busy, full and hot the GPUs are, what holds them back, and why nothing is heard of one.",
    (JOB, INSTANCE, GPU_CHOSEN),
    (_NOW, WORK_AND_MEMORY, POWER_AND_HEAT, _TROUBLE, _LIST, _ON_REQUEST),
)
