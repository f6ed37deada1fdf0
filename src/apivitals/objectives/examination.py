"""Everything that can be found out about a file by reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apivitals.objectives.checks import check
from apivitals.objectives.finding import Finding, error, warning
from apivitals.objectives.lines import Lines
from apivitals.objectives.objectives import Objectives
from apivitals.objectives.reading import Problem, checked, settings_problems
from apivitals.setting_values import MOST_BOUNDS
from apivitals.settings import UNUSABLE_TOKEN_FILE, Settings
from apivitals.settings_file import mapping

_BOUNDS = "duration_bounds_seconds"


class Examination:
    """A settings file and what was found in it; `objectives` is None where its values do not make any.

    Raises:
        SettingsError: the text is no YAML or has no keys.
    """

    def __init__(self, text: str, path: Path) -> None:
        content = mapping(text, path)
        self.lines = Lines(text)
        self.objectives, problems = checked(content)
        self.findings = [error(place, "is there twice, and only the last one counts") for place, _ in self.lines.twice]
        self.findings += [_finding(each) for each in (*problems, *settings_problems(content))]
        if self.objectives is not None:
            self.findings += [*_bounds(content, self.objectives), *check(self.objectives)]


def _finding(problem: Problem) -> Finding:
    """Take a token file that cannot be read for what it may be: on another machine, where the service runs."""
    if problem.type == UNUSABLE_TOKEN_FILE:
        return warning(problem.location, f"{problem.message}; on the service's machine it must be there")
    return error(problem.location, problem.message, problem.value)


def _bounds(content: Mapping[str, Any], objectives: Objectives) -> Iterator[Finding]:
    thresholds = set(objectives.thresholds_seconds())
    if _BOUNDS not in content:
        if len(thresholds.union(Settings.model_fields[_BOUNDS].default)) > MOST_BOUNDS:
            yield error((), f"{len(thresholds)} response times make over {MOST_BOUNDS} bucket bounds: use fewer")
        return
    try:
        missing = sorted(thresholds.difference(map(float, content[_BOUNDS])))
    except (TypeError, ValueError):  # which is said already
        return
    if missing:
        times = ", ".join(f"{seconds:g}" for seconds in missing)
        yield error((_BOUNDS,), f"lacks {times}, which objectives compare with; add it, or leave {_BOUNDS} out")
