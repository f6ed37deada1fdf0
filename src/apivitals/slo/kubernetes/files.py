"""All resources of a service as files, and the kustomization that applies them with one command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from apivitals.alertmanager_config import alertmanager_files
from apivitals.alertmanager_config.files import CONFIGURATION, TEMPLATES
from apivitals.objectives import Objectives
from apivitals.shipped import shipped
from apivitals.slo.formats.rules import groups
from apivitals.slo.formats.text import document
from apivitals.slo.generator import rule_files
from apivitals.slo.kubernetes.cluster import PART_OF, Cluster, resource_name
from apivitals.slo.kubernetes.monitors import API, metadata, monitor, token_secret

FOLDER = "kubernetes"
GRAFANA_LABEL = {"grafana_dashboard": "1"}
"""By which the sidecar of Grafana's Helm chart finds dashboards."""
GRAFANA_FOLDER = {"grafana_folder": PART_OF}
_OF_ALERTMANAGER = "/etc/alertmanager/config"
"""Where the operator puts all keys of the Secret: https://prometheus-operator.dev/docs/developer/alerting/"""


def prometheus_rule(objectives: Objectives, comment: Iterable[str], cluster: Cluster) -> dict[str, str]:
    """Write the rules alone, for the Prometheus operator."""
    head = list(comment)
    return {f"prometheusrule/{name}": document(content, head) for name, content in _rules(objectives, cluster)}


def kubernetes(objectives: Objectives, comment: Iterable[str], cluster: Cluster) -> dict[str, str]:
    """Write everything that Kubernetes is told about the service's monitoring."""
    head = list(comment)
    resources = {name: document(content, [*head, *why]) for name, content, why in _resources(objectives, cluster)}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }
    apply = "kubectl apply --server-side --namespace NAMESPACE --kustomize DIRECTORY"
    files = {
        "kustomization.yml": document(kustomization, [*head, apply]),
        **resources,
        **_for_alertmanager(objectives, head),
    }
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _resources(objectives: Objectives, cluster: Cluster) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    for name, content in _rules(objectives, cluster):
        yield name, content, []
    yield (
        f"{PART_OF}-{cluster.monitor}monitor.yml",
        monitor(objectives, cluster),
        list(_before_it_works(objectives, cluster)),
    )
    for file in sorted(shipped("grafana/dashboards").glob("*.json")):
        yield f"{file.stem.replace(PART_OF, f'{PART_OF}-dashboard', 1)}.yml", _dashboard(file), []


def _for_alertmanager(objectives: Objectives, head: list[str]) -> dict[str, str]:
    """Write Alertmanager's configuration, if it has somebody to tell; without, the cluster's own is better."""
    if not list(objectives.receivers.named()) and objectives.receivers.dead_mans_switch is None:
        return {}
    why = [
        "Not in the kustomization: it goes to Alertmanager's namespace, whose resource names it in spec.configSecret.",
        f"kubectl apply --server-side --namespace NAMESPACE --filename {PART_OF}-alertmanager.yml",
    ]
    return {f"{PART_OF}-alertmanager.yml": document(_alertmanager(objectives), [*head, *why])}


def _before_it_works(objectives: Objectives, cluster: Cluster) -> Iterator[str]:
    if cluster.page.needs_token:
        yield f"The token of the metrics page is in the Secret {token_secret(objectives)}, in the same namespace."
    if cluster.page.is_loopback:
        yield "The port is bound on loopback, which no Prometheus reaches: set metrics_host to 0.0.0.0 in the pod."


def _rules(objectives: Objectives, cluster: Cluster) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a resource for each family: the operator takes none whose rules are longer than half a mebibyte."""
    for file in rule_files(objectives):
        yield (
            f"{PART_OF}-rules-{file.name}.yml",
            {
                "apiVersion": API,
                "kind": "PrometheusRule",
                "metadata": metadata(f"{resource_name(objectives)}-{file.name}", cluster.labels),
                "spec": {"groups": groups([file])},
            },
        )


def _alertmanager(objectives: Objectives) -> dict[str, Any]:
    files = alertmanager_files(objectives, templates=f"{_OF_ALERTMANAGER}/*.tmpl")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(f"{resource_name(objectives)}-alertmanager", {}),
        "stringData": {"alertmanager.yaml": files[CONFIGURATION], Path(TEMPLATES).name: files[TEMPLATES]},
    }


def _dashboard(file: Path) -> dict[str, Any]:
    about = metadata(file.stem.replace(PART_OF, f"{PART_OF}-dashboard", 1), GRAFANA_LABEL)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**about, "annotations": dict(GRAFANA_FOLDER)},
        "data": {file.name: file.read_text(encoding="utf-8")},
    }
