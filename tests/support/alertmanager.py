"""A real Alertmanager, fed and asked through its API."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.support.plain_http import get, request
from tests.support.servers import Server, free_port, needs, running

PROGRAMS = ("alertmanager", "prometheus-alertmanager")
"""Upstream's name, and Debian's."""


class Alertmanager:
    """A running one."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.server = server
        self._since: dict[tuple[tuple[str, str], ...], str] = {}

    def fire(
        self, *alerts: Mapping[str, str], minutes: float = 10, annotations: Mapping[str, str] | None = None
    ) -> None:
        """Let alerts with these labels fire, as a Prometheus does: for so long, unless it is said again."""
        self._post(alerts, datetime.now(timezone.utc) + timedelta(minutes=minutes), annotations)

    def resolve(self, *alerts: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> None:
        """Let alerts end now."""
        self._post(alerts, datetime.now(timezone.utc), annotations)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, as the API has them."""
        return list(self._get("/api/v2/alerts"))

    def silences(self) -> list[dict[str, Any]]:
        """All silences, as the API has them."""
        return list(self._get("/api/v2/silences"))

    def inhibited(self, labels: Mapping[str, str]) -> bool:
        """Whether the alert with exactly these labels is kept quiet by another.

        Raises:
            AssertionError: there is no such alert.
        """
        found = [one for one in self.alerts() if one["labels"] == dict(labels)]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} alerts {labels}")
        return bool(found[0]["status"]["inhibitedBy"])

    def silence(self, comment: str, minutes: float = 10, **labels: str) -> str:
        """Silence what has these labels, as somebody does for a maintenance; the silence's id."""
        now = datetime.now(timezone.utc)
        content = {
            "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
            "createdBy": "operations",
            "comment": comment,
        }
        return str(self._send("/api/v2/silences", content)["silenceID"])

    def _post(self, alerts: Any, end: datetime, annotations: Mapping[str, str] | None) -> None:
        now = datetime.now(timezone.utc).isoformat()
        content = [
            {
                "labels": dict(labels),
                "annotations": dict(annotations or {}),
                "startsAt": self._since.setdefault(tuple(sorted(labels.items())), now),
                "endsAt": end.isoformat(),
                "generatorURL": "http://prometheus/graph",
            }
            for labels in alerts
        ]
        self._send("/api/v2/alerts", content)

    def _send(self, path: str, content: Any) -> Any:
        headers = {"content-type": "application/json"}
        answer = request("POST", self.url + path, json.dumps(content).encode(), headers)
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {answer.body!r}")
        return json.loads(answer.body or b"null")

    def _get(self, path: str) -> Any:
        return json.loads(get(self.url + path).body)


def program() -> str:
    """Name the Alertmanager that is installed; without one the test is skipped, or fails, as with `needs`."""
    found = [name for name in PROGRAMS if shutil.which(name)]
    if not found:
        needs(PROGRAMS[-1])
        pytest.skip("no Alertmanager")
    return found[0]


@contextmanager
def alertmanager(
    config: str | Path, *args: str, ready: str = "/-/ready", port: int | None = None
) -> Iterator[Alertmanager]:
    """Run Alertmanager with a configuration's text, or with a file that stays where it is."""
    executable = program()
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as directory:
        file = config
        if isinstance(config, str):
            file = Path(directory, "alertmanager.yml")
            file.write_text(config)
        command = [
            executable,
            f"--config.file={file}",
            f"--storage.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.external-url=http://alertmanager.example",
            *([] if args else ["--web.route-prefix=/"]),
            "--cluster.listen-address=",
            "--log.level=warn",
            *args,
        ]
        with running(command, port, lambda: _is_ready(port, ready)) as server:
            yield Alertmanager(server)


def _is_ready(port: int, path: str) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}{path}").status == 200
    except OSError:
        return False
