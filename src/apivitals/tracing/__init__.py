"""Spans of OpenTelemetry instrumentations: how they become intervals of a request, and how they are switched on."""
