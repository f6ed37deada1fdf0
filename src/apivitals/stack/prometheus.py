"""A Prometheus that scrapes the targets, evaluates the generated rules, and sends alerts on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from apivitals.demo.processes import ServerProcess
from apivitals.demo.prometheus import prometheus_process
from apivitals.objectives import Objectives
from apivitals.slo.artifacts import artifacts, write
from apivitals.stack.retention import kept_days
from apivitals.stack.service import Described, Target, by_job

_LONGEST_TIMEOUT_SECONDS = 10.0
_COMMENT = "# Written by `apivitals up`, which writes it anew each time.\n"


def configuration(  # noqa: PLR0913 (what it brings together)
    service: Described,
    targets: Iterable[Target],
    *,
    rules: str,
    address: str,
    alertmanager: str | None,
    token_file: Path | None,
) -> str:
    """Return the text of prometheus.yml; addresses are ``host:port``, `rules` is a glob."""
    seconds = service.objectives.scrape_interval_seconds
    monitoring = {"prometheus": address, **({} if alertmanager is None else {"alertmanager": alertmanager})}
    content: dict[str, Any] = {
        "global": {
            "scrape_interval": duration(seconds),
            "scrape_timeout": duration(min(seconds, _LONGEST_TIMEOUT_SECONDS)),
            "evaluation_interval": "30s",
        },
        "rule_files": [rules],
    }
    if alertmanager is not None:
        content["alerting"] = {"alertmanagers": [_static(alertmanager)]}
    content["scrape_configs"] = [
        *(_scraped(job, found, service.labels, token_file) for job, found in by_job(targets).items()),
        # What the alerts on the monitoring itself are about.
        *({"job_name": job, **_static(where)} for job, where in monitoring.items()),
    ]
    return _COMMENT + yaml.safe_dump(content, sort_keys=False)


def prometheus(  # noqa: PLR0913 (the same)
    service: Described,
    targets: Iterable[Target],
    *,
    port: int,
    directory: Path,
    data: Path,
    alertmanager: str | None,
    token_file: Path | None,
) -> ServerProcess:
    """Write rules and configuration into the directory, and describe the Prometheus that reads them.

    Raises:
        DemoError: ``prometheus`` is not on the PATH.
        CannotGenerateError: the objectives ask for rules that cannot work.
    """
    file = directory / "prometheus" / "prometheus.yml"
    process = prometheus_process(
        file,
        "apivitals up",
        port=port,
        log=directory / "prometheus.log",
        data=data,
        options=(
            f"--storage.tsdb.retention.time={kept_days(service.objectives)}d",
            "--enable-feature=exemplar-storage",
        ),
    )
    write_rules(service.objectives, service.source, directory)
    text = configuration(
        service,
        targets,
        rules="rules/apivitals-*.yml",
        address=f"127.0.0.1:{port}",
        alertmanager=alertmanager,
        token_file=token_file,
    )
    file.write_text(text, encoding="utf-8")
    return process


def write_rules(objectives: Objectives, source: str, directory: Path) -> None:
    """Write what `apivitals generate` would: ``prometheus/rules`` in the directory."""
    list(write(artifacts(objectives, "prometheus", source), directory))


def duration(seconds: float) -> str:
    """Write it as Prometheus does."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _scraped(job: str, targets: list[Target], labels: Mapping[str, str], token_file: Path | None) -> dict[str, Any]:
    shown = {} if token_file is None else {"authorization": {"credentials_file": str(token_file)}}
    return {
        "job_name": job,
        **shown,
        "static_configs": [
            {
                "targets": [target.address],
                "labels": {"__scheme__": target.scheme, "__metrics_path__": target.path, **labels},
            }
            for target in targets
        ],
    }


def _static(address: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [address]}]}
