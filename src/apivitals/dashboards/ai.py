"""AI and media: calls to models, what they cost in tokens, media and other operations, caches."""

from __future__ import annotations

from apivitals.catalog import gen_ai
from apivitals.dashboards import colours
from apivitals.dashboards.board import Board
from apivitals.dashboards.panel import Column, Lines, Number, Query, Row, Table
from apivitals.dashboards.rows.caches import CACHES
from apivitals.dashboards.rows.firing import firing
from apivitals.dashboards.rows.media import MEDIA
from apivitals.dashboards.rows.tokens import TOKENS
from apivitals.dashboards.selection import FEATURE, MODEL, PROVIDER, of_feature, of_job, of_model, rate, threshold
from apivitals.dashboards.variables import FEATURE as FEATURE_CHOSEN
from apivitals.dashboards.variables import JOB
from apivitals.dashboards.variables import MODEL as MODEL_CHOSEN
from apivitals.dashboards.variables import PROVIDER as PROVIDER_CHOSEN
from apivitals.slo import series
from apivitals.slo.outcome import FAILURE
from apivitals.slo.promql import bucket, count, total
from apivitals.slo.recording.work import TOKEN_TYPE
from apivitals.slo.series import ERROR_TYPE

UID = "apivitals-ai"
_MODEL_NAME = f"{{{{{PROVIDER}}}}} {{{{{MODEL}}}}}"
_BY_MODEL = f"{PROVIDER}, {MODEL}"
_NONE = "No call to a model is recorded."
_CALLS, _FAILED = (
    rate(of_feature(count(gen_ai.OPERATION_DURATION))),
    rate(of_feature(count(gen_ai.OPERATION_DURATION), FAILURE)),
)


def _quantile(quantile: str, buckets: str, by: str = "") -> str:
    grouped = f"{by}, le" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({grouped}) ({rate(of_feature(buckets))})) >= 0"


_DURATION, _FIRST_CHUNK = bucket(gen_ai.OPERATION_DURATION), bucket(gen_ai.TIME_TO_FIRST_CHUNK)

