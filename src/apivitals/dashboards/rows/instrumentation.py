"""apivitals itself: what its page costs, what it had to leave out, and what it could not read."""

from __future__ import annotations

from apivitals.catalog import breakdown, gpu, internal, label_name, source
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Bars, Column, Lines, Query, Row, State, States, Step, Table
from apivitals.dashboards.selection import of_instance, rate
from apivitals.settings import Settings
from apivitals.slo.promql import bucket
from apivitals.slo.series import ERROR_TYPE, INSTANCE_LABEL

_SERIES_LIMIT: int = Settings.model_fields["series_limit"].default
_REASON = label_name(gpu.REASON)
_RENDERED = rate(of_instance(bucket(internal.RENDER_DURATION)))

INSTRUMENTATION = Row(
    "apivitals itself",
    (
        Lines(
            title="How long a page takes to render",
            description="Of the metrics page, what the event loop did besides included. Rendering gives way to"
            " requests, so a long one is a busy loop or very many series.",
            unit="s",
            queries=tuple(
                Query(f"histogram_quantile({quantile}, sum by (le) ({_RENDERED})) >= 0", name)
                for name, quantile in (("p50", "0.5"), ("p95", "0.95"))
            ),
            colours={"p50": "green", "p95": "orange"},
            least=0,
        ),
        Bars(
            title="Series held, by metric",
            description=f"The eight metrics with the most series in one instance. At series_limit ({_SERIES_LIMIT:,}"
            " unless set) new ones are counted without labels: take away a label before that.",
            unit="short",
            queries=(Query(f"topk(8, max by (metric) ({of_instance(internal.SERIES)}))", "{{metric}}", at_end=True),),
            steps=(
                Step(None, colours.GOOD),
                Step(_SERIES_LIMIT / 2, colours.WATCH),
                Step(_SERIES_LIMIT * 0.9, colours.BAD),
            ),
            least=0,
            most=_SERIES_LIMIT,
            width=16,
            decimals=0,
        ),
        Lines(
            title="Observations without labels",
            description="Observations per second that were past the series limit, by metric. Rules by class or route"
            " miss them: find the label with so many values, drop it, and restart the service.",
            unit="ops",
            queries=(Query(f"sum by (metric) ({rate(of_instance(internal.DROPPED))}) > 0", "{{metric}}"),),
            least=0,
            when_empty="No metric is at its limit.",
        ),
        Lines(
            title="Errors of apivitals",
            description="Per minute, by what it was doing; otlp is the push to a collector. Requests went on, what"
            " they measured may be missing. The log of the service, logger apivitals, has each kind once.",
            unit="none",
            queries=(Query(f"60 * sum by (operation) ({rate(of_instance(internal.ERRORS))}) > 0", "{{operation}}"),),
            least=0,
            when_empty="apivitals has no errors.",
        ),
        Lines(
            title="Queue time stamps that were not believed",
            description="Per minute, by reason: the proxy's X-Request-Start was malformed, in the future or too old."
            " Without it there is no queue time. In the future means that clocks differ: synchronize them.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by ({_REASON}) ({rate(of_instance(breakdown.QUEUE_REJECTED))}) > 0",
                    f"{{{{{_REASON}}}}}",
                ),
            ),
            least=0,
            when_empty="All were, or none came.",
        ),
        States(
            title="Sources that can be read",
            description="What samples are taken of: the worst of all instances and workers. Of one that is read in"
            " part some metrics are missing, and alerts on them are silent; the table names the part.",
            unit="none",
            queries=(Query(f"min by ({source.SOURCE}) ({of_instance(source.UP)})", "{{source}}"),),
            states=(State(1, "whole", colours.GOOD), State(0, "in part", colours.WORSE)),
        ),
        Lines(
            title="Age of samples",
            description="How old the last sample of each source is, at the oldest. It goes up and down within"
            " sample_interval_seconds (5 s, unless set); one that climbs on is a reading that hangs.",
            unit="s",
            queries=(Query(f"max by ({source.SOURCE}) ({of_instance(source.AGE)})", "{{source}}"),),
            least=0,
        ),
        Lines(
            title="GPU driver errors",
            description="Per minute, times that the driver or a GPU failed to answer, by reason. gpu_lost needs a"
            " reset; no_permission is what the container is given.",
            unit="none",
            queries=(Query(f"60 * sum by ({_REASON}) ({rate(of_instance(gpu.ERRORS))}) > 0", f"{{{{{_REASON}}}}}"),),
            least=0,
            when_empty="None, or no driver.",
        ),
        Table(
            title="Last errors of sources",
            description="What could not be read, and why. Give the permission, mount the file system, start the"
            " driver; or leave the source out with disabled_sources.",
            unit="none",
            queries=(
                Query(
                    f"time() - max by ({INSTANCE_LABEL}, {source.SOURCE}, part, {ERROR_TYPE}) "
                    f"({of_instance(source.LAST_ERROR)})"
                ),
            ),
            columns=(
                Column(INSTANCE_LABEL, "Instance"),
                Column(source.SOURCE, "Source", width=90),
                Column("part", "Part"),
                Column(ERROR_TYPE, "Error"),
                Column("Value", "Ago", unit="dtdurations", decimals=0, width=90),
            ),
            sorted_by="Ago",
            width=24,
            height=6,
            when_empty="Nothing has failed.",
        ),
    ),
)
