"""An alert, as Alertmanager has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["firing", "resolved"]
Key = tuple[str, datetime, str]


@dataclass(frozen=True)
class AlertGroup:
    """The notification that alerts came in: those of one group, for one receiver."""

    key: str
    """What Alertmanager knows the group by."""
    status: Status
    """``firing`` while one of its alerts does."""
    receiver: str
    labels: Mapping[str, str]
    """The labels that it is grouped by."""
    common_labels: Mapping[str, str]
    common_annotations: Mapping[str, str]
    alertmanager_url: str
    truncated_alerts: int
    """How many alerts were left out, by `max_alerts` of the receiver."""


@dataclass(frozen=True)
class Alert:
    """One alert, firing or resolved."""

    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    """None while it fires."""
    fingerprint: str
    """Stands for the labels."""
    generator_url: str
    """The query in Prometheus."""
    group: AlertGroup | None = field(default=None, compare=False, repr=False)
    """The notification that it came in; None where Alertmanager was asked."""

    def __hash__(self) -> int:
        """Go by what tells one alert from another."""
        return hash(self.key)

    @property
    def key(self) -> Key:
        """What is the same each time that Alertmanager says the same of the alert."""
        return self.fingerprint, self.starts_at, self.status

    @property
    def name(self) -> str:
        """The rule's name, ``ApiErrorRateHigh``."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str | None:
        """``critical``, ``warning`` or ``info``; or what other people's rules say."""
        return self.labels.get("severity")

    @property
    def priority(self) -> str | None:
        """``critical``, ``high``, ``medium`` or ``low`` traffic; None of a machine or a whole service."""
        return self.labels.get("priority")

    @property
    def job(self) -> str | None:
        """The service."""
        return self.labels.get("job")

    @property
    def summary(self) -> str | None:
        """What is wrong, in a line."""
        return self.annotations.get("summary")

    @property
    def description(self) -> str | None:
        """The numbers that matter, and what to look at first."""
        return self.annotations.get("description")
