"""Every SQLAlchemy engine of the process is seen, whenever and however it was made; a statement is one call."""

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from apivitals.tracing.libraries import Libraries
from tests.support.tracing import SQLALCHEMY, in_request, in_thread, response_time, tracing_of_a_test

sqlalchemy = pytest.importorskip("sqlalchemy")
pytest.importorskip("opentelemetry.instrumentation.sqlalchemy")

from sqlalchemy import create_engine, event, text  # noqa: E402  # after the skip; a name that is imported early
from sqlalchemy.orm import Session  # noqa: E402  # likewise
from sqlalchemy.pool import QueuePool, StaticPool  # noqa: E402  # likewise

SECONDS = 0.05
OF_ENGINE = ("before_cursor_execute", "after_cursor_execute")
OF_POOL = ("connect", "close", "checkin", "checkout")


@pytest.fixture
def tracing(caplog):
    with tracing_of_a_test() as one:
        yield one
    assert caplog.records == []


@pytest.fixture
def switch_on(tracing):
    """Switch it on, for one more application, and off at the end of the test."""
    made: list[Libraries] = []

    def switch(*names: str) -> Libraries:
        made.append(Libraries(names or ("sqlalchemy",), tracing.stand_in, tracing.recorded.errors))
        made[-1].switch_on()
        return made[-1]

    yield switch
    for one in made:
        one.switch_off()


@pytest.fixture
def make():
    """Make engines of databases in memory."""
    made: list[Any] = []

    def engine(**how: Any) -> Any:
        made.append(create_engine("sqlite://", **{"poolclass": StaticPool, **how}))
        return made[-1]

    yield engine
    for one in made:
        one.dispose()


def select(engine, times=1):
    """Take a connection and make queries on it."""
    with engine.connect() as connection:
        for _ in range(times):
            assert connection.execute(text("SELECT 1")).scalar() == 1


def calls(work, *args) -> dict[str, int]:
    """Return how many calls of each component were seen of some work in a request."""
    with in_request() as request:
        work(*args)
    assert sum(request.seconds.values()) == pytest.approx(response_time(request), abs=1e-9)
    return request.calls


def listeners(engine) -> int:
    """Return how many functions are called when something happens to an engine."""
    found = [getattr(engine.dispatch, name) for name in OF_ENGINE]
    found += [getattr(engine.pool.dispatch, name) for name in OF_POOL] + [engine.dialect.dispatch.handle_error]
    return sum(len(list(one)) for one in found)


# Which engines


def test_an_engine_that_is_made_after_it_is_switched_on_is_seen(switch_on, make):
    switch_on()
    assert calls(select, make()) == {"database": 1}


def test_an_engine_that_was_made_before_is_seen(switch_on, make):
    engine = make()
    switch_on()
    assert calls(select, engine) == {"database": 1}


def test_an_engine_that_was_used_before_is_seen(switch_on, make):
    engine = make()
    assert calls(select, engine) == {}
    switch_on()
    assert calls(select, engine) == {"database": 1}


def test_an_engine_with_options_of_its_own_is_seen_once(switch_on, make):
    engine = make()
    switch_on()
    other = engine.execution_options(logging_token="other")  # noqa: S106  # no password
    assert calls(select, other.execution_options(logging_token="third")) == {"database": 1}  # noqa: S106  # likewise
    assert calls(select, other) == {"database": 1}
    assert calls(select, engine) == {"database": 1}


def test_several_engines_are_seen_each_by_itself(switch_on, make):
    switch_on()
    one, other = make(), make()
    assert calls(lambda: (select(one), select(other, 2))) == {"database": 3}


def test_an_engine_is_listened_to_once_however_many_applications_want_it(switch_on, make):
    engine = make()
    switch_on()
    select(engine)
    once = listeners(engine)
    switch_on()
    select(engine)
    assert listeners(engine) == once
    assert calls(select, engine) == {"database": 1}


def test_an_engine_that_is_gone_is_not_held_on_to(switch_on):
    libraries = switch_on()
    engine = create_engine("sqlite://", poolclass=StaticPool)
    select(engine)
    engine.dispose()
    del engine
    libraries.switch_off()


# What of it


@pytest.mark.parametrize("times", [1, 3])
def test_each_statement_is_a_call(switch_on, make, times):
    switch_on()
    assert calls(select, make(), times) == {"database": times}


def test_a_statement_for_many_rows_is_one_call(switch_on, make):
    switch_on()
    engine = make()

    def work():
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (a INTEGER)"))
            connection.execute(text("INSERT INTO t VALUES (:a)"), [{"a": 1}, {"a": 2}, {"a": 3}])

    assert calls(work) == {"database": 2}


def test_a_statement_that_fails_is_a_call_and_its_error_is_the_users(switch_on, make):
    switch_on()
    engine = make()

    def work():
        with pytest.raises(sqlalchemy.exc.OperationalError, match="no such table"):
            select_from_nowhere()
        select(engine)

    def select_from_nowhere():
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere"))

    assert calls(work) == {"database": 2}


def test_a_sessions_statements_are_calls(switch_on, make):
    switch_on()

    def work(engine):
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
            session.commit()
            session.execute(text("SELECT 2"))

    assert calls(work, make()) == {"database": 2}


