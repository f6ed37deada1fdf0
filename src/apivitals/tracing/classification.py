"""What a span is a part of, told by its kind, its attributes and the scope that made it.

https://opentelemetry.io/docs/specs/semconv/, as it is now and as the instrumentations still have it. Several of them
(redis, sqlalchemy, pymongo, dbapi) set no attributes before their span has started: then the scope has to do.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind

from apivitals.breakdown.components import CACHE, DATABASE, EXTERNAL, GEN_AI, MESSAGING

OWN_SCOPE = "apivitals"
"""The scope of spans made by `track()` and `inference()`, which open their intervals themselves."""
SQLALCHEMY_SCOPE = "opentelemetry.instrumentation.sqlalchemy"

_DB_SYSTEM, _OLD_DB_SYSTEM = "db.system.name", "db.system"
_MODEL_OPERATION = "gen_ai.operation.name"
_MESSAGING_SYSTEM, _MESSAGING_OPERATION = "messaging.system", ("messaging.operation.type", "messaging.operation")

_GEN_AI_ATTRIBUTES = frozenset({_MODEL_OPERATION, "gen_ai.provider.name", "gen_ai.system"})
_DB_ATTRIBUTES = frozenset({_DB_SYSTEM, _OLD_DB_SYSTEM})
_OUTGOING_ATTRIBUTES = frozenset({"http.request.method", "http.method", "rpc.system.name", "rpc.system"})
_TELLING_ATTRIBUTES = _DB_ATTRIBUTES | {_MESSAGING_SYSTEM, "http.request.method", "http.method"}
_CACHES = frozenset({"redis", "valkey", "memcached", "dragonfly", "keydb", "aws.elasticache", "hazelcast"})
_AROUND_MODEL_CALLS = frozenset({"invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "plan"})
_CONTRIB, _UTILITIES = "opentelemetry.instrumentation.", "opentelemetry.util."
_BOTOCORE = "opentelemetry.instrumentation.botocore"  # DynamoDB, SQS, Bedrock: whatever AWS has

_BY_SCOPE = {
    scope: component
    for component, scopes in {
        CACHE: "redis pymemcache aioredis",
        DATABASE: "sqlalchemy asyncpg psycopg psycopg2 aiopg pymysql mysqlclient mysql pymssql sqlite3 dbapi pymongo"
        " cassandra elasticsearch tortoiseorm chromadb lancedb milvus pinecone qdrant weaviate marqo",
        EXTERNAL: "httpx requests urllib urllib3 aiohttp_client grpc botocore",
        MESSAGING: "celery kafka aiokafka confluent_kafka pika aio_pika boto3sqs remoulade",
        GEN_AI: "genai openai openai_v2 google_genai google_generativeai anthropic bedrock cohere groq langchain"
        " litellm llamaindex mistralai ollama replicate sagemaker together vertexai watsonx",
    }.items()
    for scope in scopes.split()
}


@functools.lru_cache(maxsize=1024)
def component_of_scope(scope_name: str) -> str | None:
    """Return the component of an instrumentation's spans, by its name alone; None if it is not known."""
    for prefix in (_CONTRIB, _UTILITIES):
        if scope_name.startswith(prefix):
            return _BY_SCOPE.get(scope_name[len(prefix) :].partition(".")[0])
    return None


@functools.lru_cache(maxsize=1024)
def settled_component(kind: SpanKind, scope_name: str) -> str | None:
    """Return the component of an exit, for scopes whose name says it for good; None where attributes have to.

    Most spans are of such a scope, and to classify them by attributes would cost as much as to time them.
    """
    component = component_of_scope(scope_name)
    if component is None or component == GEN_AI or scope_name.startswith(_BOTOCORE):
        return None
    if kind is SpanKind.CLIENT or kind is SpanKind.PRODUCER:
        return component
    # tortoiseorm calls a query INTERNAL
    return component if kind is SpanKind.INTERNAL and component in {DATABASE, CACHE} else None


def exit_component(  # noqa: PLR0911  # a list of cases
    kind: SpanKind, attributes: Mapping[str, Any], scope_name: str
) -> str | None:
    """Return the component that an exit belongs to, as well as its attributes tell so far; None for what is no exit.

    An exit is where the request leaves the process, so that what is inside is not counted again.
    """
    if scope_name == OWN_SCOPE or kind is SpanKind.SERVER:
        return None
    if not _GEN_AI_ATTRIBUTES.isdisjoint(attributes):
        operation = attributes.get(_MODEL_OPERATION)
        around = str(operation) in _AROUND_MODEL_CALLS or (operation is None and kind is SpanKind.INTERNAL)
        return None if around else GEN_AI
    if not _DB_ATTRIBUTES.isdisjoint(attributes):
        system = attributes.get(_DB_SYSTEM) or attributes.get(_OLD_DB_SYSTEM)
        return CACHE if str(system) in _CACHES else DATABASE
    if kind is SpanKind.INTERNAL:
        return settled_component(kind, scope_name)
    if kind is SpanKind.CONSUMER:  # to receive a message is to wait for the broker; to process one is our own work
        return None if any(attributes.get(name) == "process" for name in _MESSAGING_OPERATION) else MESSAGING
    if kind is SpanKind.PRODUCER or _MESSAGING_SYSTEM in attributes:
        return MESSAGING
    if not _OUTGOING_ATTRIBUTES.isdisjoint(attributes):
        return EXTERNAL
    return component_of_scope(scope_name) or EXTERNAL


def is_final(component: str | None, attributes: Mapping[str, Any]) -> bool:
    """Whether what `exit_component` has said of a span that starts is still so when it ends.

    Of a model call the attributes are wanted at the end in any case: they have the tokens.
    """
    return component is None or (component != GEN_AI and not _TELLING_ATTRIBUTES.isdisjoint(attributes))
