"""Alerts on values that are past a threshold of the file."""
