"""Tokens, which are what providers charge for."""

from __future__ import annotations

from apivitals.catalog import gen_ai
from apivitals.dashboards import colours
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import FEATURE, MODEL, PROVIDER, of_feature, rate
from apivitals.slo.promql import bucket, count, total
from apivitals.slo.recording.work import TOKEN_TYPE

_MODEL_NAME = f"{{{{{PROVIDER}}}}} {{{{{MODEL}}}}}"
_BY_MODEL = f"{PROVIDER}, {MODEL}"
_TYPE_NAME = f"{{{{{TOKEN_TYPE}}}}}"
_NONE = "No tokens are recorded."
_OUTPUT = f'{TOKEN_TYPE}="output"'
_TOKENS = rate(of_feature(total(gen_ai.TOKEN_USAGE)))
_WRITTEN = rate(of_feature(total(gen_ai.TOKEN_USAGE), _OUTPUT))

TOKENS = Row(
    "Tokens",
    (
        Lines(
            title="Tokens by type",
            description="Tokens per second that models read (input) and wrote (output). Output costs several times as"
            " much as input, with most providers.",
            unit="none",
            queries=(Query(f"sum by ({TOKEN_TYPE}) ({_TOKENS})", _TYPE_NAME),),
            stacked=True,
            colours=colours.DIRECTIONS,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Tokens by feature",
            description="Tokens per second of each feature, input and output together: what drives the bill. Begin"
            " with the thickest band.",
            unit="none",
            queries=(Query(f"sum by ({FEATURE}) ({_TOKENS})", f"{{{{{FEATURE}}}}}"),),
            stacked=True,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Tokens by model",
            description="Tokens per second of each model. If a dear model has most of them, see which features could"
            " do with a cheaper one.",
            unit="none",
            queries=(Query(f"sum by ({_BY_MODEL}) ({_TOKENS})", _MODEL_NAME),),
            stacked=True,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Tokens per call",
            description="The mean of each type. Input that grows with the hours is a history that is sent along and"
            " never cut; output that grows is a prompt without a limit.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({TOKEN_TYPE}) ({_TOKENS})\n/\n"
                    f"(sum by ({TOKEN_TYPE}) ({rate(of_feature(count(gen_ai.TOKEN_USAGE)))}) > 0)",
                    _TYPE_NAME,
                ),
            ),
            colours=colours.DIRECTIONS,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Output tokens per call, p50 and p95",
            description="Bounds of the buckets are powers of four, so it is an estimate. A p95 far above the p50 is a"
            " few long answers, which take and cost the most: limit their length.",
            unit="none",
            queries=tuple(
                Query(
                    f"histogram_quantile({quantile}, sum by (le) "
                    f"({rate(of_feature(bucket(gen_ai.TOKEN_USAGE), _OUTPUT))})) >= 0",
                    name,
                )
                for name, quantile in (("p50", "0.5"), ("p95", "0.95"))
            ),
            colours={"p50": "green", "p95": "orange"},
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Speed of generation",
            description="Output tokens for each second that calls took, waiting included: how fast a model writes. A"
            " fall at the same length of answers is the provider's load, or a GPU of yours that is full.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({_BY_MODEL}) ({_WRITTEN})\n/\n"
                    f"(sum by ({_BY_MODEL}) ({rate(of_feature(total(gen_ai.OPERATION_DURATION)))}) > 0)",
                    _MODEL_NAME,
                ),
            ),
            least=0,
            when_empty=_NONE,
        ),
    ),
)
