"""From the objectives of a service to Prometheus' rules: pure functions, one module per family of rules."""
