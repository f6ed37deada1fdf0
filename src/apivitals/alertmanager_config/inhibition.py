"""Which alerts keep which others quiet.

Alertmanager takes two labels that are both missing for equal. So a rule also demands the labels without which its
comparison would mean nothing, and one that compares things of all kinds can name the labels of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apivitals.catalog import breakdown, container, gen_ai, gpu, host, http, label_name, operation

_OURS = 'alertname=~"Api.+"'
_OF_A_SERVICE = 'job=~".+"'
_OF_AN_INSTANCE = 'instance=~".+"'
_OF_AN_OBJECTIVE = 'slo=~".+"'
_REQUESTS = ("priority", "pattern", label_name(http.METHOD), label_name(http.ROUTE))
_THINGS = tuple(
    map(
        label_name,
        (
            host.DEVICE,
            host.MOUNTPOINT,
            container.RESOURCE,
            container.LIMIT,
            gpu.ID,
            gpu.INDEX,
            gen_ai.PROVIDER,
            gen_ai.MODEL,
            gen_ai.OPERATION,
            gen_ai.FEATURE,
            operation.CACHE,
            operation.NAME,
            breakdown.COMPONENT,
        ),
    )
)
THE_SAME_ALERT = ("alertname", "job", "instance", "slo", "objective", "target", *_REQUESTS, *_THINGS)
"""Labels by which two alerts of one name are about different things."""


@dataclass(frozen=True)
class Inhibition:
    """While an alert with `source` fires, those with `target` that have the same values of `equal` tell nobody."""

    why: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """Return it as Alertmanager's file has it."""
        return {
            "source_matchers": list(self.source),
            "target_matchers": list(self.target),
            "equal": list(self.equal),
        }


INHIBITIONS = (
    Inhibition(
        "A service that is down has no other news.",
        ('alertname="ApiDown"', _OF_A_SERVICE),
        ('alertname!="ApiDown"', 'severity!="none"', _OF_A_SERVICE),
        ("job",),
    ),
    Inhibition(
        "An instance that is down has none either.",
        ('alertname="ApiInstanceDown"', _OF_A_SERVICE, _OF_AN_INSTANCE),
        ('alertname!="ApiInstanceDown"', _OF_A_SERVICE, _OF_AN_INSTANCE),
        ("job", "instance"),
    ),
    Inhibition(
        "A budget that burns fast burns slowly too.",
        ('tier="fast"', _OF_AN_OBJECTIVE, _OF_A_SERVICE),
        ('tier="slow"', _OF_AN_OBJECTIVE, _OF_A_SERVICE),
        ("job", "slo", *_REQUESTS),
    ),
    Inhibition(
        "What is critical is no mere warning, of the same thing.",
        (_OURS, 'severity="critical"'),
        (_OURS, 'severity=~"warning|info"'),
        THE_SAME_ALERT,
    ),
    Inhibition(
        "The same, of a warning.",
        (_OURS, 'severity="warning"'),
        (_OURS, 'severity="info"'),
        THE_SAME_ALERT,
    ),
)
