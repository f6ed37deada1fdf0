"""How busy GPUs are, and how full their memory."""

from __future__ import annotations

from apivitals.catalog import gpu
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_gpu, of_gpu_parts, of_job, threshold
from apivitals.slo import series
from apivitals.slo.recording.resources import GPU_INDEX, GPU_TASK
from apivitals.slo.series import INSTANCE_LABEL

_BY = f"{INSTANCE_LABEL}, {GPU_INDEX}"
_NAME = f"GPU {{{{{GPU_INDEX}}}}}, {{{{{INSTANCE_LABEL}}}}}"
_NONE = "No GPU is heard of."


def _each(selected: str, legend: str = _NAME) -> Query:
    return Query(f"max by ({_BY}) ({selected})", legend)


WORK_AND_MEMORY = Row(
    "Work and memory",
    (
        Lines(
            title="Busy",
            description="The share of five minutes in which each GPU ran something. High use is what it was bought"
            " for; over the dashed line, look whether requests wait for it.",
            unit="percentunit",
            queries=(
                _each(of_gpu(series.GPU)),
                Query(threshold("gpu", beside=of_gpu(series.GPU)), "{{severity}} threshold"),
            ),
            least=0,
            most=1,
            when_empty=_NONE,
        ),
        Lines(
            title="Busy, by task",
            description="general ran a kernel, memory_controller read or wrote its memory, encoder and decoder worked"
            " on video. memory_controller near general is work that waits for memory, not for arithmetic.",
            unit="percentunit",
            queries=(
                Query(
                    f"max by ({_BY}, {GPU_TASK}) ({of_gpu(gpu.UTILIZATION)})",
                    f"{{{{{GPU_TASK}}}}}, {_NAME}",
                ),
            ),
            least=0,
            most=1,
            when_empty=_NONE,
        ),
        Lines(
            title="Requests in flight",
            description="All requests of the chosen services that have begun and not ended. If they pile up while a"
            " GPU is busy all the time, they wait for it: batch more, or add a GPU.",
            unit="none",
            queries=(Query(f"sum by (job) ({of_job(series.IN_FLIGHT)})", "{{job}}"),),
            least=0,
        ),
        Lines(
            title="Memory, of what there is",
            description="Memory of each GPU and MIG instance that is in use, over five minutes. Over a dashed line,"
            " the next large batch fails: smaller batches, shorter contexts, or one model less.",
            unit="percentunit",
            queries=(
                _each(of_gpu_parts(series.GPU_MEMORY)),
                Query(threshold("gpu_memory", beside=of_gpu_parts(series.GPU_MEMORY)), "{{severity}} threshold"),
            ),
            least=0,
            most=1,
            when_empty=_NONE,
        ),
        Lines(
            title="Memory, in bytes",
            description="In use, and, dashed, what the GPU has. Frameworks that reserve all of it at the start show a"
            " flat line here and divide it themselves: ask them.",
            unit="bytes",
            queries=(
                _each(of_gpu(gpu.MEMORY_USAGE)),
                _each(of_gpu(gpu.MEMORY_LIMIT), f"{_NAME}, limit"),
            ),
            dashed="limit$",
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Memory of MIG instances",
            description="In use, and, dashed, what the instance has; the GPU's own figures have it in them. An"
            " instance that is full does not take from its neighbours.",
            unit="bytes",
            queries=(
                _each(of_gpu_parts(gpu.MIG_MEMORY_USAGE)),
                _each(of_gpu_parts(gpu.MIG_MEMORY_LIMIT), f"{_NAME}, limit"),
            ),
            dashed="limit$",
            least=0,
            when_empty="No GPU is divided into MIG instances.",
        ),
    ),
)
