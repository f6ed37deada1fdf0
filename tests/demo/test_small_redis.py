"""The small Redis answers redis-py as a real one does, as far as the shop needs it."""

import asyncio
import socket
import subprocess
import sys

import pytest
import redis

from apivitals.demo import small_redis as small_redis_module
from apivitals.demo.cache import cache_server, small_redis
from apivitals.demo.small_redis import Store
from tests.support.servers import eventually, free_port, listens, needs


def real_redis(*, port, directory):
    needs("redis-server")
    return cache_server(port=port, directory=directory)


@pytest.fixture(scope="module", params=[small_redis, real_redis])
def url(request, tmp_path_factory):
    with request.param(port=free_port(), directory=tmp_path_factory.mktemp("redis")) as server:
        asyncio.run(server.until_listening())
        yield server.url


@pytest.fixture
def client(url):
    with redis.Redis.from_url(url, protocol=2) as connected:
        yield connected


@pytest.mark.parametrize("value", [b"", b"text", bytes(range(256)) * 400, b"$3\r\nabc\r\n"])
def test_what_is_set_is_got(client, value):
    assert client.set("key", value)
    assert client.get("key") == value


def test_what_was_never_set_is_none(client):
    assert client.get("nothing of the kind") is None


def test_what_is_set_again_has_the_new_value(client):
    client.set("again", "one")
    client.set("again", "two", ex=100)
    assert client.get("again") == b"two"


def test_what_expires_is_gone(client):
    client.set("short", "x", ex=5)
    assert client.get("short") == b"x"
    eventually(lambda: client.get("short") is None, "it has expired", 30)


def test_it_answers_a_ping(client):
    assert client.ping()


def test_an_unknown_command_is_an_error_and_the_connection_goes_on(client):
    with pytest.raises(redis.ResponseError):
        client.execute_command("NONSENSE")
    assert client.ping()


def test_several_commands_at_once_are_answered_in_order(client):
    with client.pipeline(transaction=False) as pipeline:
        pipeline.set("a", 1).get("a").set("a", 2).get("a")
        assert pipeline.execute() == [True, b"1", True, b"2"]


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"*99999999\r\n", b"*1\r\n$99999999999\r\n"])
def test_nonsense_ends_the_connection_and_no_other(cache_url, nonsense):
    with redis.Redis.from_url(cache_url, protocol=2) as client:
        client.ping()
        with socket.create_connection(("127.0.0.1", int(cache_url.rpartition(":")[2])), timeout=10) as stranger:
            stranger.sendall(nonsense)
            assert not stranger.recv(1000)
        assert client.ping()


def test_it_ends_with_its_standard_input():
    port = free_port()
    command = [sys.executable, "-I", small_redis_module.__file__, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        eventually(lambda: listens(port), "it listens")
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_time_is_over_at_the_second():
    now = 100.0
    store = Store(lambda: now)
    store.answer([b"SET", b"key", b"value", b"EX", b"10"])
    now = 109.9
    assert store.answer([b"get", b"key"]) == b"$5\r\nvalue\r\n"
    now = 110.0
    assert store.answer([b"get", b"key"]) == b"$-1\r\n"


def test_the_store_does_not_grow_without_end():
    store = Store(lambda: 0)
    for number in range(25_000):
        store.answer([b"SET", b"%d" % number, b""])
    assert store.answer([b"GET", b"24999"]) == b"$0\r\n\r\n"
    assert store.answer([b"GET", b"1"]) == b"$-1\r\n"
