"""Recording rules: what dashboards show and alerts compare, computed once."""
