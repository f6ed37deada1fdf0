"""What GPUs draw, how hot they are, and what holds their clocks back."""

from __future__ import annotations

from apivitals.catalog import gpu, label_name
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row, State, States
from apivitals.dashboards.selection import of_gpu, of_job, rate
from apivitals.slo import series
from apivitals.slo.recording.resources import GPU_ID, GPU_INDEX
from apivitals.slo.series import INSTANCE_LABEL
from apivitals.slo.thresholds.gpu import REASON

_BY = f"{INSTANCE_LABEL}, {GPU_INDEX}"
_NAME = f"GPU {{{{{GPU_INDEX}}}}}, {{{{{INSTANCE_LABEL}}}}}"
_NONE = "No GPU is heard of."
_LIMIT_TYPE = label_name("hw.limit_type")
_CHOSEN, _CAP = "idle|clocks_setting|display|sync_boost", "power_cap"
_HELD_BACK = "hw_slowdown|sw_thermal|hw_thermal|power_brake"


def _each(selected: str, legend: str = _NAME) -> Query:
    return Query(f"max by ({_BY}) ({selected})", legend)


def _limited(kind: int, reasons: str) -> str:
    """Give `kind` while one of these reasons limits the clocks."""
    matcher = f'{REASON}=~"{reasons}"'
    return f"{kind} * (max by ({_BY}, {REASON}) ({of_gpu(gpu.CLOCKS_LIMITED, matcher)}) > 0)"


POWER_AND_HEAT = Row(
    "Power, heat and clocks",
    (
        Lines(
            title="Power",
            description="What each board draws, and, dashed, what it is held to. At the limit it works as hard as it"
            " is let; far below it while busy, it runs small kernels: batch more.",
            unit="watt",
            queries=(_each(of_gpu(gpu.POWER)), _each(of_gpu(gpu.POWER_LIMIT), f"{_NAME}, limit")),
            dashed="limit$",
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Temperature",
            description="Of each chip, and, dashed, from where on it slows itself down (high.degraded) or off"
            " (high.critical). A rise at the same power is air or a fan.",
            unit="celsius",
            queries=(
                _each(of_gpu(gpu.TEMPERATURE)),
                Query(
                    f"max by ({_BY}, {_LIMIT_TYPE}) ({of_gpu(gpu.TEMPERATURE_LIMIT)})",
                    f"{_NAME}, {{{{{_LIMIT_TYPE}}}}}",
                ),
            ),
            dashed="high[.]",
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Energy for each request",
            description="Joules of all GPUs of a service, divided by its requests: 3.6 million are one kilowatt hour."
            " It rises when requests get larger, and when there are too few of them for the GPUs.",
            unit="joule",
            queries=(
                Query(
                    f"sum by (job) (max by (job, {GPU_ID}) ({rate(of_gpu(gpu.ENERGY))}))\n"
                    f"/ on (job)\n(sum by (job) ({of_job(series.JOB.requests)}) > 0)",
                    "{{job}}",
                ),
            ),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Clocks",
            description="Frequencies of the clocks of each GPU. They fall when it is idle, which is as it should be;"
            " beside it is what holds them back.",
            unit="hertz",
            queries=(Query(f"max by ({_BY}, clock) ({of_gpu(gpu.CLOCK_FREQUENCY)})", f"{{{{clock}}}}, {_NAME}"),),
            least=0,
            when_empty=_NONE,
        ),
        States(
            title="What holds the clocks back",
            description="idle and what someone has set are as they should be, and the power cap is usual at full load."
            " What is red slows requests down: it is heat, the board or the power supply. Look at cooling and power.",
            unit="none",
            queries=(
                Query(
                    "\nor\n".join((_limited(1, _CHOSEN), _limited(2, _CAP), _limited(3, _HELD_BACK))),
                    f"{{{{{REASON}}}}}, {_NAME}",
                ),
            ),
            states=(
                State(1, "as set", colours.PLAIN),
                State(2, "power cap", colours.WATCH),
                State(3, "slowed down", colours.BAD),
            ),
            width=16,
            when_empty="Nothing holds clocks back, or no GPU is heard of.",
        ),
    ),
)
