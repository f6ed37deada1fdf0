"""Where settings come from: arguments over environment over ``apivitals.yaml`` over defaults.

Each value keeps the name of its source, so that a wrong one is reported where it was written.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from apivitals.setting_values import MOST_BOUNDS
from apivitals.settings import Settings
from apivitals.settings_file import FILE_NAME, SettingsError, nearest, problems_in, read

__all__ = ["SettingsError", "load"]

if TYPE_CHECKING:
    from apivitals.objectives import Objectives

logger = logging.getLogger("apivitals")

_PREFIX = "APIVITALS_"
_CONFIG = "APIVITALS_CONFIG"
_OTHER_VARIABLES = {_CONFIG}
_ENVIRONMENT = "environment"


class _Environment(EnvSettingsSource):
    """pydantic-settings' reader, which takes JSON for lists and tables, and ``a,b`` and ``key=value,key=value`` too."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        text = str(value).strip()
        if text[:1] in {"[", "{"}:
            try:
                return json.loads(text)
            except ValueError as error:
                raise SettingsError(f"apivitals settings: {_variable(field_name)} is no JSON: {error}") from None
        items = [item.strip() for item in text.split(",") if item.strip()]
        if not isinstance(field.get_default(call_default_factory=True), dict):
            return items
        if any("=" not in item for item in items):
            raise SettingsError(
                f"apivitals settings: {_variable(field_name)}={text}: write key=value,key=value or a JSON object"
            )
        return {key.strip(): item.strip() for key, _, item in (item.partition("=") for item in items)}


def load(
    arguments: Mapping[str, Any], environ: Mapping[str, str] = os.environ, directory: Path | None = None
) -> Settings:
    """Build the settings.

    `arguments` may have `config`, the path of a settings file; without it, and without ``APIVITALS_CONFIG``, an
    ``apivitals.yaml`` in `directory` (the working directory) is read if there is one.

    Raises:
        SettingsError: a value, a key or the file is wrong; all that is wrong is in the one message.
    """
    given = {key: value for key, value in arguments.items() if key != "config"}
    path, content = _from_file(arguments.get("config") or environ.get(_CONFIG), directory)
    objectives, problems = _objectives(content, path)
    sources = [
        ("argument of instrument()", given),
        (_ENVIRONMENT, _from_environment(environ)),
        (path, {key: value for key, value in content.items() if key in Settings.model_fields}),
        ("environment, OpenTelemetry's", _from_opentelemetry(environ)),
    ]
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, source in sources:
        for key, value in source.items():
            if key not in Settings.model_fields:
                problems.append(_unknown(name, key))
            elif key in Settings.only_arguments and source is not given:
                problems.append(f"{_as_written(key, name)}: can only be an argument of instrument()")
            elif key not in values:
                values[key], origin[key] = value, name
    try:
        settings = Settings(**{key: value for key, value in values.items() if key in Settings.model_fields})
    except ValidationError as error:
        problems += [_wrong(problem, values, origin) for problem in error.errors()]
    if problems:
        raise problems_in(problems)
    if settings.metrics_port is not None and "metrics_path" not in values:
        settings = settings.model_copy(update={"metrics_path": None})
    return settings if objectives is None else _for_objectives(settings, objectives, origin, path)


def _objectives(content: Mapping[str, Any], path: str) -> tuple[Objectives | None, list[str]]:
    """Find what the file demands of the service, if it has keys for that: most services' files have none."""
    if content.keys() <= Settings.model_fields.keys():
        return None, []
    from apivitals.objectives.reading import checked  # noqa: PLC0415  # only for those that have objectives

    objectives, problems = checked(content)
    # What is wrong with a setting is found with the settings
    return objectives, [each.at(path) for each in problems if each.location[0] not in Settings.model_fields]


def _for_objectives(settings: Settings, objectives: Objectives, origin: Mapping[str, str], path: str) -> Settings:
    """Label routes with the classes that the objectives give them, and see that their thresholds are bucket bounds."""
    bounds, thresholds = settings.duration_bounds_seconds, objectives.thresholds_seconds()
    missing = sorted(set(thresholds) - set(bounds))
    problem = ""
    if missing and "duration_bounds_seconds" in origin:
        where = _as_written("duration_bounds_seconds", origin["duration_bounds_seconds"])
        times = ", ".join(f"{seconds:g}" for seconds in missing)
        problem = f"{where}: lacks {times}, which objectives in {path} compare with; add it, or leave the setting out"
    elif len(bounds) + len(missing) > MOST_BOUNDS:
        problem = f"{len(thresholds)} response times are compared with in {path}, which makes over {MOST_BOUNDS} bucket"
        problem += " bounds with those that are there anyway: use fewer"
    if problem:
        raise problems_in([problem])
    by_route = {pattern: route.priority for pattern, route in objectives.routes.items()}
    return settings.model_copy(
        update={
            "priorities": {**settings.priorities, **by_route, **settings.priorities},  # first come, last word
            "duration_bounds_seconds": tuple(sorted({*bounds, *missing})),
        }
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    for variable in environ:
        key = variable.removeprefix(_PREFIX).lower()
        if variable.startswith(_PREFIX) and variable not in _OTHER_VARIABLES and key not in Settings.model_fields:
            # Only said, not refused: an orchestrator may set such names of its own accord (a Kubernetes service
            # called "apivitals" does)
            logger.warning("%s", _unknown(_ENVIRONMENT, variable, list(map(_variable, Settings.model_fields))))
    source = _Environment(Settings)
    source.env_vars = {key.lower(): value for key, value in environ.items() if value}
    try:
        return source()
    except ValueError as error:
        if isinstance(error.__cause__, SettingsError):  # which pydantic-settings has wrapped in one of its own
            raise error.__cause__ from None
        raise SettingsError(f"apivitals settings: {error}") from None


def _from_opentelemetry(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        values["enabled"] = False
    excluded = environ.get("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS") or environ.get("OTEL_PYTHON_EXCLUDED_URLS", "")
    if excluded.strip():
        values["excluded_urls"] = [url.strip() for url in excluded.split(",") if url.strip()]
    return values


def found_in(directory: Path) -> Path | None:
    """Return the settings file of that directory; None where there is none, or this user may not look for one."""
    path = directory / FILE_NAME
    return path if os.path.exists(path) else None  # noqa: PTH110  # Path.exists raises where one may not look


def _from_file(given: str | os.PathLike[str] | None, directory: Path | None) -> tuple[str, dict[str, Any]]:
    try:
        directory = directory or Path.cwd()
    except OSError:  # it has been deleted
        directory = Path()
    path = found_in(directory) if given is None else directory / given
    return str(path or directory / FILE_NAME), {} if path is None else read(path)


def _unknown(source: str, key: str, known: list[str] | None = None) -> str:
    return f"{key} ({source}): there is no such setting{nearest(key, known or Settings.model_fields)}"


def _wrong(problem: Any, values: Mapping[str, Any], origin: Mapping[str, str]) -> str:
    message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if not problem["loc"]:
        return str(message)
    key = str(problem["loc"][0])
    inner = "".join(f"[{part!r}]" for part in problem["loc"][1:] if part != "[key]")
    value = values.get(key)
    shown = "" if key in Settings.secrets or isinstance(value, SecretStr) else f" = {value!r}"
    return f"{_as_written(key, origin.get(key, 'default'), inner + shown)}: {message}"


def _as_written(key: str, source: str, value: str = "") -> str:
    return f"{_variable(key) if source == _ENVIRONMENT else key}{value} ({source})"


def _variable(key: str) -> str:
    return _PREFIX + key.upper()
