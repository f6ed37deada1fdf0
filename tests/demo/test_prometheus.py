"""The scrape configuration that the demo gives to its Prometheus."""

import subprocess

import pytest

from apivitals.demo.errors import DemoError
from apivitals.demo.prometheus import graph_url, prometheus_server, scrape_configuration
from tests.support.servers import needs


def test_prometheus_accepts_the_configuration(tmp_path):
    needs("promtool")
    file = tmp_path / "prometheus.yml"
    file.write_text(scrape_configuration("127.0.0.1:8000"))
    checked = subprocess.run(["promtool", "check", "config", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_configuration_scrapes_the_one_target_every_second():
    lines = [line.strip() for line in scrape_configuration("127.0.0.1:9999").splitlines()]
    assert "scrape_interval: 1s" in lines
    assert "scrape_timeout: 1s" in lines
    assert '- targets: ["127.0.0.1:9999"]' in lines


def test_without_prometheus_one_line_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoError, match=r"^--prometheus needs the program prometheus .*apt-get install") as told:
        prometheus_server("127.0.0.1:8000", port=1, directory=tmp_path)
    assert told.value.exit_code == 2


def test_the_graph_is_of_a_metric_of_ours():
    assert graph_url("http://127.0.0.1:9090").startswith("http://127.0.0.1:9090/graph?g0.expr=")
    assert "http_server_request_duration_seconds_count" in graph_url("http://127.0.0.1:9090")