_NOW = Row(
    "Now",
    (
        firing("models and caches", ("ApiAiFailures", "ApiCacheHitRatioLow")),
        Number(
            title="Calls",
            description="Calls to the chosen models per second, over five minutes and whichever the feature. Each"
            " costs money and waits for another machine.",
            unit="cps",
            queries=(Query(f"sum({of_model(series.AI_CALLS)})", "calls"),),
            sparkline=True,
            steps=colours.ANY,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Failures",
            description="Failed calls as a share of all, over five minutes. What fails is below, by error: a quota, a"
            " key, a timeout, or the provider itself.",
            unit="percentunit",
            queries=(
                Query(f"sum({of_model(series.AI_FAILURES)}) / (sum({of_model(series.AI_CALLS)}) > 0)", "failures"),
            ),
            sparkline=True,
            steps=colours.ANY_IS_TO_WATCH,
            decimals=2,
            when_empty="no calls",
            width=3,
        ),
        Number(
            title="Duration, p95",
            description="95 % of the calls to the slowest model took less, to the end of the answer. The request that"
            " waits for it takes at least as long.",
            unit="s",
            queries=(Query(f"max({of_model(series.AI_SECONDS)})", "duration"),),
            sparkline=True,
            steps=colours.ANY,
            when_empty="no calls",
            width=3,
        ),
        Number(
            title="First chunk, p95",
            description="95 % of the streamed answers of the slowest model began sooner. It is what the reader waits"
            " for before anything is to be seen.",
            unit="s",
            queries=(Query(f"max({of_model(series.AI_FIRST_CHUNK)})", "first chunk"),),
            sparkline=True,
            steps=colours.ANY,
            when_empty="no streams",
            width=3,
        ),
        Number(
            title="Tokens",
            description="Tokens per second, read and written. They are what providers charge for; the rows below say"
            " for which model and feature.",
            unit="none",
            queries=(Query(f"sum({of_model(series.AI_TOKENS)})", "tokens"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Items",
            description="Frames, documents or rows per second that tracked operations have worked on. Each operation's"
            " own are below.",
            unit="none",
            queries=(Query(f"sum({of_job(series.ITEMS)})", "items"),),
            sparkline=True,
            steps=colours.ANY,
            decimals=1,
            when_empty="none",
            width=3,
        ),
        Number(
            title="Cache hits",
            description="Look-ups that hit, as a share of all, in all caches together. One cache that misses can hide"
            " behind another: see them one by one below.",
            unit="percentunit",
            queries=(
                Query(
                    f"sum({of_job(series.CACHE_HITS)} * {of_job(series.CACHE_LOOKUPS)})\n"
                    f"/ (sum({of_job(series.CACHE_LOOKUPS)}) > 0)",
                    "hits",
                ),
            ),
            sparkline=True,
            steps=colours.ANY,
            decimals=0,
            when_empty="no caches",
            width=3,
        ),
    ),
)

_BY = f"job, {_BY_MODEL}, {FEATURE}"


def _in_all(counter: str, *matchers: str) -> str:
    """Count over all the time that is shown."""
    return f"sum by ({_BY}) (increase({of_feature(counter, *matchers)}[$__range]))"


def _of_all(quantile: str, buckets: str) -> str:
    """Give a percentile of all the time that is shown."""
    return f"histogram_quantile({quantile}, sum by ({_BY}, le) (increase({of_feature(buckets)}[$__range]))) >= 0"


def _of_type(token_type: str) -> str:
    return f'{TOKEN_TYPE}="{token_type}"'


_COUNT, _TOKENS = count(gen_ai.OPERATION_DURATION), total(gen_ai.TOKEN_USAGE)

_MODELS = Row(
    "Calls to AI models",
    (
        Table(
            title="Models and features",
            description="Who calls what, and what comes of it, in the time that is shown. The features that write the"
            " most tokens are where money is saved first: shorter answers, a smaller model, a cache.",
            unit="none",
            queries=(
                Query(_in_all(_COUNT)),
                Query(
                    f"({_in_all(_COUNT, FAILURE)} or 0 * {_in_all(_COUNT)})\n/ ({_in_all(_COUNT)} > 0)",
                ),
                Query(_of_all("0.5", _DURATION)),
                Query(_of_all("0.95", _DURATION)),
                Query(_of_all("0.95", _FIRST_CHUNK)),
                Query(_in_all(_TOKENS, _of_type("input"))),
                Query(_in_all(_TOKENS, _of_type("output"))),
            ),
            columns=(
                Column("job", "Service", width=130),
                Column(PROVIDER, "Provider", width=110),
                Column(MODEL, "Model"),
                Column(FEATURE, "Feature"),
                Column("Value #A", "Calls", unit="short", decimals=0, width=80),
                Column("Value #B", "Failures", unit="percentunit", decimals=1, steps=colours.ANY_IS_TO_WATCH, width=90),
                Column("Value #C", "p50", unit="s", width=90),
                Column("Value #D", "p95", unit="s", width=90),
                Column("Value #E", "First chunk, p95", unit="s", width=130),
                Column("Value #F", "Tokens in", unit="short", width=100),
                Column("Value #G", "Tokens out", unit="short", width=110),
            ),
            sorted_by="Tokens out",
            height=7,
            when_empty=_NONE,
        ),
        Lines(
            title="Calls by model",
            description="Calls per second. More calls at the same requests are attempts that are made again, or an"
            " agent that goes round in circles.",
            unit="cps",
            queries=(Query(f"sum by ({_BY_MODEL}) ({_CALLS})", _MODEL_NAME),),
            stacked=True,
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Failures by model",
            description="Failed calls of each model as a share, over five minutes and whichever the feature. Over the"
            " dashed lines the alert fires: change to another model or region, or wait for the provider.",
            unit="percentunit",
            queries=(
                Query(f"max by ({_BY_MODEL}) ({of_model(series.AI_FAILURE_RATIO)})", _MODEL_NAME),
                Query(threshold("gen_ai_failure", beside=of_model(series.AI_FAILURE_RATIO)), "{{severity}} threshold"),
            ),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Failures by error",
            description="Failed calls per minute. 429 or RateLimitError is a quota: slow down; 401 is a key: renew it;"
            " a timeout or 5xx is the provider: see its status page.",
            unit="none",
            queries=(
                Query(
                    f"60 * sum by ({ERROR_TYPE}, {MODEL}) ({_FAILED}) > 0",
                    f"{{{{{ERROR_TYPE}}}}}, {{{{{MODEL}}}}}",
                ),
            ),
            least=0,
            when_empty="No call has failed.",
        ),
        Lines(
            title="Duration, p50 and p95",
            description="To the end of the answer. It goes with the length of answers: compare it with the output"
            " tokens per second before you blame the provider.",
            unit="s",
            queries=(
                Query(_quantile("0.5", _DURATION, _BY_MODEL), f"{_MODEL_NAME}, p50"),
                Query(_quantile("0.95", _DURATION, _BY_MODEL), f"{_MODEL_NAME}, p95"),
            ),
            least=0,
            when_empty=_NONE,
        ),
        Lines(
            title="Time to the first chunk, p50 and p95",
            description="Of streamed answers. It goes with the length of what is asked, and with the provider's queue:"
            " a rise at the same input is theirs.",
            unit="s",
            queries=(
                Query(_quantile("0.5", _FIRST_CHUNK, _BY_MODEL), f"{_MODEL_NAME}, p50"),
                Query(_quantile("0.95", _FIRST_CHUNK, _BY_MODEL), f"{_MODEL_NAME}, p95"),
            ),
            least=0,
            when_empty="No answer is streamed.",
        ),
        Lines(
            title="Calls by feature",
            description="Calls per second of each feature that made them, as the code names it. A feature that grows"
            " faster than its users asks too often: give it a cache.",
            unit="cps",
            queries=(Query(f"sum by ({FEATURE}) ({_CALLS})", f"{{{{{FEATURE}}}}}"),),
            stacked=True,
            least=0,
            when_empty=_NONE,
        ),
    ),
)

AI = Board(
    UID,
    "AI and media",
    "Calls to AI models and what they cost in tokens; media and other operations; caches.",
    (JOB, PROVIDER_CHOSEN, MODEL_CHOSEN, FEATURE_CHOSEN),
    (_NOW, _MODELS, TOKENS, MEDIA, CACHES),
)
