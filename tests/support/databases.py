"""A real Redis and a real PostgreSQL as subprocesses, on free loopback ports, with data in directories of their own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.servers import Server, free_port, needs, running

_DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
_DATABASE_USER = "postgres"


@contextmanager
def redis() -> Iterator[Server]:
    """Run Redis without persistence."""
    needs("redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
        with running(command, port, lambda: _pongs(port)) as server:
            yield server


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run PostgreSQL with a fresh cluster; user and database are ``postgres``, no password is asked."""
    programs = _postgresql_programs()
    port = free_port()
    # It refuses to run as root: there, it runs as the user that its package has made.
    as_user = ["runuser", "-u", _DATABASE_USER, "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="postgresql-") as directory:
        if as_user:
            shutil.chown(directory, _DATABASE_USER)
        data = f"{directory}/data"
        make = [f"{programs}/initdb", "-D", data, "-U", _DATABASE_USER, "-A", "trust", "-N", "-E", "UTF8"]
        subprocess.run([*as_user, *make], check=True, capture_output=True, cwd=directory)
        # Not through runuser, which would stay in between and pass no signal on
        command = [f"{programs}/postgres", "-D", data, "-p", str(port), "-k", directory]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        user = _DATABASE_USER if as_user else None
        with running(command, port, lambda: _accepts(programs, port), user=user) as server:
            yield server


def make_user(server: Server, name: str, password: str) -> None:
    """Make a user and a database of that name; from now on, all but the superuser are asked for a password."""
    import psycopg  # noqa: PLC0415 (not everywhere where a Redis is wanted)

    here = "127.0.0.1/32"
    rules = f"'host all {_DATABASE_USER} {here} trust', 'host all all {here} scram-sha-256'"
    place = f"host=127.0.0.1 port={server.port} user={_DATABASE_USER} dbname=postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        (file,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        for statement in (
            f"COPY (SELECT unnest(ARRAY[{rules}])) TO '{file}'",
            "SELECT pg_reload_conf()",
            f"CREATE ROLE {name} LOGIN PASSWORD '{password}'",
            f"CREATE DATABASE {name} OWNER {name}",
        ):
            connection.execute(statement.encode())


def _postgresql_programs() -> Path:
    """Return the directory of initdb and postgres, which Debian does not put on the PATH."""
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(_DEBIAN_POSTGRESQL.glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    reason = "not installed: postgres (`make test` as root installs the Debian packages)"
    if servers.are_required:
        pytest.fail(f"{reason}, and APIVITALS_REQUIRE_REAL=1")
    pytest.skip(reason)


def _accepts(programs: Path, port: int) -> bool:
    asked = subprocess.run(
        [f"{programs}/pg_isready", "-h", "127.0.0.1", "-p", str(port)], capture_output=True, check=False
    )
    return asked.returncode == 0


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
