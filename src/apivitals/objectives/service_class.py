"""A class of routes, by how much they matter: how fast and how dependable they must be."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from apivitals.catalog import Priority
from apivitals.objectives.values import (
    DERIVED,
    Number,
    NumberOrOff,
    Objective,
    ObjectiveOrOff,
    Percent,
    Section,
    percentage_of,
)

Severity = Literal["critical", "warning", "info"]


class Ratings(Section):
    """Up to where a response time is rated so, in seconds; over `critical` it is unacceptable."""

    excellent: Number = Field(description="Excellent up to so many seconds.")
    good: Number = Field(description="Good up to so many seconds.")
    warning: Number = Field(description="To be watched from `good` up to so many seconds.")
    critical: Number = Field(description="Bad from `warning` up to so many seconds, and past help over it.")

    @property
    def seconds(self) -> tuple[float, float, float, float]:
        """The four, from excellent to critical."""
        return self.excellent, self.good, self.warning, self.critical

    @model_validator(mode="after")
    def _increase(self) -> Ratings:
        if any(low >= high for low, high in pairwise(self.seconds)):
            raise ValueError("response times increase from excellent over good and warning to critical")
        return self


class ThroughputRatings(Section):
    """Down to where a throughput is rated so, in requests per second."""

    excellent: Number = Field(description="Excellent from so many requests per second.")
    good: Number = Field(description="Good from so many.")
    warning: Number = Field(description="To be watched from so many.")
    critical: Number = Field(description="Bad from so many, and past help under it.")

    @property
    def per_second(self) -> tuple[float, float, float, float]:
        """The four, from excellent to critical."""
        return self.excellent, self.good, self.warning, self.critical

    @model_validator(mode="after")
    def _decrease(self) -> ThroughputRatings:
        if any(high <= low for high, low in pairwise(self.per_second)):
            raise ValueError("throughputs decrease from excellent over good and warning to critical")
        return self


class Throughput(Section):
    """How many requests per second are normal."""

    floor: NumberOrOff = Field(None, description="Fewer requests per second raise an alert.")
    rating: ThroughputRatings | None = Field(None, description="Ratings of the throughput, in requests per second.")

    @field_validator("rating", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        return None if value in (False, "off") else value


class LatencyObjective(Section):
    """So many percent of requests answered within so many seconds."""

    percent: Objective = Field(description="Percent of requests.")
    within_seconds: Number = Field(description="Response time, in seconds; it becomes a bucket bound.")

    @property
    def error_budget(self) -> Decimal:
        """The ratio of requests that may be slower, exactly: 0.01 for 99 %."""
        return percentage_of(100 - self.percent)


class Severities(Section):
    """How severe the two kinds of burn-rate alerts are."""

    fast: Severity = Field("critical", description="The error budget burns fast: act now (5m/1h and 30m/6h).")
    slow: Severity = Field("warning", description="It burns slowly: act within days (2h/1d and 6h/3d).")


class ServiceClass(Section):
    """What is demanded of the routes of a class."""

    response_time_seconds: Ratings = Field(description="Ratings of the response time, in seconds.")
    availability_percent: ObjectiveOrOff = Field(
        Decimal("99.9"), description="Percent of requests that must not fail within `slo_window_days`; `off` for none."
    )
    latency: tuple[LatencyObjective, ...] = Field(
        default=DERIVED,
        validate_default=True,
        description="Latency objectives; not given, 99 % within the `warning` rating and 95 % within `good`.",
    )
    error_rate_percent: Percent = Field(
        Decimal(1), description="An error rate over so many percent raises an alert; `off` for none."
    )
    throughput: Throughput = Field(default_factory=Throughput, description="Floor and ratings of the throughput.")
    minimum_bad_events: int = Field(
        5, ge=1, description="Failed or slow requests that a window must hold before an error budget counts as burning."
    )
    severities: Severities = Field(default_factory=Severities, description="Severity of burn-rate alerts.")

    @field_validator("latency", mode="before")
    @classmethod
    def _from_ratings(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not DERIVED:
            return () if value in (False, "off") else value
        ratings = info.data.get("response_time_seconds")
        if ratings is None:  # is wrong, which is said already
            return ()
        return (
            LatencyObjective(percent=Decimal(99), within_seconds=ratings.warning),
            LatencyObjective(percent=Decimal(95), within_seconds=ratings.good),
        )

    @field_validator("latency")
    @classmethod
    def _distinct(cls, value: tuple[LatencyObjective, ...]) -> tuple[LatencyObjective, ...]:
        seconds = [objective.within_seconds for objective in value]
        for bound in seconds:
            if seconds.count(bound) > 1:
                raise ValueError(f"two objectives within {bound:g} s: keep one percentage for each time")
        return value

    @property
    def error_budget(self) -> Decimal | None:
        """The ratio of requests that may fail, exactly: 0.001 for 99.9 %; None without an objective."""
        return None if self.availability_percent is None else percentage_of(100 - self.availability_percent)


def _default(*seconds: float, **values: Any) -> ServiceClass:
    ratings = dict(zip(Ratings.model_fields, seconds, strict=True))
    return ServiceClass.model_validate({"response_time_seconds": ratings, **values})


class Classes(Section):
    """The four classes. What a class does not give, it keeps from its defaults."""

    critical: ServiceClass = Field(_default(0.1, 0.5, 1, 2), description="What earns the money.")
    high: ServiceClass = Field(_default(0.2, 1, 2, 5), description="What every user meets.")
    medium: ServiceClass = Field(_default(0.5, 2, 5, 10), description="Every other route.")
    low: ServiceClass = Field(
        _default(
            *(1, 5, 10, 30),
            availability_percent=99,
            error_rate_percent=5,
            severities={"fast": "warning", "slow": "info"},
        ),
        description="What may wait until tomorrow.",
    )

    def of(self, priority: Priority) -> ServiceClass:
        """Return the class of that name."""
        found: ServiceClass = getattr(self, priority)
        return found
