"""A Grafana that has the data sources and dashboards that ship.

https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from apivitals.demo.processes import ServerProcess
from apivitals.shipped import shipped
from apivitals.stack.programs import HOST, server

_HOME = "apivitals-overview.json"
_DEFAULTS = Path("conf/defaults.ini")
_HOMES = ("/usr/share/grafana", "/opt/homebrew/opt/grafana/share/grafana", "/usr/local/opt/grafana/share/grafana")
_PASSWORD = "grafana-password"  # noqa: S105  # a file's name


def grafana(  # noqa: PLR0913  # what it shows
    command: list[str],
    *,
    port: int,
    directory: Path,
    data: Path,
    prometheus: str,
    alertmanager: str | None,
    scrape_interval: str,
) -> ServerProcess:
    """Describe it; everybody on this machine may look, and the administrator's password is in a file beside its data.

    `prometheus` and `alertmanager` are URLs.
    """
    home = _home(Path(command[0]))
    return server(
        "Grafana",
        [*command, *([] if home is None else [f"--homepath={home}"])],
        port=port,
        directory=directory,
        variables={
            # What the files in grafana/provisioning leave open
            "PROMETHEUS_URL": prometheus,
            "ALERTMANAGER_URL": alertmanager or "",
            "TEMPO_URL": os.environ.get("TEMPO_URL", ""),
            "SCRAPE_INTERVAL": scrape_interval,
            "DASHBOARDS_PATH": str(shipped("grafana/dashboards")),
            "GF_PATHS_PROVISIONING": str(shipped("grafana/provisioning")),
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(shipped("grafana/dashboards") / _HOME),
            "GF_PATHS_DATA": str(data),
            "GF_PATHS_LOGS": str(directory / "grafana-logs"),
            "GF_PATHS_PLUGINS": str(data / "plugins"),
            "GF_SERVER_PROTOCOL": "http",
            "GF_SERVER_HTTP_ADDR": HOST,
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
            "GF_SECURITY_ADMIN_PASSWORD": _password(password_file(data)),
            # It asks nobody outside for anything.
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "GF_SECURITY_DISABLE_GRAVATAR": "true",
        },
    )


def password_file(data: Path) -> Path:
    """Return the file with the administrator's password: it is as old as the data, and only its owner may read it."""
    return data / _PASSWORD


def _password(file: Path) -> str:
    """Return the one of the last time, since Grafana takes one only when it makes its database; else a new one."""
    file.touch(mode=0o600)
    if not file.read_text(encoding="ascii"):
        file.write_text(secrets.token_urlsafe(16), encoding="ascii")
    return file.read_text(encoding="ascii")


def _home(program: Path) -> Path | None:
    """Return where Grafana's own files are, which it looks for in the working directory: beside it, or of a package."""
    candidates = [program.resolve().parents[1], *map(Path, _HOMES)]
    return next((path for path in candidates if (path / _DEFAULTS).is_file()), None)
