"""How good the service must be, from ``apivitals.yaml``: read by the running service and by the tools alike."""

from apivitals.objectives.burn_rate import BURN_RATES, BurnRate
from apivitals.objectives.objectives import RESERVED_ALERT_LABELS, Objectives
from apivitals.objectives.reading import from_file, from_mapping
from apivitals.objectives.route import Route
from apivitals.objectives.service_class import (
    Classes,
    LatencyObjective,
    Ratings,
    ServiceClass,
    Severities,
    Severity,
    Throughput,
    ThroughputRatings,
)
from apivitals.objectives.thresholds import Features, Levels, LowPercentLevels, PercentLevels, Sla, Thresholds

__all__ = [
    "BURN_RATES",
    "RESERVED_ALERT_LABELS",
    "BurnRate",
    "Classes",
    "Features",
    "LatencyObjective",
    "Levels",
    "LowPercentLevels",
    "Objectives",
    "PercentLevels",
    "Ratings",
    "Route",
    "ServiceClass",
    "Severities",
    "Severity",
    "Sla",
    "Thresholds",
    "Throughput",
    "ThroughputRatings",
    "from_file",
    "from_mapping",
]
