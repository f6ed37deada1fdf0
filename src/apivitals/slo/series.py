"""The names of recorded series, ``level:metric:operations``: each once, for the rules that make and use it.

Levels say which labels a series has. A route's are its method and template, and its priority besides.
"""

from __future__ import annotations

from dataclasses import dataclass

from apivitals.catalog import breakdown, http, label_name

JOB_LABEL, INSTANCE_LABEL = "job", "instance"
PRIORITY, ROUTE, METHOD = label_name(http.PRIORITY), label_name(http.ROUTE), label_name(http.METHOD)
ERROR_TYPE, COMPONENT = label_name(http.ERROR_TYPE), label_name(breakdown.COMPONENT)

QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99", "p999": "0.999"}

OK, FAILED = 'outcome="ok"', 'outcome="error"'
EVERYTHING = 'le="+Inf"'


@dataclass(frozen=True)
class Level:
    """Series that have been summed up to `labels`, which are `name` in the names of recorded series."""

    name: str
    labels: tuple[str, ...]

    @property
    def by(self) -> str:
        """The labels as an aggregation names them."""
        return ", ".join(self.labels)

    def named(self, metric: str, operations: str) -> str:
        """Name a series of this level."""
        return f"{self.name}:{metric}:{operations}"

    # Requests. Rates are per second, over five minutes.
    @property
    def requests(self) -> str:
        """Requests per second."""
        return self.named("http_requests", "rate5m")

    @property
    def errors(self) -> str:
        """Failed requests per second; 0 where there are requests and none has failed."""
        return self.named("http_errors", "rate5m")

    @property
    def error_ratio(self) -> str:
        """Failed requests as a share of all; absent while there are none."""
        return self.named("http_errors", "ratio_rate5m")

    @property
    def peak(self) -> str:
        """The most requests per second of the last day."""
        return self.named("http_requests", "rate5m_max1d")

    @property
    def response_buckets(self) -> str:
        """The histogram of response times, by `outcome`."""
        return self.named("http_response_time_seconds_bucket", "rate5m")

    @property
    def latency_buckets(self) -> str:
        """The histogram of the time to the first byte."""
        return self.named("http_latency_seconds_bucket", "rate5m")

    @property
    def response_sum(self) -> str:
        """Seconds of response time per second."""
        return self.named("http_response_time_seconds_sum", "rate5m")

    @property
    def latency_sum(self) -> str:
        """Seconds of time to the first byte per second."""
        return self.named("http_latency_seconds_sum", "rate5m")

    def response_time(self, what: str) -> str:
        """Response time in seconds: ``p50``, ``p95``, ``p99``, ``p999`` or ``mean``, over five minutes."""
        return self.named("http_response_time_seconds", f"{what}_5m")

    def latency(self, what: str) -> str:
        """Time to the first byte in seconds, likewise."""
        return self.named("http_latency_seconds", f"{what}_5m")

    @property
    def response_time_of_an_hour(self) -> str:
        """The 95th percentile of the response time over an hour, in seconds."""
        return self.named("http_response_time_seconds", "p95_1h")

    @property
    def component_seconds(self) -> str:
        """Seconds of response time per second that belong to each component."""
        return self.named("http_component_seconds", "rate5m")

    @property
    def component_mean(self) -> str:
        """Seconds of each component per request."""
        return self.named("http_component_seconds", "mean_5m")

    @property
    def component_share(self) -> str:
        """Each component's share of the response time."""
        return self.named("http_component_seconds", "ratio_rate5m")

    @property
    def apdex(self) -> str:
        """Apdex, from 0 to 1."""
        return self.named("http_apdex", "ratio_rate5m")

    @property
    def rating(self) -> str:
        """Rating of the response time: 1 excellent, 2 good, 3 warning, 4 critical."""
        return self.named("http_response_time", "rating")

    @property
    def throughput_rating(self) -> str:
        """Rating of the throughput, likewise, where the file says what is good."""
        return self.named("http_requests", "rating")

    # Objectives, each with the labels `slo` and `objective`.
    @property
    def slo_requests(self) -> str:
        """Requests per second that the objective is about."""
        return self.named("slo_requests", "rate5m")

    @property
    def slo_bad(self) -> str:
        """Those of them that were bad: failed, or too slow."""
        return self.named("slo_bad_requests", "rate5m")

    @property
    def slo_requests_counted(self) -> str:
        """Requests of two minutes, which add up to those of any window."""
        return self.named("slo_requests", "increase2m")

    @property
    def slo_bad_counted(self) -> str:
        """Bad requests of two minutes, likewise."""
        return self.named("slo_bad_requests", "increase2m")

    def slo_ratio(self, window: str) -> str:
        """Bad requests as a share of all over `window`; absent without requests."""
        return self.named("slo_errors", f"ratio_rate{window}")

    @property
    def slo_target(self) -> str:
        """The objective as a ratio."""
        return self.named("slo_objective", "ratio")

    @property
    def budget(self) -> str:
        """What the objective leaves to fail, as a ratio: 0.001 of an objective of 99.9 %."""
        return self.named("slo_error_budget", "ratio")

    @property
    def budget_remaining(self) -> str:
        """What is left of the budget: 1 is all of it, 0 nothing, and below that the objective is missed."""
        return self.named("slo_error_budget", "remaining")

    @property
    def exhaustion(self) -> str:
        """Seconds until the budget is used up if the last hour goes on; absent while nothing fails."""
        return self.named("slo_error_budget", "exhaustion_seconds")

    @property
    def burn_rate(self) -> str:
        """How many times faster than allowed the budget was used in the last hour."""
        return self.named("slo_error_budget", "burn_rate1h")


