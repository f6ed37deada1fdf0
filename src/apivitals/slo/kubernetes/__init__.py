"""Resources for Kubernetes: rules and monitors of the Prometheus operator, dashboards, Alertmanager's configuration."""
