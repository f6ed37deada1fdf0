"""Operations that the service tracks itself: frames, documents, renderings."""

from __future__ import annotations

from apivitals.catalog import label_name, operation
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_job, rate
from apivitals.slo import series
from apivitals.slo.outcome import FAILURE
from apivitals.slo.promql import bucket, count, total
from apivitals.slo.series import COMPONENT, ERROR_TYPE

_NAME = label_name(operation.NAME)
_BY = f"{_NAME}, {COMPONENT}"
_LEGEND = f"{{{{{_NAME}}}}} ({{{{{COMPONENT}}}}})"
_NONE = "No operation is tracked."
_DURATION = operation.OPERATION_DURATION


def _quantile(quantile: str) -> str:
    return f"histogram_quantile({quantile}, sum by ({_BY}, le) ({rate(of_job(bucket(_DURATION)))})) >= 0"


MEDIA = Row(
    "Media and other operations",
    (
        Lines(
            title="Operations",
            description="Operations per second that track() or record() timed, in requests and outside of them. One"
            " that stops is a worker or a queue that stands still.",
            unit="ops",
            queries=(Query(f"sum by ({_BY}) ({of_job(series.OPERATIONS)})", _LEGEND),),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Duration of operations, p50 and p95",
            description="Half of the operations, and 95 % of them, took less. If it grows with the items of each, look"
            " at the speed beside it; if it grows alone, the machine is busy.",
            unit="s",
            queries=(Query(_quantile("0.5"), f"{_LEGEND}, p50"), Query(_quantile("0.95"), f"{_LEGEND}, p95")),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Failures of operations",
            description="Failed operations as a share, over five minutes. What is cancelled, as when the client"
            " leaves, is not in it; the errors are beside it.",
            unit="percentunit",
            queries=(Query(f"max by ({_BY}) ({of_job(series.OPERATION_FAILURE_RATIO)})", _LEGEND),),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Items",
            description="Frames, documents or rows per second that were worked on. It is the throughput of media:"
            " alone it says how much there was, and the speed beside it how well it went.",
            unit="none",
            queries=(Query(f"sum by ({_BY}) ({of_job(series.ITEMS)})", _LEGEND),),
            least=0,
            when_empty="No operation counts items.",
        ),
        Lines(
            title="Items per second of work",
            description="How fast an operation is while it runs, whatever the load: frames per second of one stream. A"
            " fall is larger frames, a busy CPU or GPU, or a release.",
            unit="none",
            queries=(Query(f"max by ({_BY}) ({of_job(series.ITEMS_PER_SECOND_OF_WORK)})", _LEGEND),),
            least=0,
            when_empty="No operation counts items.",
        ),
        Lines(
            title="At the same time",
            description="Seconds of work per second: how many of each operation run at once, on average. Where it"
            " stands at a round number, a pool or a limit is full, and the rest waits.",
            unit="none",
            queries=(Query(f"sum by ({_BY}) ({rate(of_job(total(_DURATION)))})", _LEGEND),),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Failures of operations, by error",
            description="Failed operations per minute. The class of the error says where to look: a codec, a file, a"
            " GPU that is full.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by ({_NAME}, {ERROR_TYPE}) ({rate(of_job(count(_DURATION), FAILURE))}) > 0",
                    f"{{{{{ERROR_TYPE}}}}}, {{{{{_NAME}}}}}",
                ),
            ),
            least=0,
            width=24,
            height=6,
            when_empty="No operation has failed.",
        ),
    ),
)
