"""The rules as Prometheus and Mimir read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apivitals.objectives import Objectives
from apivitals.slo.formats.text import document
from apivitals.slo.generator import rule_files
from apivitals.slo.rule import RuleFile

NAMESPACE = "apivitals"


def prometheus(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write one file for each family of rules, for `rule_files` of Prometheus."""
    head = list(comment)
    return {
        f"prometheus/rules/apivitals-{file.name}.yml": document(
            {"groups": groups([file])}, [*head, f"{file.title}: {_counted(file)}."]
        )
        for file in rule_files(objectives)
    }


def mimir(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write one namespace for ``mimirtool rules load``."""
    content = {"namespace": NAMESPACE, "groups": groups(rule_files(objectives))}
    return {"mimir/apivitals.yml": document(content, comment)}


def groups(files: Iterable[RuleFile]) -> list[dict[str, Any]]:
    """Return the groups of all files, as all of the formats have them."""
    return [group.content() for file in files for group in file.groups]


def _counted(file: RuleFile) -> str:
    number = sum(len(group.rules) for group in file.groups)
    return f"{number} rules in {len(file.groups)} groups"