def test_statements_in_a_thread_of_the_request_are_calls(switch_on, make):
    switch_on()
    engine = make(connect_args={"check_same_thread": False})

    def work():
        with engine.connect() as connection:
            asyncio.run(asyncio.to_thread(connection.execute, text("SELECT 1")))

    assert calls(work) == {"database": 1}


def test_outside_of_a_request_nothing_is_seen_and_all_works(switch_on, make, tracing):
    switch_on()
    select(make())
    in_thread(lambda: select(make(connect_args={"check_same_thread": False})))
    assert tracing.exported() == {}


def test_taking_a_connection_is_the_databases_time_but_no_call(switch_on, make):
    def connect_slowly():
        time.sleep(SECONDS)
        return sqlite3.connect(":memory:", check_same_thread=False)

    switch_on()
    engine = make(creator=connect_slowly)
    with in_request() as request, engine.connect():
        pass
    assert request.calls.get("database", 0) == 0
    assert SECONDS <= request.seconds["database"] <= response_time(request)


def test_a_wait_for_a_connection_of_the_pool_is_the_databases_time(switch_on, make):
    switch_on()
    engine = make(poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=SECONDS)
    with engine.connect(), in_request() as request, pytest.raises(sqlalchemy.exc.TimeoutError):
        engine.connect()
    assert request.calls.get("database", 0) == 0
    assert SECONDS * 0.9 <= request.seconds["database"] <= response_time(request)


def test_the_drivers_own_span_is_a_detail(switch_on, make):
    pytest.importorskip("opentelemetry.instrumentation.sqlite3")
    switch_on("sqlalchemy", "sqlite3")
    engine = make()
    select(engine)
    assert calls(select, engine, 2) == {"database": 2}


def test_the_driver_is_seen_where_sqlalchemy_is_not_in_between(switch_on, make):
    pytest.importorskip("opentelemetry.instrumentation.sqlite3")
    switch_on("sqlalchemy", "sqlite3")

    def work():
        with closing(sqlite3.connect(":memory:")) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")

    assert calls(work) == {"database": 1}


def test_with_tracing_each_statement_has_a_span(switch_on, make, tracing):
    tracing.provide()
    switch_on()
    assert calls(select, make()) == {"database": 1}
    spans = tracing.exported()
    assert sorted(name.partition(" ")[0] for name in spans) == ["SELECT", "connect"]
    (statement,) = (span for name, span in spans.items() if name != "connect")
    assert statement.instrumentation_scope is not None
    assert statement.instrumentation_scope.name == SQLALCHEMY


# Off again


def test_no_listener_is_left(switch_on, make):
    early = make()
    before = listeners(early)
    libraries = switch_on()
    late = make()
    select(early)
    select(late)
    assert listeners(early) > before
    libraries.switch_off()
    assert listeners(early) == listeners(late) == before
    assert calls(select, early) == calls(select, late) == {}


def test_connect_is_its_own_again(switch_on):
    own = vars(sqlalchemy.Engine)["connect"]
    libraries = switch_on()
    assert vars(sqlalchemy.Engine)["connect"] is not own
    libraries.switch_off()
    assert vars(sqlalchemy.Engine)["connect"] is own


def test_a_listener_of_the_users_own_stays(switch_on, make):
    engine = make()
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: heard.append(args[2]))
    libraries = switch_on()
    select(engine)
    libraries.switch_off()
    select(engine)
    assert heard == ["SELECT 1", "SELECT 1"]


def test_a_connection_in_use_when_it_is_switched_off_works_on(switch_on, make):
    engine = make()
    libraries = switch_on()
    with in_request() as request, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        libraries.switch_off()
        assert connection.execute(text("SELECT 2")).scalar() == 2
    assert request.calls == {"database": 1}


def test_it_can_be_switched_on_again(switch_on, make):
    engine = make()
    for _ in range(2):
        libraries = switch_on()
        assert calls(select, engine) == {"database": 1}
        libraries.switch_off()
    assert calls(select, engine) == {}


def test_an_error_of_ours_costs_no_query(switch_on, make, tracing, monkeypatch, caplog):
    from opentelemetry.instrumentation.sqlalchemy import engine as theirs  # noqa: PLC0415  # after the skip

    def fail(*_: Any) -> Any:
        raise LookupError("theirs")

    monkeypatch.setattr(theirs, "EngineTracer", type("Failing", (theirs.EngineTracer,), {"__init__": fail}))
    switch_on()
    select(make())
    tracing.recorded.expected_errors = 1
    assert tracing.recorded.errors.counts()["tracing"] == 1
    caplog.clear()


# asyncio


@pytest.fixture
def asynchronous():
    pytest.importorskip("aiosqlite")
    pytest.importorskip("greenlet")
    return pytest.importorskip("sqlalchemy.ext.asyncio")


@pytest.mark.parametrize("is_made_before", [True, False])
def test_an_asynchronous_engine_is_seen(switch_on, asynchronous, is_made_before):
    def make():
        return asynchronous.create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    async def work():
        engine = make() if is_made_before else None
        libraries = switch_on()
        engine = engine or make()
        found = []
        try:
            for _ in range(2):
                with in_request() as request:
                    async with engine.connect() as connection:
                        await connection.execute(text("SELECT 1"))
                        await connection.execute(text("SELECT 2"))
                found.append(request.calls)
                libraries.switch_off()
        finally:
            await engine.dispose()
        return found

    assert asyncio.run(work()) == [{"database": 2}, {}]
