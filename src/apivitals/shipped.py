"""The files that ship beside the code: Prometheus' and Alertmanager's configuration, Grafana's dashboards."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "shipped"  # put there when the wheel is built
_IN_A_CHECKOUT = Path(__file__).parents[2]


def shipped(path: str) -> Path:
    """Return where a shipped file or folder is: ``prometheus/prometheus.yml``, ``grafana/dashboards``.

    Raises:
        FileNotFoundError: nothing of that name ships, or the installation is not complete.
    """
    found = (_PACKAGED if _PACKAGED.is_dir() else _IN_A_CHECKOUT) / path
    if not found.exists():
        raise FileNotFoundError(f"{found} does not exist: it should have been installed with apivitals")
    return found
