"""The dashboards, declared. `python tools/dashboards.py` writes them to `grafana/dashboards/`, which is what ships.

Needs grafana-foundation-sdk, which only development does: nothing of the package imports this.
"""
