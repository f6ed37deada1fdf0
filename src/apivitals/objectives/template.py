"""A settings file to begin with: every key with its default, commented out, and what it means.

``#key: value`` is a default that can be given another value; ``# Words`` are words.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from apivitals.catalog import Priority
from apivitals.objectives.json_schema import SCHEMA_URL
from apivitals.objectives.objectives import Objectives
from apivitals.objectives.service_class import ServiceClass
from apivitals.settings import Settings

_WIDTH = 118
_BEGINNING = f"""\
# yaml-language-server: $schema={SCHEMA_URL}

# How good the service must be, and how it is measured. The running service reads this file, and so does what makes
# rules, alerts and routing of it, `apivitals generate`. `apivitals validate` says whether it is right.
#
# What is commented out is the default. To give another value, take the # away, and that of the keys above it.
"""
_EXAMPLES: Mapping[str, str] = {
    "routes": """
  "POST /payments/*": critical
  "GET /reports/{id}": {class: low, availability_percent: 99.5, latency: [{percent: 95, within_seconds: 30}]}""",
    "receivers": """
  slack: {api_url_file: /etc/alertmanager/slack_url, channel: "#incidents"}
  pagerduty: {routing_key_file: /etc/alertmanager/pagerduty_key}
  email: {to: oncall@example.com, from: alerts@example.com, smarthost: "smtp.example.com:587"}
  webhook: {url: "http://127.0.0.1:8000/-/alerts", token_file: /etc/alertmanager/webhook_token}""",
    "mute_hours": """
  - {days: saturday-sunday, time_zone: Europe/Berlin}
  - {days: monday-friday, start: "19:00", end: "07:00", time_zone: Europe/Berlin}""",
}


def template(priorities: Mapping[tuple[str, str], Priority] | None = None) -> str:
    """Write the file; with the methods, routes and priorities of a running service, their classes are suggested."""
    objectives = [name for name in Objectives.model_fields if name not in Settings.model_fields]
    lines = [_BEGINNING]
    for name in objectives:
        lines += ["", *_key(name, Objectives.model_fields[name], priorities or {})]
    lines += ["", "# The rest are settings of the running service.", ""]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if default is not None:
            lines += [*_words(str(field.description), "# "), f"#{name}: {inline(default)}"]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def inline(value: Any) -> str:
    """Write a value on one line, as the file would have it."""
    if value is None or value is False or value is True:
        return {None: "off", False: "false", True: "true"}[value]
    if isinstance(value, BaseModel):
        return inline({field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {inline(below)}" for key, below in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, (Decimal, float)):
        return f"{Decimal(repr(value) if isinstance(value, float) else value).normalize():f}"
    return str(value) if value != "" else '""'


def _key(name: str, field: FieldInfo, priorities: Mapping[tuple[str, str], Priority]) -> Iterator[str]:
    yield from _words(str(field.description), "# ")
    default = field.get_default(call_default_factory=True)
    if name == "routes" and priorities:
        yield "# The class of each is how the service labels it now."
        yield "#routes:"
        for (method, route), level in sorted(priorities.items(), key=lambda item: item[0][::-1]):
            yield f"#  {json.dumps(f'{method} {route}')}: {level}"
    elif name in _EXAMPLES:
        yield "# For example:"
        yield from (f"#{line}" for line in f"{name}:{_EXAMPLES[name]}".splitlines())
    elif name == "classes":
        yield "#classes:"
        yield from _classes(default)
    elif isinstance(default, BaseModel):
        yield f"#{name}:"
        yield from _section(default, "#  ")
    else:
        yield f"#{name}: {inline(default)}"


def _classes(classes: BaseModel) -> Iterator[str]:
    for name, field in type(classes).model_fields.items():
        values = getattr(classes, name)
        if name == "critical":  # the same is said of all classes, once
            yield f"#  {name}:  # {field.description}"
            yield from _section(values, "#    ")
            continue
        yield f"#  {name}:  # {field.description}"
        yield from (f"#    {key}: {inline(getattr(values, key))}" for key in ServiceClass.model_fields)


def _section(section: BaseModel, margin: str) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        yield from _words(str(field.description), f"{margin}# ")
        yield f"{margin}{name}: {inline(getattr(section, name))}"


def _words(text: str, margin: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
