"""The file ``apivitals.yaml``: read as keys and values. What they mean is in `apivitals.settings` and `objectives`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE_NAME = "apivitals.yaml"


class SettingsError(ValueError):
    """A setting is wrong. The message names it, where it was given, and what would be right."""


def read(path: Path) -> dict[str, Any]:
    """Read the file's keys and values; an empty file has none.

    Raises:
        SettingsError: it cannot be read, is no YAML, or has no keys; or PyYAML is missing.
    """
    return mapping(read_text(path), path)


def read_text(path: Path) -> str:
    """Read the file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"apivitals settings: {path} cannot be read: {error}") from None


def mapping(text: str, path: Path) -> dict[str, Any]:
    """Parse what was read from `path`.

    Raises:
        SettingsError: it is no YAML or has no keys; or PyYAML is missing.
    """
    try:
        import yaml  # noqa: PLC0415  # an extra: most services have no settings file
    except ImportError:
        raise SettingsError(f"apivitals settings: to read {path}, pip install 'apivitals[yaml]'") from None
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"apivitals settings: {path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"apivitals settings: {path} should have keys and values, such as: metrics_path: /metrics")
    return {str(key): value for key, value in content.items()}


def problems_in(problems: Iterable[str]) -> SettingsError:
    """Make one error of all problems, each on a line of its own."""
    return SettingsError("\n".join(["apivitals settings:", *(f"  {problem}" for problem in dict.fromkeys(problems))]))


def nearest(key: str, known: Iterable[str]) -> str:
    """Say which of the known keys may have been meant; nothing when none is near."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
