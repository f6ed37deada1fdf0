"""Draws dashboards as Grafana lays them out, from what Prometheus answers to their queries, without Grafana."""
