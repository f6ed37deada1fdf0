"""What a span is a part of, told by all that instrumentations of today and of yesterday say of theirs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from apivitals.breakdown.components import CACHE, DATABASE, EXTERNAL, GEN_AI, MESSAGING
from apivitals.tracing.classification import (
    OWN_SCOPE,
    component_of_scope,
    exit_component,
    is_final,
    settled_component,
)

INTERNAL, SERVER, CLIENT = SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT
PRODUCER, CONSUMER = SpanKind.PRODUCER, SpanKind.CONSUMER
COMPONENTS = {DATABASE, CACHE, EXTERNAL, MESSAGING, GEN_AI}
CONTRIB = "opentelemetry.instrumentation."
NAMES = [
    "db.system.name",
    "db.system",
    "http.request.method",
    "http.method",
    "rpc.system",
    "messaging.system",
    "messaging.operation.type",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "url.full",
]
SCOPES = ["", "mine", OWN_SCOPE, *(CONTRIB + name for name in ("redis", "sqlalchemy", "celery", "genai.openai", "new"))]


@pytest.mark.parametrize(
    ("attributes", "component"),
    [
        ({"db.system.name": "postgresql"}, DATABASE),
        ({"db.system": "postgresql"}, DATABASE),
        ({"db.system.name": "redis"}, CACHE),
        ({"db.system": "redis"}, CACHE),
        ({"db.system.name": "memcached"}, CACHE),
        ({"db.system": "memcached"}, CACHE),
        ({"db.system.name": "redis", "db.system": "other_sql"}, CACHE),  # the new name is right where both are
        ({"db.system": "elasticsearch", "http.request.method": "POST"}, DATABASE),
        ({"http.request.method": "GET"}, EXTERNAL),
        ({"http.method": "GET"}, EXTERNAL),
        ({"rpc.system": "grpc"}, EXTERNAL),
        ({"messaging.system": "kafka"}, MESSAGING),
        ({"messaging.system": "aws_sqs", "rpc.system": "aws-api"}, MESSAGING),
        ({"gen_ai.operation.name": "chat"}, GEN_AI),
        ({"gen_ai.provider.name": "openai"}, GEN_AI),
        ({"gen_ai.system": "openai"}, GEN_AI),
        ({"gen_ai.operation.name": "embeddings", "http.request.method": "POST"}, GEN_AI),
        ({"server.address": "example.com"}, EXTERNAL),
        ({}, EXTERNAL),
    ],
)
def test_a_clients_attributes_tell(attributes, component):
    assert exit_component(CLIENT, attributes, "mine") == component


@pytest.mark.parametrize(
    ("kind", "attributes", "component"),
    [
        (PRODUCER, {}, MESSAGING),
        (PRODUCER, {"messaging.system": "rabbitmq"}, MESSAGING),
        (CONSUMER, {}, MESSAGING),
        (CONSUMER, {"messaging.operation.type": "receive"}, MESSAGING),
        (CONSUMER, {"messaging.operation": "receive"}, MESSAGING),
        (CONSUMER, {"messaging.operation.type": "process"}, None),
        (CONSUMER, {"messaging.operation": "process"}, None),
        (INTERNAL, {}, None),
        (INTERNAL, {"http.request.method": "GET"}, None),
        (INTERNAL, {"messaging.system": "kafka"}, None),
        (INTERNAL, {"db.system": "sqlite"}, DATABASE),
        (INTERNAL, {"gen_ai.operation.name": "chat"}, GEN_AI),
        (SERVER, {"http.request.method": "GET"}, None),
        (SERVER, {"rpc.system": "grpc"}, None),
    ],
)
def test_the_kind_tells(kind, attributes, component):
    assert exit_component(kind, attributes, "mine") == component


@pytest.mark.parametrize("kind", [INTERNAL, CLIENT])
@pytest.mark.parametrize("operation", ["invoke_agent", "create_agent", "execute_tool", "invoke_workflow"])
def test_what_is_around_model_calls_is_no_exit(kind, operation):
    attributes = {"gen_ai.operation.name": operation, "gen_ai.provider.name": "openai"}
    assert exit_component(kind, attributes, CONTRIB + "genai.openai") is None


def test_an_internal_span_of_an_agent_that_names_no_operation_is_no_exit():
    assert exit_component(INTERNAL, {"gen_ai.system": "openai"}, "agents") is None


@pytest.mark.parametrize(
    ("scope", "component"),
    [
        ("redis", CACHE),
        ("pymemcache", CACHE),
        ("sqlalchemy", DATABASE),
        ("sqlalchemy.engine", DATABASE),
        ("pymongo", DATABASE),
        ("dbapi", DATABASE),
        ("asyncpg", DATABASE),
        ("httpx", EXTERNAL),
        ("requests", EXTERNAL),
        ("grpc", EXTERNAL),
        ("celery", MESSAGING),
        ("pika", MESSAGING),
        ("genai.openai", GEN_AI),
        ("openai_v2", GEN_AI),
        ("of_tomorrow", None),
    ],
)
def test_the_scope_tells_before_there_are_attributes(scope, component):
    assert component_of_scope(CONTRIB + scope) == component
    assert exit_component(CLIENT, {}, CONTRIB + scope) == (component or EXTERNAL)


def test_a_scope_that_is_no_instrumentation_of_opentelemetrys_tells_nothing():
    assert component_of_scope("redis") is None
    assert component_of_scope("mine.opentelemetry.instrumentation.redis") is None
    assert component_of_scope("") is None


def test_the_instrumentations_shared_tools_for_models_are_known_too():
    assert component_of_scope("opentelemetry.util.genai.handler") == GEN_AI


def test_celerys_publish_has_neither_attributes_nor_need_of_them():
    assert settled_component(PRODUCER, CONTRIB + "celery") == MESSAGING
    assert exit_component(PRODUCER, {}, CONTRIB + "celery") == MESSAGING


def test_attributes_overrule_the_scope():
    assert exit_component(CLIENT, {"db.system": "memcached"}, CONTRIB + "dbapi") == CACHE
    assert exit_component(CLIENT, {"db.system.name": "aws.dynamodb"}, CONTRIB + "botocore") == DATABASE


def test_aws_is_settled_by_attributes_alone():
    assert settled_component(CLIENT, CONTRIB + "botocore") is None
    assert exit_component(CLIENT, {"rpc.system": "aws-api"}, CONTRIB + "botocore") == EXTERNAL
    assert exit_component(CLIENT, {"gen_ai.system": "aws.bedrock"}, CONTRIB + "botocore") == GEN_AI


def test_a_model_call_is_never_settled_by_its_scope():
    assert settled_component(CLIENT, CONTRIB + "genai.openai") is None


def test_own_spans_are_no_exits():
    for kind in SpanKind:
        assert exit_component(kind, {"gen_ai.operation.name": "chat", "db.system": "redis"}, OWN_SCOPE) is None


def test_a_client_of_which_nothing_is_known_yet_may_turn_out_anything():
    assert not is_final(exit_component(CLIENT, {}, "mine"), {})
    assert not is_final(GEN_AI, {"gen_ai.operation.name": "chat", "http.request.method": "POST"})
    assert is_final(DATABASE, {"db.system": "sqlite"})
    assert is_final(None, {})


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TELLING = st.sampled_from(["redis", "postgresql", "chat", "invoke_agent", "process", "GET", "kafka"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=8),
    VALUES | TELLING | st.lists(VALUES, max_size=3).map(tuple),
    max_size=6,
)


@given(st.sampled_from(SpanKind), ATTRIBUTES, st.sampled_from(SCOPES) | st.text(max_size=8))
def test_whatever_a_span_has_it_is_a_known_component_or_no_exit(kind: SpanKind, attributes: dict[str, Any], scope: str):
    component = exit_component(kind, attributes, scope)
    assert component is None or component in COMPONENTS
    assert settled_component(kind, scope) in {None, *COMPONENTS}
    assert is_final(component, attributes) in {True, False}
    is_model = any(name in attributes for name in ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.system"))
    if kind in {CLIENT, PRODUCER} and scope != OWN_SCOPE and not is_model:
        assert component is not None


@given(st.sampled_from([CLIENT, INTERNAL]), st.sampled_from(SCOPES) | st.text(max_size=8))
def test_what_its_scope_settles_is_what_it_is_without_attributes(kind: SpanKind, scope: str):
    settled = settled_component(kind, scope)
    assert settled is None or settled == exit_component(kind, {}, scope)


@pytest.mark.parametrize("name", ["db.system", "db.system.name", "gen_ai.operation.name"])
def test_a_list_is_no_known_value(name):
    assert exit_component(CLIENT, {name: ["redis"]}, "mine") in COMPONENTS
