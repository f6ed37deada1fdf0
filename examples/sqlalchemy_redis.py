"""A library's books in SQL, with a cache in Redis, and the same list by one query and by far too many.

    pip install 'apivitals[sqlalchemy,redis]' 'sqlalchemy[asyncio]' aiosqlite fastapi uvicorn
    redis-server &
    uvicorn --app-dir examples sqlalchemy_redis:app

`REDIS_URL` and `DATABASE_URL` are other places: `postgresql+asyncpg://user@host/name`, with asyncpg installed. Then

    curl localhost:8000/authors            # one query
    curl localhost:8000/authors/one-by-one # one query, and one more for each author
    curl localhost:8000/books/7            # from the database; for a minute after that from Redis
    curl -s localhost:8000/metrics | grep -E 'component_(calls|duration_seconds)_sum|cache_requests'

What to look at: `apivitals_http_server_component_calls` has 1 database call a request for the first, 31 for the
second, and `apivitals_http_server_component_duration_seconds` what that costs. `apivitals_cache_requests_total` has the
hits and misses of `books`, and those of every GET as `redis`.
"""

import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from redis.asyncio import Redis
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

import apivitals

AUTHORS, BOOKS_EACH = 30, 4
CACHED_SECONDS = 60

directory = tempfile.TemporaryDirectory(prefix="library-")
database_url = os.environ.get("DATABASE_URL", f"sqlite+aiosqlite:///{Path(directory.name, 'library.db')}")
engine = create_async_engine(database_url)
new_session = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"), decode_responses=True)


class Table(DeclarativeBase):
    """The base of the tables."""


class Author(Table):
    """Who has written books."""

    __tablename__ = "example_author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.id")


class Book(Table):
    """A book."""

    __tablename__ = "example_book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("example_author.id"), index=True)
    author: Mapped[Author] = relationship(back_populates="books")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.drop_all)
        await connection.run_sync(Table.metadata.create_all)
    async with new_session() as session, session.begin():
        session.add_all(
            Author(name=f"Author {number}", books=[Book(title=f"Volume {volume}") for volume in range(BOOKS_EACH)])
            for number in range(AUTHORS)
        )
    yield
    await redis.aclose()
    await engine.dispose()
    directory.cleanup()


async def open_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]
app = FastAPI(title="library", lifespan=lifespan)
apivitals.instrument(app)


@app.get("/authors")
async def list_authors(session: Session) -> dict[str, list[str]]:
    """Read everything at once."""
    authors = await session.scalars(select(Author).options(joinedload(Author.books)).order_by(Author.id))
    return {author.name: [book.title for book in author.books] for author in authors.unique()}


@app.get("/authors/one-by-one")
async def list_authors_one_by_one(session: Session) -> dict[str, list[str]]:
    """Read the same with a query for each author: the N+1 that an ORM makes so easy."""
    authors = await session.scalars(select(Author).order_by(Author.id))
    listed = {}
    for author in authors:
        books = await session.scalars(select(Book).where(Book.author_id == author.id).order_by(Book.id))
        listed[author.name] = [book.title for book in books]
    return listed


@app.get("/books/{number}")
async def show_book(number: int, session: Session) -> dict[str, str]:
    """Read a book, from Redis if it is there."""
    kept = await redis.get(f"book:{number}")
    if kept is not None:
        apivitals.cache_hit("books")
        return dict(json.loads(kept))
    apivitals.cache_miss("books")
    book = await session.get(Book, number, options=[joinedload(Book.author)])
    if book is None:
        raise HTTPException(404, "no such book")
    shown = {"title": book.title, "author": book.author.name}
    await redis.set(f"book:{number}", json.dumps(shown), ex=CACHED_SECONDS)
    return shown
