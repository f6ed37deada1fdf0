"""Alertmanager's files on the disk, as `apivitals generate` writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apivitals.alertmanager_config import alertmanager_files
from apivitals.alertmanager_config.files import CONFIGURATION, TellsPeople
from apivitals.objectives.mute_hours import MuteHours
from apivitals.objectives.receivers import Receivers


@dataclass(frozen=True)
class Told:
    """Who is told, and when not."""

    receivers: Receivers
    mute_hours: tuple[MuteHours, ...]


def told(receivers: Mapping[str, Any] | None = None, *mute_hours: Mapping[str, Any]) -> Told:
    """Read them as the settings file has them."""
    return Told(Receivers.model_validate(receivers or {}), tuple(map(MuteHours.model_validate, mute_hours)))


def written(directory: Path, who: TellsPeople, *, replace: Mapping[str, str] | None = None) -> Path:
    """Write the files, with texts replaced, and return the configuration's path."""
    for name, content in alertmanager_files(who).items():
        text = content
        for old, new in (replace or {}).items():
            text = text.replace(old, new)
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory / CONFIGURATION


AT_ONCE = {
    "group_wait: 30s": "group_wait: 100ms",
    "group_wait: 10s": "group_wait: 100ms",
    "group_interval: 5m": "group_interval: 500ms",
    "group_interval: 1m": "group_interval: 500ms",
}
"""For tests that cannot wait."""
