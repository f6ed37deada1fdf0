"""The libraries whose calls can be seen, and the OpenTelemetry instrumentations that make spans of them."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass

_CONTRIB = "opentelemetry.instrumentation."


@dataclass(frozen=True)
class Pair:
    """A library and what instruments it."""

    name: str
    """What it is called in the settings, and the extra that installs it."""
    library: str
    """The module whose import says that the library is used."""
    classes: tuple[str, ...]
    """Instrumentors, as ``module:class`` below ``opentelemetry.instrumentation``; the first one installed is used."""
    by_default: bool = True
    """Whether it is a part of ``auto``."""

    @functools.cached_property
    def instrumentors(self) -> tuple[tuple[str, str], ...]:
        """Those of `classes` that are installed, as full module and class."""
        named = (name.split(":") for name in self.classes)
        return tuple((_CONTRIB + module, cls) for module, cls in named if _is_there(_CONTRIB + module))

    def is_installed(self) -> bool:
        """Whether both are there. Neither is imported."""
        return _is_there(self.library) and bool(self.instrumentors)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # without its parent; with a module put there by hand
        return False


PAIRS = (
    Pair("aio-pika", "aio_pika", ("aio_pika:AioPikaInstrumentor",)),
    Pair("aiobotocore", "aiobotocore", ("botocore:AiobotocoreInstrumentor",)),
    Pair("aiohttp", "aiohttp", ("aiohttp_client:AioHttpClientInstrumentor",)),
    Pair("aiokafka", "aiokafka", ("aiokafka:AIOKafkaInstrumentor",)),
    Pair("aiopg", "aiopg", ("aiopg:AiopgInstrumentor",)),
    Pair("anthropic", "anthropic", ("genai.anthropic:AnthropicInstrumentor", "anthropic:AnthropicInstrumentor")),
    Pair("asyncpg", "asyncpg", ("asyncpg:AsyncPGInstrumentor",)),
    Pair("botocore", "botocore", ("botocore:BotocoreInstrumentor",)),
    Pair("cassandra", "cassandra", ("cassandra:CassandraInstrumentor",)),
    Pair("celery", "celery", ("celery:CeleryInstrumentor",)),
    Pair("confluent-kafka", "confluent_kafka", ("confluent_kafka:ConfluentKafkaInstrumentor",)),
    Pair("elasticsearch", "elasticsearch", ("elasticsearch:ElasticsearchInstrumentor",)),
    Pair("google-genai", "google.genai", ("google_genai:GoogleGenAiSdkInstrumentor",)),
    Pair("grpc", "grpc", ("grpc:GrpcInstrumentorClient",)),
    Pair("grpc", "grpc", ("grpc:GrpcAioInstrumentorClient",)),
    Pair("httpx", "httpx", ("httpx:HTTPXClientInstrumentor",)),
    Pair("httpx2", "httpx2", ("httpx:HTTPX2ClientInstrumentor",)),
    Pair("kafka-python", "kafka", ("kafka:KafkaInstrumentor",)),
    Pair("langchain", "langchain", ("genai.langchain:LangChainInstrumentor", "langchain:LangchainInstrumentor")),
    Pair("mysql", "mysql.connector", ("mysql:MySQLInstrumentor",)),
    Pair("mysqlclient", "MySQLdb", ("mysqlclient:MySQLClientInstrumentor",)),
    Pair(
        "openai",
        "openai",
        ("genai.openai:OpenAIInstrumentor", "openai_v2:OpenAIInstrumentor", "openai:OpenAIInstrumentor"),
    ),
    Pair("pika", "pika", ("pika:PikaInstrumentor",)),
    Pair("psycopg", "psycopg", ("psycopg:PsycopgInstrumentor",)),
    Pair("psycopg2", "psycopg2", ("psycopg2:Psycopg2Instrumentor",)),
    Pair("pymemcache", "pymemcache", ("pymemcache:PymemcacheInstrumentor",)),
    Pair("pymongo", "pymongo", ("pymongo:PymongoInstrumentor",)),
    Pair("pymssql", "pymssql", ("pymssql:PyMSSQLInstrumentor",)),
    Pair("pymysql", "pymysql", ("pymysql:PyMySQLInstrumentor",)),
    Pair("redis", "redis", ("redis:RedisInstrumentor",)),
    Pair("requests", "requests", ("requests:RequestsInstrumentor",)),
    Pair("sqlalchemy", "sqlalchemy", ("sqlalchemy:SQLAlchemyInstrumentor",)),
    # In the standard library, so always there; below SQLAlchemy its spans are details
    Pair("sqlite3", "sqlite3", ("sqlite3:SQLite3Instrumentor",), by_default=False),
    # What goes through it (requests, botocore, elasticsearch) is seen itself
    Pair("urllib3", "urllib3", ("urllib3:URLLib3Instrumentor",), by_default=False),
)
