"""The shop's tables, in SQLite or PostgreSQL, and what is in them at opening time."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import URL, Connection, ForeignKey, create_engine, event, func, insert, make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from starlette.requests import HTTPConnection

_ADJECTIVES = ["Silent", "Crimson", "Distant", "Hollow", "Golden", "Restless", "Borrowed", "Winter", "Electric", "Last"]
_NOUNS = ["Harbour", "Garden", "Witness", "Frontier", "Orchestra", "Lighthouse", "Inheritance", "Caravan"]
_ENDINGS = ["", " Returns", " at Midnight", " in Colour", " Revisited"]
_GENRES = ["comedy", "crime", "documentary", "drama", "thriller", "western"]
_CUSTOMERS = 2_500
_RENTALS = 20_000
_ADVISORY_LOCK = 0x5409
"""Any number that nobody else in the database takes a lock on."""
_LONGEST_WAIT_SECONDS = 30
_POLL_SECONDS = 0.02


class Table(DeclarativeBase):
    """The base of the shop's tables."""


class Video(Table):
    """A film that can be rented."""

    __tablename__ = "video"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(index=True)
    genre: Mapped[str]
    price_cents: Mapped[int]


class Rental(Table):
    """A film that a customer has rented."""

    __tablename__ = "rental"
    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[int] = mapped_column(ForeignKey("video.id"))
    customer_id: Mapped[int] = mapped_column(index=True)
    price_cents: Mapped[int]
    video: Mapped[Video] = relationship()
    """Read when it is asked for, a query each: SQLAlchemy's default."""


class Trailer(Table):
    """An uploaded trailer; its bytes are counted and hashed, not kept."""

    __tablename__ = "trailer"
    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[int] = mapped_column(ForeignKey("video.id"))
    size_bytes: Mapped[int]
    sha256: Mapped[str]


class Database:
    """The shop's database: the path of a SQLite file, or an SQLAlchemy URL, with its password in a file if it has one.

    Raises:
        ValueError: the URL is not one of SQLite or PostgreSQL, or the password's file cannot be read.

    """

    def __init__(self, place: str, password_file: str | None = None) -> None:
        url = _url(place, password_file)
        self._is_sqlite = url.get_backend_name() == "sqlite"
        waiting = {"timeout": _LONGEST_WAIT_SECONDS} if self._is_sqlite else {"connect_timeout": _LONGEST_WAIT_SECONDS}
        # No limit of its own: threads that wait for a connection would keep those who have one from giving it back.
        self.engine = create_engine(url, max_overflow=-1, connect_args=waiting)
        if self._is_sqlite:
            event.listen(self.engine, "connect", _let_readers_and_a_writer_meet)

    def fill(self) -> None:
        """Make the tables and the same videos and rentals in every new shop; leave one that is there as it is.

        Any number of workers, on any number of machines, may do so at once: the first does it, the others wait.
        """
        with self._alone() as connection:
            Table.metadata.create_all(connection)
            if connection.scalar(select(func.count()).select_from(Video)):
                return
            videos = _videos()
            connection.execute(insert(Video), videos)
            connection.execute(insert(Rental), _rentals(len(videos)))

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Begin a transaction that waits until no other of these is under way."""
        with self.engine.begin() as connection:
            if self._is_sqlite:
                # The driver begins no transaction of its own before a CREATE TABLE.
                connection.exec_driver_sql("BEGIN EXCLUSIVE")
            else:
                connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            yield connection

    def session(self) -> Session:
        """Open a unit of work."""
        return Session(self.engine)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def _videos() -> list[dict[str, Any]]:
    titles = product(_ADJECTIVES, _NOUNS, _ENDINGS)
    return [
        {
            "title": f"The {adjective} {noun}{ending}",
            "genre": _GENRES[number % len(_GENRES)],
            "price_cents": 199 + number % 4 * 100,
        }
        for number, (adjective, noun, ending) in enumerate(titles)
    ]


def _rentals(videos: int) -> list[dict[str, Any]]:
    # Squares spread the rentals unevenly, so that some films are more popular than others.
    return [
        {
            "video_id": number * number % 9973 % videos + 1,
            "customer_id": number * 7919 % _CUSTOMERS,
            "price_cents": 299,
        }
        for number in range(_RENTALS)
    ]


def _url(place: str, password_file: str | None) -> URL:
    if "://" not in place:
        return URL.create("sqlite", database=place)
    url = make_url(place)
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url
    if backend != "postgresql":
        raise ValueError(f"the shop's database is SQLite or PostgreSQL, not {backend}")
    url = url.set(drivername="postgresql+psycopg")
    return url if password_file is None else url.set(password=_read_password(password_file))


def _read_password(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"the password of the shop's database cannot be read: {file}: {error.strerror}") from error


def _let_readers_and_a_writer_meet(connection: Any, _: object) -> None:
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            # SQLite does not wait here by itself: two that change the mode at once might wait for each other.
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
    connection.execute("PRAGMA synchronous=NORMAL")


def _open_session(connection: HTTPConnection) -> Iterator[Session]:
    with connection.app.state.database.session() as session:
        yield session


DatabaseSession = Annotated[Session, Depends(_open_session)]
"""What an endpoint asks for to read or write the shop's tables."""
