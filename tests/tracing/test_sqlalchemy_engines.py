"""SQLAlchemy without greenlet, and beside the user's own instrumentation of it."""

import asyncio
import subprocess
import sys
import textwrap

import pytest

from apivitals.tracing.libraries import Libraries
from tests.support.servers import ROOT
from tests.support.tracing import in_request, tracing_of_a_test

SUBPROCESS_SECONDS = 60

pytest.importorskip("sqlalchemy")
pytest.importorskip("opentelemetry.instrumentation.sqlalchemy")

from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor  # noqa: E402  # after the skip
from sqlalchemy import create_engine, text  # noqa: E402  # likewise


@pytest.fixture
def tracing():
    with tracing_of_a_test() as one:
        yield one


@pytest.fixture
def libraries(tracing):
    made = Libraries("sqlalchemy", tracing.stand_in, tracing.recorded.errors)
    yield made
    made.switch_off()


@pytest.fixture
def instrumentor():
    """The user's way, which needs greenlet since SQLAlchemy 2.1; off again at the end of the test."""
    pytest.importorskip("greenlet")
    made = SQLAlchemyInstrumentor()
    yield made
    if made.is_instrumented_by_opentelemetry:
        made.uninstrument()


@pytest.fixture
def engine():
    made = create_engine("sqlite://")
    yield made
    made.dispose()


def query(engine):
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def calls(work, *args) -> dict[str, int]:
    with in_request() as request:
        work(*args)
    return dict(request.calls)


def test_it_gives_way_to_the_users_own(libraries, instrumentor, engine, tracing):
    libraries.switch_on()
    query(engine)
    tracing.provide()
    instrumentor.instrument(engine=engine, skip_dep_check=True)
    assert calls(query, engine) == {"database": 1}
    libraries.switch_off()
    assert instrumentor.is_instrumented_by_opentelemetry
    before = len(tracing.exported())
    query(engine)
    assert before
    assert tracing.exported()


def test_the_users_own_stays_and_is_counted_once(libraries, instrumentor, engine, tracing):
    tracing.provide()
    instrumentor.instrument(engine=engine, skip_dep_check=True)
    libraries.switch_on()
    assert calls(query, engine) == {"database": 1}


def test_what_the_users_own_has_left_behind_is_no_error(libraries, instrumentor):
    """SQLAlchemy's asyncio part keeps the `create_engine` that it found when it was imported."""
    pytest.importorskip("aiosqlite")
    instrumentor.instrument(skip_dep_check=True)
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  # imported while that is on

    instrumentor.uninstrument()
    libraries.switch_on()

    async def work():
        engine = create_async_engine("sqlite+aiosqlite://")
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await engine.dispose()
        libraries.switch_off()

    assert calls(lambda: asyncio.run(work())) == {"database": 1}


def test_without_greenlet_it_works_all_the_same():
    code = """
        import sys
        sys.modules["greenlet"] = None
        from apivitals.errors import ErrorLog
        from apivitals.tracing.libraries import Libraries
        from apivitals.tracing.stand_in import STAND_IN
        from tests.support.tracing import in_request
        errors = ErrorLog()
        Libraries(["sqlalchemy"], STAND_IN, errors).switch_on()
        from sqlalchemy import create_engine, text
        engine = create_engine("sqlite://")
        with in_request() as request, engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
        print(dict(request.calls), sum(errors.counts().values()))
        """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=SUBPROCESS_SECONDS,
        check=False,
        cwd=ROOT,
    )
    assert (done.stdout.strip(), done.stderr) == ("{'database': 1} 0", "")
