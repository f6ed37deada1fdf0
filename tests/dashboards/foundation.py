"""Grafana's own types of a dashboard, as grafana-foundation-sdk has them."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

with warnings.catch_warnings():
    # It would rather have the next schema, which file provisioning of older Grafanas does not read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(content: dict[str, Any]) -> list[str]:
    """Return what does not come back from these types, which leave out the keys that Grafana does not have."""
    register_default_plugins()
    return list(_differences(content, json.loads(JSONEncoder().encode(Dashboard.from_json(content))), "$"))


def _differences(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one:
            if key in other:
                yield from _differences(one[key], other[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, f"{path}[{position}]")
    elif one != other:
        yield f"{path}: {one!r} became {other!r}"
