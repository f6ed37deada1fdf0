"""Objectives from keys and values, or from the file; all that is wrong is in one message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from apivitals.objectives.location import Location, key_path
from apivitals.objectives.objectives import Objectives
from apivitals.settings import UNUSABLE_TOKEN_FILE, Settings
from apivitals.settings_file import nearest, problems_in, read

_SECRETS_MAY_BE_IN = Settings.secrets | {"receivers"}
_KEY = "[key]"
"""What pydantic puts at the end of the place of a key that is wrong itself."""


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place."""

    location: Location
    """The keys, and indices in lists, that lead there."""
    value: str
    """What is there, for a message; empty for a section, and for what may be a secret."""
    message: str
    type: str = ""
    """Of the validation error."""

    def at(self, place: str) -> str:
        """Say it in a line; `place` is the file."""
        value = f" = {self.value}" if self.value else ""
        return f"{key_path(self.location)}{value} ({place}): {self.message}"


def from_file(path: str | os.PathLike[str]) -> Objectives:
    """Read the objectives of a settings file, whose other keys are the running service's.

    Raises:
        SettingsError: the file, a key or a value is wrong; all that is wrong is in the one message.
    """
    return from_mapping(read(Path(path)), str(path))


def from_mapping(values: Mapping[str, Any], place: str = "objectives") -> Objectives:
    """Build the objectives from the keys and values of a settings file; `place` is what a message calls it.

    Keys of `Settings` that say nothing about objectives may be there, and are not looked at.

    Raises:
        SettingsError: a key or a value is wrong; all that is wrong is in the one message.
    """
    objectives, problems = checked(values)
    if objectives is None:
        raise problems_in(problem.at(place) for problem in problems)
    return objectives


def checked(values: Mapping[str, Any]) -> tuple[Objectives | None, list[Problem]]:
    """Build the objectives from the keys and values of a settings file, or say all that is wrong."""
    ours, others = Objectives.model_fields, Settings.model_fields
    try:
        return Objectives.model_validate({k: v for k, v in values.items() if k in ours or k not in others}), []
    except ValidationError as error:
        return None, list(map(_problem, error.errors()))


def settings_problems(values: Mapping[str, Any]) -> list[Problem]:
    """Say what is wrong with the settings in the keys and values of a settings file, besides those of objectives."""
    given = {key: value for key, value in values.items() if key in Settings.model_fields}
    refused = Settings.only_arguments & given.keys()
    problems = [Problem((key,), "", "can only be an argument of instrument()") for key in sorted(refused)]
    try:
        Settings(**{key: value for key, value in given.items() if key not in refused})
    except ValidationError as error:
        found = map(_problem, error.errors())
        problems += [each for each in found if not {*each.location[:1]} & Objectives.model_fields.keys()]
    return problems


def _problem(details: ErrorDetails) -> Problem:
    location = tuple(part for part in details["loc"] if part != _KEY)
    if details["type"] == UNUSABLE_TOKEN_FILE:  # found by a validator of the whole, which has no place
        location = (details["ctx"]["key"],)
    return Problem(location, _shown(details), _message(details, location), details["type"])


def _shown(details: ErrorDetails) -> str:
    value, location = details["input"], details["loc"]
    scalar = value is None or isinstance(value, (bool, int, float, str))
    if not scalar or location[-1:] == (_KEY,) or not {*location[:1]}.isdisjoint(_SECRETS_MAY_BE_IN):
        return ""
    return "" if details["type"] == "extra_forbidden" else repr(value)


def _message(details: ErrorDetails, location: Location) -> str:
    if details["type"] == "extra_forbidden":
        kind = "key" if location[1:] else "setting"
        return f"there is no such {kind}{nearest(str(location[-1]), _keys_beside(location))}"
    if details["type"] == "missing":
        return "is missing"
    if details["type"] in {"model_type", "dict_type"}:
        return "should have keys and values"
    if details["type"] == UNUSABLE_TOKEN_FILE:
        return details["msg"].removeprefix(f"{location[0]} ")
    return details["msg"].removeprefix("Value error, ").replace("Input should", "should")


def _keys_beside(location: Location) -> list[str]:
    """Return the keys that are understood where the last one of `location` is."""
    within: Any = Objectives
    for part in location[:-1]:
        if _is_section(within):
            fields = {field.alias or name: field for name, field in within.model_fields.items()}
            within = _without_none(fields[str(part)].annotation)
        else:  # a table, or a list: what its values are
            within = next(filter(_is_section, get_args(within)), None)
    if not _is_section(within):
        return []
    known = [field.alias or name for name, field in within.model_fields.items()]
    return [*known, *Settings.model_fields] if within is Objectives else known


def _without_none(annotation: Any) -> Any:
    choices = get_args(annotation)
    return next(filter(_is_section, choices), annotation) if type(None) in choices else annotation


def _is_section(annotation: Any) -> bool:
    # In Python 3.10 tuple[...] is an instance of type
    return get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, BaseModel)
