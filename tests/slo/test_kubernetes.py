"""`apivitals generate --format kubernetes`: resources that the operator takes, and targets as the rules want them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from apivitals.catalog import CATALOG
from apivitals.cli.application import application
from apivitals.shipped import shipped
from apivitals.slo.kubernetes import files
from apivitals.slo.kubernetes.monitors import OF_THE_OPERATOR
from tests.support.plain_http import get
from tests.support.servers import ROOT, eventually, needs, prometheus

DURATION = re.compile(r"(\d+[hms]|\d+ms)+")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
TEXTS, SELECTOR, DURATIONS = {str: str}, {"matchLabels": {str: str}}, DURATION
# What the custom resource definitions of monitoring.coreos.com/v1 say of the fields that are used.
ENDPOINT = {
    "port": str,
    "path": str,
    "interval": DURATIONS,
    "scrapeTimeout": DURATIONS,
    "authorization": {"type": str, "credentials": {"name": str, "key": str}},
    "relabelings": [{"sourceLabels": [str], "separator": str, "targetLabel": str, "replacement": str}],
}
RULE = {"record": str, "alert": str, "expr": str, "for": DURATIONS, "labels": TEXTS, "annotations": TEXTS}
METADATA = {"name": NAME, "labels": TEXTS, "annotations": TEXTS}
FIELDS: dict[str, dict[str, Any]] = {
    "PrometheusRule": {"spec": {"groups": [{"name": str, "interval": DURATIONS, "rules": [RULE]}]}},
    "ServiceMonitor": {
        "spec": {"jobLabel": str, "namespaceSelector": {"any": bool}, "selector": SELECTOR, "endpoints": [ENDPOINT]}
    },
    "PodMonitor": {
        "spec": {
            "jobLabel": str,
            "namespaceSelector": {"any": bool},
            "selector": SELECTOR,
            "podMetricsEndpoints": [ENDPOINT],
        }
    },
    "ConfigMap": {"data": TEXTS},
    "Secret": {"stringData": TEXTS},
}
FEW_RULES = """\
features: {slo: false, thresholds: false, trends: false, resources: false}
"""
OF_A_SHOP = """\
service_name: The Shop
selector: {job: shop$1, env: prod}
scrape_interval_seconds: 7.5
metrics_port: on
metrics_host: 0.0.0.0
metrics_token_file: /run/secrets/apivitals/token
receivers:
  slack: {api_url_file: /etc/alertmanager/secrets/slack/url}
