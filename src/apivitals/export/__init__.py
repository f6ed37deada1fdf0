"""Families out: as Prometheus text, as OpenMetrics."""
