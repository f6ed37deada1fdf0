"""What docker-compose makes of docker-compose.yml: each profile's services, as resolved."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from tests.support.servers import ROOT, needs

PROFILES = ("core", "full", "scale")
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
BUILT = "apivitals-demo"
_INSTRUCTION = re.compile(r"^([A-Z]+)\s+((?:.*\\\n)*.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Mount:
    """A file or folder of the checkout, or a volume, in a container."""

    source: str
    target: str
    mode: str

    @property
    def is_volume(self) -> bool:
        return not self.source.startswith("/")


@dataclass(frozen=True)
class Service:
    """A service of one profile."""

    name: str
    content: dict[str, Any]

    @property
    def image(self) -> str:
        return str(self.content["image"])

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.content.get("environment", {}).items()}

    @property
    def command(self) -> list[str]:
        return list(map(str, self.content.get("command", [])))

    @property
    def networks(self) -> dict[str, set[str]]:
        """The names that it has in each network."""
        found = self.content.get("networks", {})
        return {network: {self.name, *((given or {}).get("aliases", ()))} for network, given in found.items()}

    @property
    def mounts(self) -> list[Mount]:
        return [Mount(*text.split(":")) for text in self.content.get("volumes", ())]

    @property
    def health(self) -> list[str] | None:
        """The command that says whether it is well: its own, or the image's that we build."""
        own = self.content.get("healthcheck")
        if own is None and self.image == BUILT:
            (check,) = [text for word, text in instructions() if word == "HEALTHCHECK"]
            return ["CMD", *yaml.safe_load(check.partition("CMD ")[2])]
        return None if own is None or own["test"] == ["NONE"] else list(own["test"])

    @property
    def needs(self) -> dict[str, str]:
        """The condition by the service that it waits for."""
        return {name: given["condition"] for name, given in self.content.get("depends_on", {}).items()}

    def mounted(self, target: str) -> str:
        """Return where a file of the container is in the checkout, and raise LookupError where it is not."""
        for mount in self.mounts:
            if target == mount.target or target.startswith(f"{mount.target}/"):
                return mount.source + target.removeprefix(mount.target)
        raise LookupError(f"{target} is not mounted into {self.name}")


@cache
def resolved() -> dict[str, Any]:
    """Return the whole file as docker-compose understands it."""
    content: dict[str, Any] = yaml.safe_load(docker_compose("config"))
    return content


def docker_compose(*command: str, env: Mapping[str, str] | None = None) -> str:
    """Run it on the file, and return what it says.

    Raises:
        AssertionError: it refuses.
    """
    needs("docker-compose")
    version = subprocess.run(
        ["docker-compose", "version", "--short"], capture_output=True, text=True, check=True
    ).stdout
    if not version.startswith("1."):
        pytest.skip(f"docker-compose {version.strip()} writes what it understood otherwise than 1.29 does")
    done = subprocess.run(
        ["docker-compose", "--file", str(FILE), *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env=os.environ | dict(env or {}),
    )
    if done.returncode != 0 or done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout


def services(profile: str) -> dict[str, Service]:
    """Return the services that a profile starts."""
    found = resolved()["services"].items()
    return {name: Service(name, content) for name, content in found if profile in content.get("profiles", ())}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, in order, each with what follows it."""
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#"))
    return [(word, rest) for word, rest in _INSTRUCTION.findall(text)]