"""
SHOP = FEW_RULES + OF_A_SHOP
MEBIBYTE = 1 << 20
LONGEST_ANNOTATIONS = 262_144
LONGEST_RULES = MEBIBYTE // 2


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """Generate, and return what is in the files. Dashboards, which are long, are left out unless they are asked for."""
    monkeypatch.chdir(tmp_path)
    none = tmp_path / "none"
    none.mkdir()

    def generate(text, *options, dashboards=False):
        monkeypatch.setattr(files, "shipped", shipped if dashboards else lambda _: none)
        Path("apivitals.yaml").write_text(text)
        done = CliRunner().invoke(application, ["generate", "--format", "kubernetes", *options])
        assert done.exit_code == 0, done.output
        return {file.name: yaml.safe_load(file.read_text()) for file in sorted(Path("kubernetes").iterdir())}

    return generate


def wrong(content, allowed, place=""):
    """Yield each place whose key or value is not as allowed."""
    if isinstance(allowed, dict):
        if not isinstance(content, dict):
            yield place
            return
        for key, value in content.items():
            inside = allowed.get(key, allowed.get(str))
            yield from [f"{place}.{key}"] if inside is None else wrong(value, inside, f"{place}.{key}")
    elif isinstance(allowed, list):
        for number, item in enumerate(content):
            yield from wrong(item, allowed[0], f"{place}[{number}]")
    elif isinstance(allowed, re.Pattern):
        if not allowed.fullmatch(content):
            yield f"{place} = {content}"
    elif not isinstance(content, allowed):
        yield f"{place} = {content!r}"


@pytest.mark.parametrize(
    "text", [FEW_RULES, SHOP, f"{FEW_RULES}service_name: {'Very long ' * 12}"], ids=["all", "shop", "long"]
)
@pytest.mark.parametrize("monitor", ["service", "pod"])
def test_resources_have_only_what_their_definitions_know(generated, text, monitor):
    resources = generated(text, "--monitor", monitor, "--label", "release=monitoring")
    kustomization = resources.pop("kustomization.yml")
    assert set(kustomization["resources"]) == set(resources) - {"apivitals-alertmanager.yml"}
    assert_as_defined(resources)
    for resource in resources.values():
        is_selected = resource["apiVersion"] == "monitoring.coreos.com/v1"
        assert (resource["metadata"]["labels"].get("release") == "monitoring") == is_selected


def assert_as_defined(resources):
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in resources.values()]
    assert len(set(names)) == len(names)
    for resource in resources.values():
        fields = FIELDS[resource["kind"]]
        assert list(wrong(resource, {"apiVersion": str, "kind": str, "metadata": METADATA} | fields)) == []


def test_what_is_wrong_is_found():
    resource = {"spec": {"groups": [{"name": 1, "interval": "soon", "rule": []}]}}
    assert list(wrong(resource, FIELDS["PrometheusRule"])) == [
        ".spec.groups[0].name = 1",
        ".spec.groups[0].interval = soon",
        ".spec.groups[0].rule",
    ]


def test_all_resources_of_all_features(generated):
    resources = generated(OF_A_SHOP, dashboards=True)
    del resources["kustomization.yml"]
    assert_as_defined(resources)
    for name, resource in resources.items():
        text = json.dumps(resource)
        assert len(text) < MEBIBYTE, name
        assert len(text) < LONGEST_ANNOTATIONS, f"{name}: kubectl apply without --server-side would refuse it"
        if resource["kind"] == "PrometheusRule":
            assert len(json.dumps(resource["spec"])) < LONGEST_RULES, name
    maps = [resource for resource in resources.values() if resource["kind"] == "ConfigMap"]
    dashboards = {name: text for resource in maps for name, text in resource["data"].items()}
    assert dashboards == {file.name: file.read_text() for file in shipped("grafana/dashboards").glob("*.json")}
    assert {resource["metadata"]["labels"]["grafana_dashboard"] for resource in maps} == {"1"}


def test_one_of_the_monitors_is_there(generated):
    """Both would scrape each pod twice."""
    assert "apivitals-servicemonitor.yml" in generated(SHOP)
    resources = generated(SHOP, "--monitor", "pod")
    assert "apivitals-servicemonitor.yml" not in resources
    assert "apivitals-podmonitor.yml" in resources["kustomization.yml"]["resources"]


def test_pods_are_found_by_labels_of_ones_own(generated):
    monitor = generated(SHOP, "--match", "app=shop", "--match", "tier=api")["apivitals-servicemonitor.yml"]
    assert monitor["spec"]["selector"] == {"matchLabels": {"app": "shop", "tier": "api"}}


def test_the_page_is_where_the_settings_say(generated):
    (endpoint,) = generated(SHOP)["apivitals-servicemonitor.yml"]["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("metrics", "/metrics")
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("7500ms", "7500ms")
    assert endpoint["authorization"]["credentials"] == {"name": "apivitals-shop-1-token", "key": "token"}
    (endpoint,) = generated(f"{FEW_RULES}metrics_path: /m")["apivitals-servicemonitor.yml"]["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["scrapeTimeout"]) == ("http", "/m", "10s")
    assert "authorization" not in endpoint


def test_a_port_on_loopback_is_warned_of(generated):
    generated(f"{FEW_RULES}metrics_port: 9464")
    assert "set metrics_host to 0.0.0.0" in Path("kubernetes/apivitals-servicemonitor.yml").read_text()
    generated(SHOP)
    assert "metrics_host" not in Path("kubernetes/apivitals-servicemonitor.yml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metrics_path: off", "there is nothing to scrape"),
        ("metrics_port: 0", "such as 9464"),
        ("metrics_path: metrics", 'a path begins with "/"'),
    ],
)
def test_a_page_that_cannot_be_scraped_is_one_message(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    Path("apivitals.yaml").write_text(text)
    done = CliRunner().invoke(application, ["generate", "--format", "kubernetes"])
    assert done.exit_code == 2
    assert said in done.output
    assert not Path("kubernetes").exists()


def relabelled(monitor, port, discovered):
    """Write the scrape configuration of one pod, relabelled as the operator does it: its own labels first."""
    (endpoint,) = monitor["spec"]["endpoints"]
    rules = [
        {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value for key, value in one.items()}
        for one in endpoint["relabelings"]
    ]
    if "jobLabel" in monitor["spec"]:
        label = re.sub(r"\W", "_", monitor["spec"]["jobLabel"])
        rules.insert(0, {"source_labels": [f"__meta_kubernetes_service_label_{label}"], "target_label": "job"})
    job = {
        "job_name": "serviceMonitor/default/apivitals/0",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": discovered}],
        "relabel_configs": rules,
    }
    return yaml.safe_dump({"scrape_configs": [job]})


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (SHOP, {"job": "shop$1", "instance": "shop-7d4b9-x2x4z", "env": "prod"}),
        (FEW_RULES, {"job": "books", "instance": "default/shop-7d4b9-x2x4z"}),
    ],
    ids=["shop", "all"],
)
def test_targets_have_the_labels_that_rules_select_by(generated, text, labels):
    """In a real Prometheus, whose relabelling makes what the monitor says."""
    discovered = {
        "__meta_kubernetes_namespace": "default",
        "__meta_kubernetes_pod_name": "shop-7d4b9-x2x4z",
        "__meta_kubernetes_service_label_app_kubernetes_io_name": "books",
    }
    monitor = generated(text)["apivitals-servicemonitor.yml"]
    with prometheus(relabelled(monitor, 9, discovered)) as server:

        def targets():
            return json.loads(get(f"{server.url}/api/v1/targets").body)["data"]["activeTargets"]

        eventually(lambda: bool(targets()), "a target")
        assert [target["labels"] for target in targets()] == [labels]


def test_no_metric_has_a_label_of_the_operator():
    """Which is why `honorLabels` is not needed: nothing is renamed to `exported_...`."""
    assert not OF_THE_OPERATOR & {label for metric in CATALOG for label in metric.label_names}


def test_alertmanager_takes_the_secret(generated, tmp_path):
    needs("amtool")
    secret = generated(SHOP)["apivitals-alertmanager.yml"]
    assert "receiver" in yaml.safe_load(secret["stringData"]["alertmanager.yaml"])["route"]
    folder = tmp_path / "mounted"
    folder.mkdir()
    for name, text in secret["stringData"].items():
        (folder / name).write_text(text.replace("/etc/alertmanager/config", str(folder)))
    done = subprocess.run(
        ["amtool", "check-config", folder / "alertmanager.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


def test_without_receivers_the_clusters_alertmanager_is_left_alone(generated):
    generated(SHOP)
    assert "apivitals-alertmanager.yml" not in generated(FEW_RULES)


PAGE = ROOT / "docs" / "kubernetes.md"


def test_the_docs_name_the_files_and_resources(generated):
    page = PAGE.read_text()
    resources = generated(OF_A_SHOP)
    patterns = [re.escape(name).replace(r"\*", ".*") for name in re.findall(r"^\| `(.*?)` \|", page, re.MULTILINE)]
    for name in resources:
        assert any(re.fullmatch(pattern, name) for pattern in patterns), name
    named = generated(f"{FEW_RULES}selector: {{job: shop}}\n{OF_A_SHOP.partition('selector')[2].partition(chr(10))[2]}")
    assert f"configSecret: {named['apivitals-alertmanager.yml']['metadata']['name']}" in page
    (endpoint,) = named["apivitals-servicemonitor.yml"]["spec"]["endpoints"]
    secret = endpoint["authorization"]["credentials"]
    assert f"create secret generic {secret['name']} --from-literal={secret['key']}=" in page


def test_the_docs_scrape_configuration_relabels_as_it_should():
    """With a target as discovery in Kubernetes would find it; Debian's Prometheus is built without that."""
    (block,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    content = yaml.safe_load(block)
    (job,) = content["scrape_configs"]
    del job["kubernetes_sd_configs"]
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io"
    found = {
        f"{annotation}_scrape": "true",
        f"{annotation}_path": "/m",
        f"{annotation}_port": "9464",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "shop",
        "__meta_kubernetes_namespace": "shop",
        "__meta_kubernetes_pod_name": "shop-7d4b9-x2x4z",
    }
    # One pod with two container ports, and one that is not to be scraped
    job["static_configs"] = [
        {"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": found},
        {"targets": ["127.0.0.1:3"], "labels": found | {f"{annotation}_scrape": "false"}},
    ]
    with prometheus(yaml.safe_dump(content)) as server:

        def targets():
            return json.loads(get(f"{server.url}/api/v1/targets").body)["data"]["activeTargets"]

        eventually(lambda: bool(targets()), "a target")
        (target,) = targets()
        assert target["labels"] == {"job": "shop", "namespace": "shop", "instance": "shop-7d4b9-x2x4z"}
        assert target["scrapeUrl"] == "http://127.0.0.1:9464/m"
