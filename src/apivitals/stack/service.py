"""The service that is watched: what its settings file says of it, and what Prometheus is to call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apivitals.catalog import label_name
from apivitals.catalog.internal import TARGET_INFO
from apivitals.configuration import found_in
from apivitals.objectives import Objectives, from_mapping
from apivitals.settings import DEFAULT_PATH
from apivitals.settings_file import read
from apivitals.stack.page import token_in

_OFF = (False, "off", None)
_SERVICE_NAME = re.compile(
    rf'^{TARGET_INFO.exposed}{{.*\b{label_name("service.name")}="((?:[^"\\]|\\.)*)"', re.MULTILINE
)


@dataclass(frozen=True)
class Described:
    """What ``apivitals.yaml`` says; without one, what the defaults are."""

    objectives: Objectives = field(default_factory=Objectives)
    file: Path | None = None
    metrics_path: str = DEFAULT_PATH
    token_file: Path | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def source(self) -> str:
        """What is generated from it says so."""
        return "the defaults" if self.file is None else self.file.name

    def job(self, names_itself: str, otherwise: str) -> str:
        """Return the service's name in Prometheus: what the rules select, else what the service is called."""
        return self.objectives.selector.get("job") or self.objectives.service_name or names_itself or otherwise

    def shown_token(self) -> str | None:
        """Return the token that the file says a scrape must show; None if it says none.

        Raises:
            PageError: it is in a file that cannot be read.
        """
        return token_in(self.token_file, "metrics_token_file") or self.token

    @property
    def labels(self) -> dict[str, str]:
        """Further labels that the rules select by."""
        return {name: value for name, value in self.objectives.selector.items() if name not in {"job", "instance"}}


def described(file: Path | None) -> Described:
    """Read the file, or ``apivitals.yaml`` where none is named and that is there.

    Raises:
        SettingsError: the file, a key or a value is wrong.
    """
    found = file or found_in(Path())
    if found is None:
        return Described()
    content = read(found)
    return Described(
        from_mapping(content, str(found)),
        found.absolute(),
        _path(content),
        Path(content["metrics_token_file"]).absolute() if content.get("metrics_token_file") else None,
        content.get("metrics_token"),
    )


def _path(content: Mapping[str, Any]) -> str:
    path = content.get("metrics_path")
    return DEFAULT_PATH if path in _OFF else str(path)


@dataclass(frozen=True)
class Target:
    """A metrics page that Prometheus scrapes."""

    url: str
    job: str

    @property
    def scheme(self) -> str:
        """Either http or https."""
        return urlsplit(self.url).scheme

    @property
    def address(self) -> str:
        """Host and port, as Prometheus has them in the label instance."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """Where on the host the page is."""
        return urlsplit(self.url).path


def named(page: str) -> str:
    """Return what the service calls itself on its page; empty if it does not say."""
    found = _SERVICE_NAME.search(page)
    return found[1].replace("\\n", " ").replace('\\"', '"').replace("\\\\", "\\") if found else ""


def by_job(targets: Iterable[Target]) -> dict[str, list[Target]]:
    """Group them by service."""
    found: dict[str, list[Target]] = {}
    for target in targets:
        found.setdefault(target.job, []).append(target)
    return found
