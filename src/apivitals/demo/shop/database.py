"""The shop's tables in SQLite, and what is in them at opening time."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import ForeignKey, create_engine, event, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from starlette.requests import HTTPConnection

_ADJECTIVES = ["Silent", "Crimson", "Distant", "Hollow", "Golden", "Restless", "Borrowed", "Winter", "Electric", "Last"]
_NOUNS = ["Harbour", "Garden", "Witness", "Frontier", "Orchestra", "Lighthouse", "Inheritance", "Caravan"]
_ENDINGS = ["", " Returns", " at Midnight", " in Colour", " Revisited"]
_GENRES = ["comedy", "crime", "documentary", "drama", "thriller", "western"]
_CUSTOMERS = 2_500
_RENTALS = 20_000


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
    """The shop's SQLite file."""

    def __init__(self, path: str) -> None:
        # No limit of its own: threads that wait for a connection would keep those who have one from giving it back.
        self.engine = create_engine(f"sqlite:///{path}", max_overflow=-1)
        event.listen(self.engine, "connect", _let_readers_and_a_writer_meet)

    def fill(self) -> None:
        """Make the tables, and the same videos and rentals on every run."""
        Table.metadata.create_all(self.engine)
        titles = product(_ADJECTIVES, _NOUNS, _ENDINGS)
        videos = [
            {
                "title": f"The {adjective} {noun}{ending}",
                "genre": _GENRES[number % len(_GENRES)],
                "price_cents": 199 + number % 4 * 100,
            }
            for number, (adjective, noun, ending) in enumerate(titles)
        ]
        # Squares spread the rentals unevenly, so that some films are more popular than others.
        rentals = [
            {
                "video_id": number * number % 9973 % len(videos) + 1,
                "customer_id": number * 7919 % _CUSTOMERS,
                "price_cents": 299,
            }
            for number in range(_RENTALS)
        ]
        with self.session() as session, session.begin():
            session.execute(insert(Video), videos)
            session.execute(insert(Rental), rentals)

    def session(self) -> Session:
        """Open a unit of work."""
        return Session(self.engine)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def _let_readers_and_a_writer_meet(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _open_session(connection: HTTPConnection) -> Iterator[Session]:
    with connection.app.state.database.session() as session:
        yield session


DatabaseSession = Annotated[Session, Depends(_open_session)]
"""What an endpoint asks for to read or write the shop's tables."""
