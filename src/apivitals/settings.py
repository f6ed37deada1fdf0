"""The settings: one typed model. Where their values come from is in `apivitals.configuration`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from apivitals.catalog import Priority, label_name
from apivitals.catalog.http import REQUEST_DURATION, RESPONSE_TIME_BOUNDS_SECONDS, SIZE_BOUNDS_BYTES
from apivitals.setting_values import (
    Bounds,
    Header,
    Label,
    Libraries,
    MeterProvider,
    OwnPath,
    Regex,
    Registry,
    RoutePattern,
    SourceName,
    WorkerDir,
    off,
    on_or_off,
)

DEFAULT_METRICS_PORT = 9464  # the OpenTelemetry specification's, for its Prometheus exporter
DEFAULT_PATH = "/metrics"
DEFAULT_ALERT_WEBHOOK = "/-/alerts"
UNUSABLE_TOKEN_FILE = "unusable_token_file"  # noqa: S105  # the type of a validation error
_DAY_SECONDS = 86_400


def read_token(path: Path) -> bytes:
    """Read a token file: one line, surrounding white space ignored.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is empty.
    """
    token = path.read_bytes().strip()
    if not token:
        raise ValueError("the file is empty")
    return token


class Settings(BaseSettings):
    """What `instrument` can be told. `docs/settings.md` says the same for readers."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, env_prefix="APIVITALS_", env_ignore_empty=True
    )

    only_arguments: ClassVar[frozenset[str]] = frozenset({"request_labels", "registries", "meter_provider"})
    secrets: ClassVar[frozenset[str]] = frozenset({"metrics_token", "alert_webhook_token"})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read no source here: `apivitals.configuration` does, and remembers which one each value is from."""
        return (init_settings,)

    enabled: bool = Field(default=True, description="Off, `instrument` changes nothing at all.")
    service_name: str | None = Field(
        None, description="`service.name` of the resource; without it OpenTelemetry's, else the application's title."
    )

    priorities: dict[RoutePattern, Priority] = Field(
        default_factory=dict,
        description="Priority by route: globs over templates, a method before one if wanted; the first that fits.",
    )
    default_priority: Priority = Field("medium", description="Priority of every other route.")
    excluded_routes: tuple[RoutePattern, ...] = Field(
        (), description="Routes that are not measured: globs over route templates, as in `priorities`."
    )
    excluded_urls: tuple[Regex, ...] = Field(
        (), description="URLs that are not measured: regular expressions, searched for in scheme, host, port and path."
    )

    duration_bounds_seconds: Bounds = Field(
        RESPONSE_TIME_BOUNDS_SECONDS,
        description="Bucket bounds of response time and latency, in seconds; the thresholds of objectives come on top.",
    )
    size_bounds_bytes: Bounds = Field(SIZE_BOUNDS_BYTES, description="Bucket bounds of body sizes, in bytes.")

    labels: dict[Label, str] = Field(
        default_factory=dict, description="Labels with one value each, on all metrics of requests."
    )
    request_labels: Callable[[MutableMapping[str, Any]], Mapping[str, object]] | None = Field(
        None, description="Called with the ASGI scope as a request ends; returns values for `request_label_names`."
    )
    request_label_names: tuple[Label, ...] = Field((), description="The labels that `request_labels` may fill in.")
    request_headers: tuple[Header, ...] = Field(
        (), description="Request headers that become labels: `x-tenant` is `http_request_header_x_tenant`."
    )
    response_headers: tuple[Header, ...] = Field((), description="Response headers that become labels, likewise.")
    label_value_limit: int = Field(
        100, ge=1, description="Distinct values of each label from a request; later ones are `_OTHER`."
    )
    series_limit: int = Field(
        10_000, ge=1, description='Series of each metric; later label sets share one, `otel_metric_overflow="true"`.'
    )

    metrics_path: Annotated[OwnPath | None, BeforeValidator(off)] = Field(
        DEFAULT_PATH, description="Where the application answers with its metrics; `off` for nowhere."
    )
    metrics_port: Annotated[
        Annotated[int, Field(ge=0, le=65535)] | None, BeforeValidator(partial(on_or_off, DEFAULT_METRICS_PORT))
    ] = Field(
        None,
        description="A port of its own for the metrics, which then leave the application unless `metrics_path` is given"
        " too; `true` is 9464, 0 a free one.",
    )
    metrics_host: str = Field("127.0.0.1", min_length=1, description="The address that `metrics_port` is bound on.")
    metrics_token: SecretStr | None = Field(None, description="Bearer token that a scrape must show.")
    metrics_token_file: Path | None = Field(
        None, description="File with that token; read at each scrape, so that it can be rotated."
    )

    alert_webhook: Annotated[OwnPath | None, BeforeValidator(partial(on_or_off, DEFAULT_ALERT_WEBHOOK))] = Field(
        None,
        description="Where to take Alertmanager's notifications, with a token; `true` is `/-/alerts`.",
    )
    alert_webhook_token: SecretStr | None = Field(None, description="Bearer token that Alertmanager must show.")
    alert_webhook_token_file: Path | None = Field(None, description="File with that token; read each time.")

    disabled_sources: tuple[SourceName, ...] = Field(
        (),
        description="Sources of metrics that are left out: `host`, `process`, `container`, `gpu`, `event_loop`, `gc`.",
    )
    sample_interval_seconds: float = Field(
        5.0,
        ge=0.1,
        le=_DAY_SECONDS,
        allow_inf_nan=False,
        description="How often the sources are read, in seconds; a scrape shows the last reading.",
    )
    blocked_loop_seconds: Annotated[
        Annotated[float, Field(ge=0.05, le=_DAY_SECONDS, allow_inf_nan=False)] | None, BeforeValidator(off)
    ] = Field(
        1.0, description="A longer block of the event loop is counted, and logged with its stack; `off` for never."
    )
    gpu_processes: bool = Field(
        default=False, description="Read the GPU memory of each process too; it holds the driver for milliseconds."
    )
    gpu_pcie: bool = Field(
        default=False, description="Read the PCIe throughput of GPUs too; it holds the driver for 20 ms each."
    )

    breakdown: bool = Field(
        default=True, description="Divide the response time among components; off, there are no exemplars either."
    )
    libraries: Libraries = Field(
        ("auto",),
        description="Libraries whose calls are seen as database, cache, external, messaging or gen_ai, by their"
        " OpenTelemetry instrumentations; `auto` is all that are installed, `off` is none.",
    )
    trust_queue_header: bool = Field(
        default=False,
        description="Take the queue time from `X-Request-Start` or `X-Queue-Start`. Only behind a proxy that sets the"
        " header itself: anybody can send one.",
    )

    worker_dir: WorkerDir = Field(
        None,
        description="Where the workers of one service share their metrics; found without it under uvicorn, gunicorn,"
        " hypercorn and granian. Other processes that are told the same directory, and have the same service name, are"
        " one service's workers; `off` lets each show its own.",
    )

    registries: tuple[Registry, ...] | None = Field(
        None, description="prometheus-client registries shown on the page; its global one if not given."
    )
    opentelemetry_metrics: bool = Field(
        default=True,
        description="Show metrics made with the OpenTelemetry API on the page. For that, a meter provider is set once"
        " the service has started, if there is none; it switches on the own metrics of any FastAPI application in the"
        " process that is not instrumented.",
    )

    meter_provider: MeterProvider = Field(
        None,
        description="An OpenTelemetry meter provider that everything is recorded through instead of our own store, so"
        " that its readers, views and exporters apply; the page shows what it holds.",
    )

    @model_validator(mode="after")
    def _labels_are_distinct(self) -> Settings:
        taken = {*REQUEST_DURATION.label_names, "le", "otel_metric_overflow"}
        for name in self._extra_label_names():
            if name in taken:
                raise ValueError(
                    f"label {name} is there already; rename it in labels, request_label_names or the headers"
                )
            taken.add(name)
        return self

    def _extra_label_names(self) -> Iterable[str]:
        yield from map(label_name, self.labels)
        yield from map(label_name, self.request_label_names)
        yield from (label_name(f"http.request.header.{name.lower()}") for name in self.request_headers)
        yield from (label_name(f"http.response.header.{name.lower()}") for name in self.response_headers)

    @model_validator(mode="after")
    def _callable_and_names_go_together(self) -> Settings:
        if (self.request_labels is None) != (not self.request_label_names):
            raise ValueError(
                "request_labels and request_label_names go together: the callable, and the names it may fill in"
            )
        return self

    @model_validator(mode="after")
    def _tokens_can_be_had(self) -> Settings:
        for name in ("metrics_token", "alert_webhook_token"):
            token, file = getattr(self, name), getattr(self, f"{name}_file")
            if token is not None and file is not None:
                raise ValueError(f"give {name} or {name}_file, not both")
            if token is not None and not token.get_secret_value().strip():
                raise ValueError(f"{name} is empty")
            if file is not None:
                try:
                    read_token(file)
                except (OSError, ValueError) as error:
                    reason = error.strerror if isinstance(error, OSError) else error
                    raise PydanticCustomError(
                        UNUSABLE_TOKEN_FILE,
                        "{key} {file} cannot be used: {reason}",
                        {"key": f"{name}_file", "file": str(file), "reason": str(reason)},
                    ) from None
        return self

    @model_validator(mode="after")
    def _webhook_is_guarded(self) -> Settings:
        if self.alert_webhook and self.alert_webhook_token is None and self.alert_webhook_token_file is None:
            raise ValueError(
                "alert_webhook needs alert_webhook_token or alert_webhook_token_file: else anybody could raise alerts"
            )
        if self.alert_webhook and self.alert_webhook == self.metrics_path:
            raise ValueError(f"alert_webhook and metrics_path are both {self.alert_webhook}: choose another for one")
        return self
