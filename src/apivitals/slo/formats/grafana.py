"""Grafana's dashboards and provisioning as they ship, with the service of the objectives chosen beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apivitals.objectives import Objectives
from apivitals.shipped import shipped

TAG = "apivitals"
"""Which dashboards of ours have, beside a `uid` that is the name of their file."""


def grafana(objectives: Objectives) -> dict[str, str]:
    """Return the files, text by path."""
    root = shipped("grafana")
    return {f"grafana/{file.relative_to(root).as_posix()}": _chosen(file, objectives.selector) for file in _files(root)}


def is_ours(file: Path) -> bool:
    """Say whether a dashboard was written by us: JSON has no comments that could say so."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("uid") == file.stem and TAG in (content.get("tags") or ())


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("dashboards/*.json"))
    yield from sorted(root.glob("provisioning/*/*.yml"))


def _chosen(file: Path, selector: Mapping[str, str]) -> str:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".json":
        return text
    content = json.loads(text)
    changed = [_choose(variable, selector) for variable in content.get("templating", {}).get("list", ())]
    if not any(changed):
        return text
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _choose(variable: dict[str, Any], selector: Mapping[str, str]) -> bool:
    """Let a variable that has a selected label's name begin with its value; say whether it is one."""
    value = selector.get(str(variable.get("name")))
    if value is None:
        return False
    shown: Any = [value] if variable.get("multi") else value
    variable["current"] = {"selected": True, "text": shown, "value": shown}
    return True
