"""The servers of one stack, described: what each is told of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from apivitals.demo.processes import ServerProcess
from apivitals.demo.servers import SERVICE_NAME, ShopPorts, ShopServers, shop_servers
from apivitals.stack.alertmanager import alertmanager
from apivitals.stack.grafana import grafana
from apivitals.stack.options import Options
from apivitals.stack.page import PageError, fetch, page_url, token_in
from apivitals.stack.ports import chosen
from apivitals.stack.programs import HOST, alertmanager_program, grafana_program
from apivitals.stack.prometheus import duration, prometheus
from apivitals.stack.service import Described, Target, named


@dataclass(frozen=True)
class Pieces:
    """The servers, none started yet, and what they watch."""

    targets: tuple[Target, ...]
    prometheus: ServerProcess
    shop: ShopServers | None = None
    alertmanager: ServerProcess | None = None
    grafana: ServerProcess | None = None
    warnings: tuple[str, ...] = ()
    """What is not as it should be, and may become so."""

    @property
    def in_order(self) -> Iterator[ServerProcess]:
        """What is told of something before what tells it, so that nothing is lost at either end."""
        yield from () if self.shop is None else self.shop.in_order
        yield from filter(None, (self.alertmanager, self.prometheus, self.grafana))

    async def until_ready(self) -> None:
        """Wait until all answer.

        Raises:
            DemoError: one has ended, or does not answer in time.
        """
        if self.shop is not None:
            await self.shop.until_ready()
        if self.alertmanager is not None:
            await self.alertmanager.until_ready("/-/ready")
        await self.prometheus.until_ready("/-/ready")
        if self.grafana is not None:
            await self.grafana.until_ready("/api/health")

    def check(self) -> None:
        """Make sure that all run.

        Raises:
            DemoError: one has ended; with the tail of its log.
        """
        for server in self.in_order:
            server.check()


def pieces(options: Options, service: Described, directory: Path) -> Pieces:
    """Write every configuration into the directory, and describe what is to run.

    Raises:
        DemoError: a port is taken, or Prometheus is not installed.
        PageError: a URL, or the token's file, cannot be used.
        CannotGenerateError: the objectives ask for rules that cannot work.
        OSError: a directory or file cannot be made.
    """
    ports = chosen(options.ports)
    data = options.data_in(directory)
    for name in ("prometheus", "alertmanager", "grafana"):
        (data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    token = token_in(options.token_file) or service.shown_token()
    token_file = _token_file(options, service, directory)
    grafana_command = grafana_program()
    urls = {name: f"http://{HOST}:{port}" for name, port in ports.items()}
    objectives = service.objectives
    if grafana_command is not None and not objectives.dashboard_base_url:
        objectives = objectives.model_copy(update={"dashboard_base_url": urls["grafana"]})
    service = replace(service, objectives=objectives)
    alerts = None
    if program := alertmanager_program():
        alerts = alertmanager(
            objectives, program, port=ports["alertmanager"], directory=directory, data=data / "alertmanager"
        )
    shop, warnings = None, list[str]()
    if options.urls:
        targets = tuple(_watched(options, service, token, warnings))
    else:
        of_the_shop = ShopPorts(ports["shop"], ports["cache"], ports["partner"])
        shop = _shop(options, service, of_the_shop, directory, token_file)
        targets = (Target(urls["shop"] + service.metrics_path, service.job("", SERVICE_NAME)),)
    watching = prometheus(
        service,
        targets,
        port=ports["prometheus"],
        directory=directory,
        data=data / "prometheus",
        alertmanager=None if alerts is None else urlsplit(alerts.url).netloc,
        token_file=token_file,
    )
    showing = None
    if grafana_command is not None:
        showing = grafana(
            grafana_command,
            port=ports["grafana"],
            directory=directory,
            data=data / "grafana",
            prometheus=watching.url,
            alertmanager=None if alerts is None else alerts.url,
            scrape_interval=duration(objectives.scrape_interval_seconds),
        )
    return Pieces(targets, watching, shop, alerts, showing, tuple(warnings))


def _token_file(options: Options, service: Described, directory: Path) -> Path | None:
    """Return the file with the token of the metrics page, as Prometheus finds it."""
    if options.token_file is not None:
        return options.token_file.absolute()
    if service.token is None:
        return service.token_file
    file = directory / "token"
    file.touch(mode=0o600)
    file.write_text(service.token, encoding="ascii")
    return file


def _watched(options: Options, service: Described, token: str | None, warnings: list[str]) -> Iterator[Target]:
    """Yield the targets, each with the name that its own page gives it, if it can be read now."""
    for url in options.urls:
        page = page_url(url, service.metrics_path)
        parts = urlsplit(page)
        if parts.query or parts.username is not None:
            raise PageError(f"{url}: give an address without a user, a password or a query")
        says = ""
        try:
            says = named(fetch(page, token).text)
        except PageError as error:
            warnings.append(f"{error}; Prometheus keeps trying")
        yield Target(page, service.job(says, parts.hostname or url))


def _shop(
    options: Options, service: Described, ports: ShopPorts, directory: Path, token_file: Path | None
) -> ShopServers:
    """Describe the shop, which reads the same file; only where its page is has to be as Prometheus expects it."""
    variables = {"APIVITALS_METRICS_PATH": service.metrics_path, "APIVITALS_METRICS_PORT": "off"}
    if service.file is not None:
        variables["APIVITALS_CONFIG"] = str(service.file)
    if token_file is not None and service.token is None:
        variables["APIVITALS_METRICS_TOKEN_FILE"] = str(token_file)
    return shop_servers(ports, directory=directory, workers=options.workers, variables=variables)
