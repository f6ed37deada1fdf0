"""What raises an alert besides the objectives of the classes; the SLA's targets; which rules there are at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field, model_validator

from apivitals.objectives.values import Amount, NumberOrOff, ObjectiveOrOff, Percent, Section


class Levels(Section):
    """Where a warning begins, and where it becomes critical; a number alone is the warning."""

    warning: Amount = Field(None, description="At or past it, an alert of severity `warning`; `off` for none.")
    critical: Amount = Field(None, description="At or past it, an alert of severity `critical`; `off` for none.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        if given is False or given == "off":
            return {}
        return given if isinstance(given, (Mapping, Levels)) else {"warning": given}

    @model_validator(mode="after")
    def _in_order(self) -> Levels:
        if self.warning is not None and self.critical is not None:
            self._check(self.warning, self.critical)
        return self

    def _check(self, warning: Decimal, critical: Decimal) -> None:
        if warning >= critical:
            raise ValueError(f"warning ({warning}) is less than critical ({critical})")


class PercentLevels(Levels):
    """Levels in percent."""

    warning: Percent = Field(None, description="At or over so many percent, `warning`; `off` for none.")
    critical: Percent = Field(None, description="At or over so many percent, `critical`; `off` for none.")


class LowPercentLevels(PercentLevels):
    """Levels in percent of what must not fall."""

    warning: Percent = Field(None, description="Under so many percent, `warning`; `off` for none.")
    critical: Percent = Field(None, description="Under so many percent, `critical`; `off` for none.")

    def _check(self, warning: Decimal, critical: Decimal) -> None:
        if warning <= critical:
            raise ValueError(f"warning ({warning}) is more than critical ({critical})")


def _percent(warning: int, critical: int | None = None) -> PercentLevels:
    return PercentLevels.model_validate({"warning": warning, "critical": critical})


def _levels(warning: str, critical: str | None = None) -> Levels:
    return Levels.model_validate({"warning": warning, "critical": critical})


class Thresholds(Section):
    """Thresholds of alerts that are not about a class, and of those on trends."""

    cpu_percent: PercentLevels = Field(_percent(80, 90), description="CPU, of the limit that applies.")
    memory_percent: PercentLevels = Field(_percent(85, 95), description="Memory, of the limit that applies.")
    disk_percent: PercentLevels = Field(_percent(80, 90), description="A file system's use.")
    gpu_percent: PercentLevels = Field(_percent(90), description="A GPU that is busy.")
    gpu_memory_percent: PercentLevels = Field(_percent(90, 95), description="A GPU's memory.")
    cpu_throttled_percent: PercentLevels = Field(
        _percent(25), description="Scheduling periods in which the container's CPU quota held it back."
    )
    pressure_percent: PercentLevels = Field(
        _percent(25, 50), description="Time in which tasks waited for CPU, memory or disk (pressure stall information)."
    )
    thread_pool_percent: PercentLevels = Field(
        _percent(80, 95), description="Threads of the pool that are in use, where calls wait for one."
    )
    gc_pause_percent: PercentLevels = Field(_percent(5, 10), description="Time that garbage collection takes.")
    event_loop_lag_seconds: Levels = Field(_levels("0.1", "0.5"), description="How late the event loop is, in seconds.")
    queue_time_seconds: Levels = Field(_levels("0.25", "1"), description="p95 of the queue time, in seconds.")
    in_flight_requests: Levels = Field(_levels("100"), description="Requests in flight in one instance.")
    in_flight_age_seconds: Levels = Field(
        _levels("60", "300"), description="Age of the oldest request in flight, in seconds."
    )
    gen_ai_failure_percent: PercentLevels = Field(_percent(5, 20), description="Calls to an AI provider that fail.")
    cache_hit_percent: LowPercentLevels = Field(
        default_factory=LowPercentLevels, description="Cache lookups that hit; fewer raise the alert."
    )
    error_spike_percent: Percent = Field(
        Decimal(10), description="An error rate over so many percent within five minutes; `off` for none."
    )
    degradation_factor: NumberOrOff = Field(
        2.0, description="p95 over so many times that of the previous period or of last week; `off` for none."
    )
    minimum_requests: int = Field(
        20, ge=1, description="Requests that a window must hold before its percentiles and ratios raise an alert."
    )
    disk_full_hours: NumberOrOff = Field(24.0, description="A disk that is full in so many hours; `off` for none.")
    memory_full_hours: NumberOrOff = Field(4.0, description="Memory that is full in so many hours; `off` for none.")
    budget_exhausted_hours: NumberOrOff = Field(
        72.0, description="An error budget that is spent in so many hours; `off` for none."
    )


class Sla(Section):
    """What was promised for the whole service; compliance with each target is recorded."""

    p95_seconds: NumberOrOff = Field(1.0, description="95 % of response times are under it, in seconds.")
    p99_seconds: NumberOrOff = Field(2.0, description="99 % of response times are under it, in seconds.")
    availability_percent: ObjectiveOrOff = Field(Decimal("99.9"), description="Percent of requests that do not fail.")
    error_rate_percent: Percent = Field(Decimal(1), description="Percent of requests that may fail at any time.")


class Features(Section):
    """Groups of rules, each of which can be left out."""

    slo: bool = Field(default=True, description="Objectives, error budgets and burn-rate alerts; SLA compliance.")
    thresholds: bool = Field(default=True, description="Threshold alerts on requests.")
    trends: bool = Field(default=True, description="Degradation, anomalies and forecasts.")
    monitoring: bool = Field(default=True, description="Alerts on the monitoring itself.")
    resources: bool = Field(default=True, description="CPU, memory, disk, event loop, thread pool, container.")
    gpu: bool = Field(default=True, description="GPUs.")
    gen_ai: bool = Field(default=True, description="Calls to AI providers, and media.")
    cache: bool = Field(default=True, description="Cache hit ratios.")
