"""The garbage collector, which stops all threads of a process while it works."""

from __future__ import annotations

from apivitals.catalog import label_name, runtime
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_instance, rate, threshold
from apivitals.slo import series
from apivitals.slo.promql import bucket, total
from apivitals.slo.series import INSTANCE_LABEL

_GENERATION = label_name(runtime.GENERATION)
_NAME = f"generation {{{{{_GENERATION}}}}}"

GARBAGE = Row(
    "Garbage collection",
    (
        Lines(
            title="Time that is lost to it",
            description="The share of the time in which each instance collected, added up over its workers. Over the"
            " dashed lines, load less at once, or call gc.freeze() after the start.",
            unit="percentunit",
            queries=(
                Query(f"max by ({INSTANCE_LABEL}) ({of_instance(series.GC_PAUSED)})", "{{instance}}"),
                Query(threshold("gc_pause"), "{{severity}} threshold"),
            ),
            least=0,
        ),
        Lines(
            title="Pauses, p99, by generation",
            description="99 % of the pauses were shorter. The oldest generation's are the long ones: they grow with"
            " the objects that live, and each is a block of the event loop.",
            unit="s",
            queries=(
                Query(
                    f"histogram_quantile(0.99, sum by ({_GENERATION}, le) "
                    f"({rate(of_instance(bucket(runtime.GC_PAUSE)))})) >= 0",
                    _NAME,
                ),
            ),
            colours=colours.GENERATIONS,
            least=0,
        ),
        Lines(
            title="Seconds of pauses, per second",
            description="Where that time goes, in all chosen instances together. Mostly generation 2: something makes"
            " many objects that stay, such as whole result sets or a cache.",
            unit="s",
            queries=(Query(f"sum by ({_GENERATION}) ({rate(of_instance(total(runtime.GC_PAUSE)))})", _NAME),),
            stacked=True,
            colours=colours.GENERATIONS,
            least=0,
        ),
        Lines(
            title="Collections",
            description="Collections per second. Those of the youngest generation follow the number of objects that"
            " are made, and so the throughput; more at the same throughput is more objects per request.",
            unit="ops",
            queries=(Query(f"sum by ({_GENERATION}) ({rate(of_instance(runtime.GC_COLLECTIONS))})", _NAME),),
            colours=colours.GENERATIONS,
            least=0,
        ),
        Lines(
            title="Objects collected",
            description="Objects per second that only the collector could free: they referred to each other in a"
            " circle. Most objects are freed without it; many here are a reason to break a circle in often used"
            " classes.",
            unit="ops",
            queries=(Query(f"sum by ({_GENERATION}) ({rate(of_instance(runtime.GC_COLLECTED))})", _NAME),),
            colours=colours.GENERATIONS,
            least=0,
        ),
        Lines(
            title="Objects that cannot be collected",
            description="They stay for as long as the process does. More than none is a leak, usually in an extension"
            " module: see which library was added.",
            unit="ops",
            queries=(Query(f"sum by ({_GENERATION}) ({rate(of_instance(runtime.GC_UNCOLLECTABLE))})", _NAME),),
            colours=colours.GENERATIONS,
            least=0,
        ),
    ),
)
