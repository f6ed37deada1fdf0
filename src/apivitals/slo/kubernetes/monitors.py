"""How the Prometheus operator finds and scrapes the pods: a ServiceMonitor, or a PodMonitor where there is no Service.

Fields are those of ``monitoring.coreos.com/v1``:
https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apivitals.objectives import Objectives
from apivitals.slo.kubernetes.cluster import PART_OF, Cluster, application_name, resource_name, service_of

API = "monitoring.coreos.com/v1"
OF_THE_OPERATOR = frozenset({"job", "instance", "namespace", "pod", "service", "endpoint", "container"})
"""Labels that targets have without being told; the catalog has none of them, so there is nothing to honour."""
NAME_LABEL = "app.kubernetes.io/name"
TOKEN_KEY = "token"  # noqa: S105  # a key of a Secret
_EVERY_SERVICE = {PART_OF: "enabled"}
_LONGEST_TIMEOUT_SECONDS = 10.0
_NAMESPACE, _POD = "__meta_kubernetes_namespace", "__meta_kubernetes_pod_name"


def monitor(objectives: Objectives, cluster: Cluster) -> dict[str, Any]:
    """Return the resource. Any worker of a pod answers for all of them, so a pod is one target."""
    kind, endpoints = {
        "service": ("ServiceMonitor", "endpoints"),
        "pod": ("PodMonitor", "podMetricsEndpoints"),
    }[cluster.monitor]
    everywhere = service_of(objectives) is None
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": metadata(resource_name(objectives), cluster.labels),
        "spec": {
            **({"jobLabel": NAME_LABEL, "namespaceSelector": {"any": True}} if everywhere else {}),
            "selector": {"matchLabels": dict(cluster.match) or _own_labels(objectives)},
            endpoints: [_endpoint(objectives, cluster)],
        },
    }


def metadata(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return a resource's name and labels."""
    return {"name": name, "labels": {"app.kubernetes.io/part-of": PART_OF, **labels}}


def token_secret(objectives: Objectives) -> str:
    """Name the Secret that has the token of the metrics page."""
    return f"{resource_name(objectives)}-token"


def _own_labels(objectives: Objectives) -> dict[str, str]:
    service = service_of(objectives)
    return dict(_EVERY_SERVICE) if service is None else {NAME_LABEL: application_name(service)}


def _endpoint(objectives: Objectives, cluster: Cluster) -> dict[str, Any]:
    every = float(objectives.scrape_interval_seconds)
    secret = {"name": token_secret(objectives), "key": TOKEN_KEY}
    return {
        "port": cluster.page.port,
        "path": cluster.page.path,
        "interval": _duration(every),
        "scrapeTimeout": _duration(min(every, _LONGEST_TIMEOUT_SECONDS)),
        **({"authorization": {"type": "Bearer", "credentials": secret}} if cluster.page.needs_token else {}),
        "relabelings": list(_relabelings(objectives)),
    }


def _relabelings(objectives: Objectives) -> Iterator[dict[str, Any]]:
    service = service_of(objectives)
    if service is None:
        yield {"sourceLabels": [_NAMESPACE, _POD], "separator": "/", "targetLabel": "instance"}
        return
    yield {"sourceLabels": [_POD], "targetLabel": "instance"}
    # The rules select by these: a target without them would be measured and never alerted on.
    fixed = {name: value for name, value in objectives.selector.items() if name not in OF_THE_OPERATOR}
    for name, value in {"job": service, **fixed}.items():
        yield {"targetLabel": name, "replacement": value.replace("$", "$$")}


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{seconds * 1000:.0f}ms"