JOB = Level("job", (JOB_LABEL,))
CLASS = Level("job_priority", (JOB_LABEL, PRIORITY))
OF_ROUTE = Level("job_route", (JOB_LABEL, METHOD, ROUTE, PRIORITY))
INSTANCE = Level("job_instance", (JOB_LABEL, INSTANCE_LABEL))
REQUEST_LEVELS = (OF_ROUTE, CLASS, JOB)

# What values are compared with, by `threshold` and `severity`
THRESHOLD = JOB.named("apivitals_threshold", "value")
CLASS_THRESHOLD = CLASS.named("apivitals_threshold", "value")

# The service agreement, by `target`
SLA_TARGET = JOB.named("sla", "target")
SLA_VALUE = JOB.named("sla", "value")
SLA_MET = JOB.named("sla", "met")
SLA_MET_SHARE = JOB.named("sla", "met_ratio")

INSTRUMENTED = JOB.named("apivitals_instrumented", "info")
HEALTH = JOB.named("apivitals_health", "score")
HEALTH_PART = JOB.named("apivitals_health", "part")

# The machine: ratios
CPU = INSTANCE.named("apivitals_cpu", "utilization_avg5m")
MEMORY = INSTANCE.named("apivitals_memory", "utilization_avg5m")
THREADS = INSTANCE.named("apivitals_thread_pool", "utilization_avg5m")
LOOP_LATE = INSTANCE.named("apivitals_event_loop_lag", "ratio_rate5m")
GC_PAUSED = INSTANCE.named("apivitals_gc_pause", "ratio_rate5m")
THROTTLED = INSTANCE.named("apivitals_cpu_throttled", "ratio_rate5m")
WAITING = INSTANCE.named("apivitals_pressure_waiting", "ratio_rate5m")
STALLED = INSTANCE.named("apivitals_pressure_stalled", "ratio_rate5m")
GPU = INSTANCE.named("hw_gpu", "utilization_avg5m")
GPU_MEMORY = INSTANCE.named("hw_gpu_memory", "utilization_avg5m")
BUSIEST = JOB.named("apivitals_busiest", "utilization_max")
IN_FLIGHT = CLASS.named("http_active_requests", "sum")
QUEUE_TIME = CLASS.named("http_queue_time_seconds", "p95_5m")

# Work that libraries do for requests
CACHE_HITS = "job_cache:apivitals_cache_hits:ratio_rate5m"
CACHE_LOOKUPS = "job_cache:apivitals_cache_requests:rate5m"
AI_CALLS = "job_model:gen_ai_calls:rate5m"
AI_FAILURES = "job_model:gen_ai_errors:rate5m"
AI_FAILURE_RATIO = "job_model:gen_ai_errors:ratio_rate5m"
AI_SECONDS = "job_model:gen_ai_duration_seconds:p95_5m"
AI_FIRST_CHUNK = "job_model:gen_ai_first_chunk_seconds:p95_5m"
AI_TOKENS = "job_model:gen_ai_tokens:rate5m"
OPERATIONS = "job_operation:apivitals_operations:rate5m"
OPERATION_FAILURE_RATIO = "job_operation:apivitals_operation_errors:ratio_rate5m"
ITEMS = "job_operation:apivitals_operation_items:rate5m"
ITEMS_PER_SECOND_OF_WORK = "job_operation:apivitals_operation_items:per_second_of_work"

# The season of the traffic
EXPECTED = JOB.named("http_requests", "expected")
RESIDUAL = JOB.named("http_requests", "residual")
DEVIATION = JOB.named("http_requests", "deviation")
UPPER = JOB.named("http_requests", "upper")
LOWER = JOB.named("http_requests", "lower")
