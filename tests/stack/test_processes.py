"""What the containers run, run here: each command line of docker-compose.yml with real programs, and its health check.

Only addresses and folders are others than in a container.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.alertmanager import program as alertmanager_program
from tests.support.compose import Service, instructions, services
from tests.support.containers import copy_files
from tests.support.databases import make_user, postgresql, redis
from tests.support.exposition import samples
from tests.support.plain_http import get
from tests.support.prometheus import query
from tests.support.servers import Server, closed_port, eventually, free_port, listens, needs, running

pytest.importorskip("fastapi")
psycopg = pytest.importorskip("psycopg")

WORKERS = 2
SECONDS = 4


def is_well(service: Service, at: Mapping[str, str], *more: str) -> bool:
    """Run the health check, with places replaced, and maybe with more arguments."""
    assert service.health is not None
    kind, *command = [*(replaced(word, at) for word in service.health), *more]
    if kind == "CMD-SHELL":
        command = ["sh", "-c", *command]
    if command[0] == "python":
        command[0] = sys.executable
    needs(command[0])
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def replaced(text: str, at: Mapping[str, str]) -> str:
    for old, new in at.items():
        text = text.replace(old, new)
    return text


@contextmanager
def process(service: Service, program: str, at: Mapping[str, str], *more: str, path: str = "/") -> Iterator[Server]:
    """Run a service's command line, until it answers."""
    needs(program)
    port = free_port()
    words = [*(replaced(word, at) for word in service.command), *(word.replace("PORT", str(port)) for word in more)]
    with running([program, *words], port, lambda: answers(port, path)) as server:
        yield server


def answers(port: int, path: str) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}{path}").status == 200
    except OSError:
        return False


@pytest.mark.parametrize(("profile", "name"), [("core", "prometheus"), ("scale", "prometheus-scraper")])
def test_prometheus(profile: str, name: str, tmp_path: Path):
    service = services(profile)[name]
    copy_files(service, tmp_path)
    at = {"=/etc/prometheus": f"={tmp_path}/etc/prometheus", "=/prometheus": f"={tmp_path}/data"}
    with process(service, "prometheus", at, "--web.listen-address=127.0.0.1:PORT", path="/-/ready") as server:
        here = {"127.0.0.1:9090": f"127.0.0.1:{server.port}"}
        assert is_well(service, here)
        loaded = get(f"{server.url}/api/v1/rules").body.decode()
        assert ("apivitals-targets" in loaded) is (profile == "core")
        # Who is not there in `core` is no target either.
        assert query(server, "count(up) or vector(0)")
        eventually(lambda: "localhost:9090" in targets(server), "it has targets", 60)
        assert "tempo:3200" not in targets(server)
    assert not is_well(service, here)


def targets(server: Server) -> str:
    return get(f"{server.url}/api/v1/targets").body.decode()


def test_alertmanager(tmp_path: Path):
    service = services("core")["alertmanager"]
    copy_files(service, tmp_path)
    at = {"=/etc/alertmanager": f"={tmp_path}/etc/alertmanager", "=/alertmanager": f"={tmp_path}/data"}
    program = alertmanager_program()
    with process(service, program, at, "--web.listen-address=127.0.0.1:PORT", path="/-/ready") as server:
        here = {"127.0.0.1:9093": f"127.0.0.1:{server.port}"}
        assert is_well(service, here)
    assert not is_well(service, here)


@pytest.fixture
def nobody() -> Iterator[str]:
    """A URL at which nobody listens."""
    with closed_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["victoria-metrics", "vmalert"])
def test_victoria_metrics_and_its_ruler(name: str, tmp_path: Path, nobody: str):
    service = services("scale")[name]
    copy_files(service, tmp_path)
    port = free_port()
    at = {
        "=/storage": f"={tmp_path}/data",
        "=/etc/vmalert": f"={tmp_path}/etc/vmalert",
        "-httpListenAddr=:8428": f"-httpListenAddr=127.0.0.1:{port}",
        "-httpListenAddr=:8880": f"-httpListenAddr=127.0.0.1:{port}",
        # Nobody is there: it has to start all the same, or it would end with them.
        "http://victoria-metrics:8428": nobody,
        "http://alertmanager:9093": nobody,
    }
    needs(name)
    command = [name, *(replaced(word, at) for word in service.command)]
    here = {"127.0.0.1:8428": f"127.0.0.1:{port}", "127.0.0.1:8880": f"127.0.0.1:{port}"}
    with running(command, port, lambda: answers(port, "/health")):
        assert is_well(service, here)
    assert not is_well(service, here)


