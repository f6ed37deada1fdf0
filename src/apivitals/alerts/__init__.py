"""Alerts: what Alertmanager tells the service, and what it can be asked and told."""
