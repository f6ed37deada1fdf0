"""The rules as Prometheus, its operator for Kubernetes, and Mimir read them."""

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
            {"groups": _groups([file])}, [*head, f"{file.title}: {_counted(file)}."]
        )
        for file in rule_files(objectives)
    }


def prometheus_rule(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write one resource for the Prometheus operator."""
    content = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": NAMESPACE, "labels": {"app.kubernetes.io/part-of": NAMESPACE}},
        "spec": {"groups": _groups(rule_files(objectives))},
    }
    return {"kubernetes/apivitals-prometheusrule.yml": document(content, comment)}


def mimir(objectives: Objectives, comment: Iterable[str]) -> dict[str, str]:
    """Write one namespace for ``mimirtool rules load``."""
    content = {"namespace": NAMESPACE, "groups": _groups(rule_files(objectives))}
    return {"mimir/apivitals.yml": document(content, comment)}


def _groups(files: Iterable[RuleFile]) -> list[dict[str, Any]]:
    return [group.content() for file in files for group in file.groups]


def _counted(file: RuleFile) -> str:
    number = sum(len(group.rules) for group in file.groups)
    return f"{number} rules in {len(file.groups)} groups"
