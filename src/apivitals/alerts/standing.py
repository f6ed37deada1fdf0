"""How an alert stands: whether somebody has acknowledged it, or something keeps it quiet.

Alertmanager knows no acknowledgement. A silence is one if it is for one alert: each of its matchers names a label and
its value, and one of them the alert's name. Other silences, of a maintenance say, are about more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from apivitals.alerts.alert import Alert

State = Literal["firing", "acked", "silenced", "inhibited"]

_NAME = "alertname"
# Which of two Prometheuses asks, and which of a service's replacements answers, says nothing of what is wrong
_UNSTABLE = frozenset({"replica", "prometheus_replica", "pod", "container_id", "pid", "uid"})
_INSTANCE = frozenset({"instance", "host", "node", "container"})


@dataclass(frozen=True)
class Matcher:
    """What a silence demands of one label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True)
class Silence:
    """A time in which alerts with some labels tell nobody."""

    id: str
    is_active: bool
    author: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    matchers: tuple[Matcher, ...]

    @property
    def is_acknowledgement(self) -> bool:
        """Whether it is for one alert."""
        exact = all(matcher.is_equal and not matcher.is_regex for matcher in self.matchers)
        return exact and any(matcher.name == _NAME for matcher in self.matchers)


@dataclass(frozen=True)
class Standing:
    """An alert that fires, and what keeps it quiet."""

    alert: Alert
    silences: tuple[Silence, ...]
    inhibited_by: tuple[str, ...]
    """Fingerprints of other alerts."""

    @property
    def acknowledgements(self) -> tuple[Silence, ...]:
        """The silences that are for this alert."""
        return tuple(silence for silence in self.silences if silence.is_acknowledgement)

    @property
    def state(self) -> State:
        """How it stands, in a word."""
        if self.acknowledgements:
            return "acked"
        if self.silences:
            return "silenced"
        return "inhibited" if self.inhibited_by else "firing"


def stable_matchers(labels: Mapping[str, str], *, all_instances: bool = False) -> tuple[Matcher, ...]:
    """Return what an acknowledgement matches: the labels that are the same the next time that the alert fires.

    All that tell what is wrong are among them, severity too: a warning that becomes critical is news.
    """
    without = _UNSTABLE | _INSTANCE if all_instances else _UNSTABLE
    return tuple(Matcher(name, value) for name, value in sorted(labels.items()) if name not in without)
