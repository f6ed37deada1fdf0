"""The example's manifests go with each other, with what is generated for them, and with the metrics that there are."""

import subprocess
from pathlib import PurePosixPath

import pytest
import yaml
from typer.testing import CliRunner

from apivitals.catalog import http
from apivitals.cli.application import application
from tests.support.servers import ROOT, needs

EXAMPLE = ROOT / "examples" / "kubernetes"


def load(name):
    return list(yaml.safe_load_all((EXAMPLE / name).read_text()))


DEPLOYMENT, SERVICE = load("shop.yml")
POD = DEPLOYMENT["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
(SETTINGS,) = load("apivitals.yaml")


@pytest.fixture(scope="module", params=["service", "pod"])
def monitor(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("generated")
    options = ["--format", "kubernetes", "--monitor", request.param, "--out", str(out)]
    done = CliRunner().invoke(application, ["generate", str(EXAMPLE / "apivitals.yaml"), *options])
    assert done.exit_code == 0, done.output
    return yaml.safe_load((out / f"kubernetes/apivitals-{request.param}monitor.yml").read_text())


def test_the_generated_monitor_finds_the_metrics(monitor):
    found, port = (
        (SERVICE["metadata"], {port["name"]: port["targetPort"] for port in SERVICE["spec"]["ports"]})
        if monitor["kind"] == "ServiceMonitor"
        else (POD["metadata"], {name: name for name in PORTS})
    )
    assert monitor["spec"]["selector"]["matchLabels"].items() <= found["labels"].items()
    (endpoint,) = monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
    assert PORTS[port[endpoint["port"]]] == SETTINGS["metrics_port"]
    assert {"targetLabel": "job", "replacement": "shop"} in endpoint["relabelings"]


def test_labels_and_ports_go_with_each_other():
    labels = POD["metadata"]["labels"]
    (policy,) = load("network-policy.yml")
    for selector in (
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        SERVICE["spec"]["selector"],
        policy["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    assert {port["targetPort"] for port in SERVICE["spec"]["ports"]} <= PORTS.keys()
    opened = {port["port"]: rule.get("from") for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert opened.keys() == PORTS.keys()
    assert opened["metrics"], "the metrics are for Prometheus alone"


def test_probes_are_not_measured():
    probed = {CONTAINER[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert probed == set(SETTINGS["excluded_routes"])


def test_the_settings_and_the_workers_have_their_places():
    mounts = {mount["mountPath"]: mount["name"] for mount in CONTAINER["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
    environment = {one["name"]: one["value"] for one in CONTAINER["env"]}
    config = PurePosixPath(environment["APIVITALS_CONFIG"])
    (kustomization,) = load("kustomization.yml")
    (made,) = kustomization["configMapGenerator"]
    assert volumes[mounts[str(config.parent)]]["configMap"]["name"] == made["name"]
    assert made["files"] == [config.name]
    assert "emptyDir" in volumes[mounts[environment["APIVITALS_WORKER_DIR"]]]
    assert set(kustomization["resources"]) == {"shop.yml", "network-policy.yml", "autoscaler.yml"}
    assert kustomization["namespace"] == SETTINGS["selector"]["namespace"]


def test_the_pod_may_do_nothing_that_it_need_not():
    assert POD["spec"]["securityContext"]["runAsNonRoot"] is True
    assert POD["spec"]["automountServiceAccountToken"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_autoscaler_asks_for_what_the_adapter_makes_of_what_there_is(tmp_path):
    needs("promtool")
    (autoscaler,), (values,) = load("autoscaler.yml"), load("adapter-values.yml")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == DEPLOYMENT["metadata"]["name"]
    asked = {one["pods"]["metric"]["name"] for one in autoscaler["spec"]["metrics"] if one["type"] == "Pods"}
    rules = values["rules"]["custom"]
    assert asked == {rule["name"]["as"] for rule in rules}
    there = {http.ACTIVE_REQUESTS.exposed, f"{http.REQUEST_DURATION.exposed}_count"}
    queries = []
    for rule in rules:
        series = rule["seriesQuery"].partition("{")[0]
        assert series in there
        filled = {"<<.Series>>": series, "<<.LabelMatchers>>": 'namespace="shop",pod=~"a|b"', "<<.GroupBy>>": "pod"}
        query = rule["metricsQuery"]
        for place, value in filled.items():
            query = query.replace(place, value)
        queries += [query, rule["seriesQuery"]]
    file = tmp_path / "queries.yml"
    groups = [{"record": f"a:b:c{number}", "expr": query} for number, query in enumerate(queries)]
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": groups}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
