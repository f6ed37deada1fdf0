"""The containers of a profile, seen from inside: their files, what they listen on, and whom they call by which name."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.compose import BUILT, Service, instructions, services

_OF_THE_IMAGE = {
    "postgres": {5432},
    "redis": {6379},
    "prom/prometheus": {9090},
    "prom/alertmanager": {9093},
    "grafana/grafana": {3000},
}
"""What an image listens on unless it is told otherwise; https://hub.docker.com and each project's documentation."""
_PORT_FLAG = re.compile(r"--?(?:port=|httpListenAddr=:)(\d+)")
_PLACE = re.compile(r"(?<![\w.$-])([a-z][a-z0-9-]*):(\d{2,5})(?!\w)")
_MYSELF = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Call:
    """A service is to be reached at a host's port."""

    caller: str
    host: str
    port: int


def copy_files(service: Service, root: Path) -> Path:
    """Lay what is mounted into a container below `root`, where it is in the container; return `root`."""
    for mount in service.mounts:
        if not mount.is_volume:
            target = root / mount.target.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if Path(mount.source).is_dir() else shutil.copy
            copy(mount.source, target)
    return root


def listens_on(service: Service) -> set[int]:
    """The ports that a service listens on, as its command and its configuration say."""
    command = service.command
    if service.image == BUILT and not command:
        command = yaml.safe_load(dict(instructions())["CMD"])
    found = {int(port) for word in command for port in _PORT_FLAG.findall(word)}
    if service.image.startswith("grafana/tempo:"):
        content = configuration(service)
        receivers = content["distributor"]["receivers"]["otlp"]["protocols"]
        found |= {content["server"]["http_listen_port"], *_ports_of(receivers)}
    elif service.image.startswith("otel/"):
        content = configuration(service)
        (reader,) = content["service"]["telemetry"]["metrics"]["readers"]
        found |= {reader["pull"]["exporter"]["prometheus"]["port"]}
        found |= _ports_of(content["receivers"]["otlp"]["protocols"])
    return found or _OF_THE_IMAGE.get(service.image.rpartition(":")[0], set())


def configuration(service: Service) -> dict[str, Any]:
    """Return the configuration that the command line names."""
    ((file,),) = [re.findall(r"^--?config(?:\.file)?=(.+)$", word) for word in service.command if "config" in word]
    content: dict[str, Any] = yaml.safe_load(Path(service.mounted(file)).read_text())
    return content


def calls(profile: str) -> Iterator[Call]:
    """Yield whom the services of a profile call: by environment, command, health check and configuration."""
    for service in services(profile).values():
        texts = [*service.environment.values(), *service.command, *(service.health or ())]
        for mount in service.mounts:
            if not mount.is_volume and mount.source.endswith(".yml"):
                texts += _strings(yaml.safe_load(Path(mount.source).read_text()))
        for text in texts:
            yield from (Call(service.name, host, int(port)) for host, port in _PLACE.findall(text))
        yield from _discovered(service)


def reachable(profile: str, caller: str) -> dict[str, Service]:
    """The services that a container can call, by each of the names that it can call them by."""
    there = services(profile)
    networks = set(there[caller].networks)
    found = {
        name: service
        for service in there.values()
        for network, names in service.networks.items()
        if network in networks
        for name in names
    }
    return found | dict.fromkeys(_MYSELF, there[caller])


def _discovered(service: Service) -> Iterator[Call]:
    """What Prometheus finds by its name in the DNS."""
    if service.image.startswith("prom/prometheus:"):
        for job in configuration(service)["scrape_configs"]:
            for asked in job.get("dns_sd_configs", ()):
                yield from (Call(service.name, name, asked["port"]) for name in asked["names"])


def _ports_of(protocols: dict[str, dict[str, str]]) -> set[int]:
    return {int(given["endpoint"].rpartition(":")[2]) for given in protocols.values()}


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from _strings(value)
