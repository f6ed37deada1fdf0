"""Every configuration in docker-compose.yml, checked by the tool that reads it, and all of them against each other."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.compose import PROFILES, Service, services
from tests.support.containers import calls, configuration, copy_files, listens_on, reachable
from tests.support.servers import ROOT, needs

OPTIONAL = {("prometheus", "tempo"), ("prometheus", "otel-collector"), ("grafana", "tempo")}
"""Who may look for whom in vain, in `core` and in `scale`."""
SCRAPED_FOR_RULES = {"video-shop", "prometheus", "alertmanager"}
GRAFANA = {"core": "grafana", "full": "grafana", "scale": "grafana-scale"}
PROMETHEUS = {"core": "prometheus", "full": "prometheus", "scale": "prometheus-scraper"}
LOADED = re.compile(r"SUCCESS: (\d+) rule files found")

each_profile = pytest.mark.parametrize("profile", PROFILES)


def told(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def scrape_jobs(service: Service) -> dict[str, Any]:
    return {job["job_name"]: job for job in configuration(service)["scrape_configs"]}


@pytest.mark.parametrize("profile", ["core", "scale"])
def test_prometheus_takes_its_configuration_and_finds_the_rules(profile: str, tmp_path: Path):
    needs("promtool")
    copy_files(services(profile)[PROMETHEUS[profile]], tmp_path)
    said = told("promtool", "check", "config", tmp_path / "etc/prometheus/prometheus.yml")
    rules = len(list((ROOT / "prometheus/rules").glob("apivitals-*.yml")))
    assert [int(number) for number in LOADED.findall(said)] == ([rules] if profile == "core" else [])


def test_alertmanager_takes_what_ships(tmp_path: Path):
    needs("amtool")
    copy_files(services("core")["alertmanager"], tmp_path)
    assert "1 templates" in told("amtool", "check-config", tmp_path / "etc/alertmanager/alertmanager.yml")


def test_rules_of_vmalert_itself_are_well_formed(tmp_path: Path):
    needs("promtool")
    copy_files(services("scale")["vmalert"], tmp_path)
    told("promtool", "check", "rules", tmp_path / "etc/vmalert/vmalert.rules.yml")


def test_rules_are_evaluated_by_one_alone():
    """By Prometheus or by vmalert, and whoever does it tells Alertmanager."""
    for profile in ("core", "full"):
        assert "vmalert" not in services(profile)
        assert configuration(services(profile)["prometheus"])["rule_files"]
        assert configuration(services(profile)["prometheus"])["alerting"]
    scraper = configuration(services("scale")["prometheus-scraper"])
    assert not {"rule_files", "alerting"} & set(scraper)
    vmalert = services("scale")["vmalert"]
    patterns = [word.partition("=")[2] for word in vmalert.command if word.startswith("-rule=")]
    files = {
        file.name for pattern in patterns for file in Path(vmalert.mounted(pattern)).parent.glob(Path(pattern).name)
    }
    assert files == {"vmalert.rules.yml", *(file.name for file in (ROOT / "prometheus/rules").glob("apivitals-*.yml"))}


def test_each_prometheus_scrapes_the_shop_and_what_monitors_it_alike():
    core, scale = (scrape_jobs(services(profile)[PROMETHEUS[profile]]) for profile in ("core", "scale"))
    for job in SCRAPED_FOR_RULES:
        assert {**core[job], "metric_relabel_configs": None} == {**scale[job], "metric_relabel_configs": None}
    for profile in ("core", "scale"):
        service = services(profile)[PROMETHEUS[profile]]
        assert configuration(service)["global"]["scrape_interval"] == "15s"
        assert services(profile)[GRAFANA[profile]].environment["SCRAPE_INTERVAL"] == "15s"


def test_prometheus_that_tells_nobody_does_not_say_that_it_found_nobody():
    """Its gauge is 0 then, which an alert on the monitoring itself takes for a fault."""
    (relabelling,) = scrape_jobs(services("scale")["prometheus-scraper"])["prometheus"]["metric_relabel_configs"]
    metric = relabelling["regex"]
    assert relabelling == {"source_labels": ["__name__"], "regex": metric, "action": "drop"}
    assert f"({metric}) == 0" in (ROOT / "prometheus/rules/apivitals-monitoring.yml").read_text()


def test_data_is_kept_as_long_as_the_rules_need_it():
    assert "--storage.tsdb.retention.time=45d" in services("core")["prometheus"].command
    assert "-retentionPeriod=45d" in services("scale")["victoria-metrics"].command


@each_profile
def test_whoever_is_called_is_there_and_listens(profile: str):
    there = services(profile)
    found = list(calls(profile))
    for call in found:
        if (call.caller.partition("-")[0], call.host) in OPTIONAL and call.host not in there:
            continue
        known = reachable(profile, call.caller)
        assert call.host in known, f"{call.caller} knows no {call.host}"
        assert call.port in listens_on(known[call.host]), f"{call.host} does not listen on {call.port}: {call}"
    # That none is there would be true of an empty list too.
    assert {"shop", "database", "cache", "partner", "alertmanager"} <= {call.host for call in found}


@each_profile
def test_what_is_published_is_listened_on(profile: str):
    for service in services(profile).values():
        for port in service.content.get("ports", ()):
            inside = int(str(port).rpartition(":")[2].removesuffix("/tcp"))
            assert inside in listens_on(service)


class TestCollector:
    @pytest.fixture
    def content(self) -> dict[str, Any]:
        return configuration(services("full")["otel-collector"])

    def test_pipelines_are_made_of_what_is_defined_and_all_of_that_is_used(self, content):
        pipelines = content["service"]["pipelines"]
        for kind in ("receivers", "processors", "exporters"):
            used = {name for pipeline in pipelines.values() for name in pipeline[kind]}
            assert used == set(content[kind])

    def test_takes_what_the_shop_sends_and_limits_it_first(self, content):
        assert list(content["service"]["pipelines"]) == ["traces"]
        assert content["service"]["pipelines"]["traces"]["processors"][0] == "memory_limiter"
        shop = services("full")["shop-traced"].environment
        assert shop["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel-collector:4318"
        assert content["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
        assert shop["OTEL_METRICS_EXPORTER"] == "none"

    def test_no_other_shop_makes_traces(self):
        for profile in ("core", "scale"):
            assert not [name for name in services(profile)["shop"].environment if name.startswith("OTEL_EXPORTER")]


def test_tempo_keeps_all_it_has_in_its_volume():
    tempo = services("full")["tempo"]
    (volume,) = [mount.target for mount in tempo.mounts if mount.is_volume]
    content = configuration(tempo)
    storage = content["storage"]["trace"]
    paths = [storage["wal"]["path"], storage["local"]["path"], content["metrics_generator"]["storage"]["path"]]
    assert all(path.startswith(f"{volume}/") for path in paths)
    assert len(set(paths)) == len(paths)


class TestGrafana:
    """Its provisioning, with the environment filled in as Grafana does."""

    @staticmethod
    def filled_in(content: Any, environment: dict[str, str]) -> Any:
        """Fill in: `$NAME`, `${NAME}`, and `$$` for a dollar.

        https://github.com/grafana/grafana/blob/main/pkg/services/provisioning/values/values.go
        """

        def value(found: re.Match[str]) -> str:
            return environment[found[1] or found[2]]

        if isinstance(content, dict):
            return {name: TestGrafana.filled_in(below, environment) for name, below in content.items()}
        if isinstance(content, list):
            return [TestGrafana.filled_in(below, environment) for below in content]
        if isinstance(content, str):
            return "$".join(re.sub(r"\$(\w+)|\$\{(\w+)\}", value, part) for part in content.split("$$"))
        return content

    def provisioned(self, profile: str, kind: str) -> list[dict[str, Any]]:
        service = services(profile)[GRAFANA[profile]]
        files = [mount.source for mount in service.mounts if f"/etc/grafana/provisioning/{kind}/" in mount.target]
        found = []
        for file in files:
            content = yaml.safe_load(Path(file).read_text())
            assert content["apiVersion"] == 1
            found += self.filled_in(
                content["datasources" if kind == "datasources" else "providers"], service.environment
            )
        return found

    @each_profile
    def test_data_sources_are_what_dashboards_and_links_name(self, profile: str):
        sources = {source["uid"]: source for source in self.provisioned(profile, "datasources")}
        assert {"prometheus", "alertmanager", "tempo"} <= set(sources)
        assert [uid for uid, source in sources.items() if source.get("isDefault")] == ["prometheus"]
        assert len({source["name"] for source in sources.values()}) == len(sources)
        assert all(source["editable"] is False for source in sources.values())
        named = re.findall(r"'(?:datasourceUid|alertmanagerUid)': '(\w+)'", str(sources))
        assert set(named) == {"prometheus", "alertmanager", "tempo"}
        first = sources["prometheus"]
        assert first["type"] == "prometheus"
        assert first["jsonData"]["httpMethod"] == "POST"
        assert first["jsonData"]["timeInterval"] == "15s"
        (exemplars,) = first["jsonData"]["exemplarTraceIdDestinations"]
        assert (exemplars["name"], exemplars["datasourceUid"]) == ("trace_id", "tempo")

    def test_it_asks_whoever_has_the_recorded_series(self):
        for profile, url in (("core", "http://prometheus:9090"), ("scale", "http://victoria-metrics:8428")):
            sources = {source["uid"]: source["url"] for source in self.provisioned(profile, "datasources")}
            assert sources["prometheus"] == url
        assert sources["scraper"] == "http://prometheus:9090"

    def test_from_a_span_it_leads_to_series_that_are_recorded(self):
        sources = {source["uid"]: source for source in self.provisioned("full", "datasources")}
        leading = sources["tempo"]["jsonData"]["tracesToMetrics"]
        recorded = (ROOT / "prometheus/rules/apivitals-recording.yml").read_text()
        for query in leading["queries"]:
            series, _, matchers = query["query"].partition("{")
            assert f"- record: {series}\n" in recorded
            assert matchers == "${__tags}}"
        assert [tag["value"] for tag in leading["tags"]] == ["job", "http_route", "http_request_method"]
        jobs = scrape_jobs(services("full")["prometheus"])
        assert services("full")["shop-traced"].environment["OTEL_SERVICE_NAME"] in jobs

    @each_profile
    def test_dashboards_are_found_and_one_is_its_home(self, profile: str):
        service = services(profile)[GRAFANA[profile]]
        (provider,) = self.provisioned(profile, "dashboards")
        assert (provider["folder"], provider["allowUiUpdates"]) == ("apivitals", False)
        folder = service.mounted(provider["options"]["path"])
        assert folder == str(ROOT / "grafana/dashboards")
        home = service.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        assert service.mounted(home) == os.path.join(folder, "apivitals-overview.json")  # noqa: PTH118  # both are texts
        assert Path(service.mounted(home)).is_file()
