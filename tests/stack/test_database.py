"""The shop's database: made once, however many workers begin at the same time, in SQLite and in PostgreSQL."""

import sqlite3
import subprocess
import sys
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from apivitals.demo.shop.database import Database, Rental, Video
from tests.support.databases import make_user, postgresql

FILL = """
import sys
from apivitals.demo.shop.database import Database
database = Database(*sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
database.fill()
"""
WORKERS = 4


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("psycopg")
    with postgresql() as running:
        make_user(running, "shop", "open sesame")
        yield running


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request, tmp_path):
    """Where the shop's database is, and the file with its password, as the command line of FILL has them."""
    if request.param == "SQLite":
        return [str(tmp_path / "shop.sqlite")]
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    port = request.getfixturevalue("server").port
    return [f"postgresql://shop@127.0.0.1:{port}/shop", str(password)]


def test_workers_that_begin_at_once_fill_it_once_and_a_later_one_leaves_it(place):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", FILL, *place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, said
    database = Database(*place)
    with database.session() as session, session.begin():
        assert sorted(session.scalars(text("SELECT id FROM video"))) == list(range(1, 401))
        assert session.query(Rental).count() == 20_000
        session.get_one(Video, 7).title = "The One That Was Changed"
    database.fill()
    with database.session() as session:
        assert session.get_one(Video, 7).title == "The One That Was Changed"
        assert session.query(Rental).count() == 20_000
    database.close()


def test_it_waits_for_another_worker_that_has_the_new_file(tmp_path):
    """Also where SQLite does not, before the file is one that readers and a writer share."""
    file = tmp_path / "shop.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.execute, ["COMMIT"])
    ending.start()
    database = Database(str(file))
    database.fill()
    ending.join()
    with database.session() as session:
        assert session.query(Video).count() == 400
    database.close()
    other.close()


def test_a_wrong_password_is_not_taken(server, tmp_path):
    password = tmp_path / "password"
    password.write_text("sesame")
    database = Database(f"postgresql://shop@127.0.0.1:{server.port}/shop", str(password))
    with pytest.raises(OperationalError, match="password authentication failed"):
        database.fill()
    database.close()


def test_a_password_that_cannot_be_read_names_the_file(tmp_path):
    missing = tmp_path / "nothing"
    with pytest.raises(ValueError, match=rf"{missing}: No such file"):
        Database("postgresql://shop@127.0.0.1/shop", str(missing))


def test_another_kind_of_database_is_refused():
    with pytest.raises(ValueError, match="SQLite or PostgreSQL, not mysql"):
        Database("mysql://shop@127.0.0.1/shop")


def test_a_url_may_be_of_sqlite(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/shop.sqlite")
    database.fill()
    database.close()
    assert (tmp_path / "shop.sqlite").stat().st_size > 0