def test_cache():
    service, port = services("core")["cache"], free_port()
    needs("redis-server", "redis-cli")
    here = {"redis-cli": f"redis-cli -p {port}"}
    with running([*service.command, "--port", str(port), "--bind", "127.0.0.1"], port, lambda: listens(port)):
        assert is_well(service, here)
    assert not is_well(service, here)


@dataclass(frozen=True)
class Shop:
    """The shop, its database, and what it was given."""

    server: Server
    database: Server
    variables: Mapping[str, str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop as in its container, with two workers, on PostgreSQL and Redis."""
    service, partner = services("core")["shop"], services("core")["partner"]
    folder = tmp_path_factory.mktemp("passwords")
    subprocess.run(["sh", services("core")["passwords"].mounted("/passwords.sh"), folder / "database"], check=True)
    with ExitStack() as started:
        database = started.enter_context(postgresql())
        make_user(database, "shop", (folder / "database").read_text().strip())
        kept = started.enter_context(redis())
        paying = started.enter_context(uvicorn(partner.command, {}))
        variables = {
            name: replaced(
                value,
                {
                    "@database:5432": f"@127.0.0.1:{database.port}",
                    "cache:6379": f"127.0.0.1:{kept.port}",
                    "partner:8000": f"127.0.0.1:{paying.port}",
                    "/run/passwords": str(folder),
                },
            )
            for name, value in service.environment.items()
        } | {"WEB_CONCURRENCY": str(WORKERS)}
        command = yaml.safe_load(dict(instructions())["CMD"])
        yield Shop(started.enter_context(uvicorn(command, variables)), database, variables)


def uvicorn(command: list[str], variables: Mapping[str, str]) -> AbstractContextManager[Server]:
    port = free_port()
    here = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=8000": f"--port={port}"}
    command = [sys.executable, "-m", *(here.get(word, word) for word in command)]
    return running(command, port, lambda: answers(port, "/health"), env=variables)


def workers(shop: Shop) -> float:
    return samples(get(f"{shop.server.url}/metrics").body).value("apivitals_workers")


def test_database_says_that_it_is_well(shop: Shop):
    service = services("core")["database"]
    assert is_well(service, {}, f"--port={shop.database.port}")


def test_shop_is_visited_and_every_worker_serves_from_the_one_database(shop: Shop):
    eventually(lambda: workers(shop) == WORKERS, "every worker is there", 60)
    service, load = services("core")["shop"], services("core")["load"]
    here = {"8000": str(shop.server.port)}
    assert is_well(service, here)
    command = [
        replaced(word, {"http://shop:8000": shop.server.url, "--host=shop": "--host=127.0.0.1"})
        for word in load.command
    ]
    visits = subprocess.run(
        [sys.executable, *command[1:], f"--for={SECONDS}"], capture_output=True, text=True, timeout=180, check=False
    )
    assert visits.returncode == 0, visits.stdout + visits.stderr
    sent, unanswered = (int(part.split()[0]) for part in visits.stdout.split(", ")[:2])
    assert sent > SECONDS
    assert unanswered == 0, visits.stdout
    page = samples(get(f"{shop.server.url}/metrics").body)
    with psycopg.connect(f"host=127.0.0.1 port={shop.database.port} user=postgres dbname=shop") as connection:
        (videos,) = connection.execute("SELECT count(*) FROM video").fetchone()
        (rentals,) = connection.execute("SELECT count(*) FROM rental").fetchone()
    assert videos == 400
    assert rentals > 20_000
    components = page.label_values("apivitals_http_server_component_duration_seconds_count", "component")
    assert {"database", "cache", "external", "gen_ai"} <= components
