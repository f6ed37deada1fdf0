"""Families that say what is measured: the OpenTelemetry resource, and the versions of the software."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from importlib import metadata

from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from apivitals import catalog
from apivitals.catalog import label_name
from apivitals.families import Family, Number
from apivitals.version import __version__


def make_resource(service_name: str | None, title: str | None) -> Resource:
    """Make the resource from OpenTelemetry's environment variables.

    `service_name`, if given, goes before them; `title`, the application's, is used if nothing names the service.
    """
    resource = Resource.create({SERVICE_NAME: service_name} if service_name else None)
    if title and str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return resource.merge(Resource({SERVICE_NAME: title}))
    return resource


class Information:
    """Yields `target_info` and `apivitals_build_info`."""

    def __init__(self, resource: Resource) -> None:
        labels: dict[str, str] = {}
        for key, value in sorted(resource.attributes.items()):
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            name = label_name(key)
            # two attributes that translate to one label are joined, as the specification asks
            labels[name] = f"{labels[name]};{text}" if name in labels else text
        self._target = Family(catalog.internal.TARGET_INFO, tuple(labels), [Number(tuple(labels.values()), 1.0)])
        build = (
            __version__,
            platform.python_version(),
            platform.python_implementation(),
            _version("fastapi"),
            _version("starlette"),
        )
        self._build = Family(catalog.internal.BUILD_INFO, catalog.internal.BUILD_INFO.label_names, [Number(build, 1.0)])

    def collect(self) -> Iterator[Family]:
        """Yield both."""
        yield self._target
        yield self._build


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
