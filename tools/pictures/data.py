"""What a panel shows: its queries' answers as frames, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.pictures.dashboard import Annotation, Panel, Target
from tools.pictures.field_config import Config, FieldConfig
from tools.pictures.frames import Field, Frame, frames
from tools.pictures.interpolation import Filled, UnknownVariableError
from tools.pictures.prometheus import Prometheus, QueryError, Series
from tools.pictures.steps import Times
from tools.pictures.transformations import transformed

_MOST_ANNOTATIONS = 200


@dataclass(frozen=True)
class Event:
    """An annotation's mark: one time, or from `begin` to `end`."""

    begin: float
    end: float
    color: str


@dataclass(frozen=True)
class Shown:
    """One field to draw: of a series, or one column."""

    field: Field
    times: Sequence[float]
    config: Config
    name: str


@dataclass(frozen=True)
class Data:
    """What a panel has to draw."""

    panel: Panel
    times: Times
    filled: Filled
    frames: Sequence[Frame] = ()
    errors: Sequence[str] = ()
    exemplars: Sequence[tuple[float, float, Mapping[str, str]]] = ()
    events: Sequence[Event] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(frame.length for frame in self.frames)

    def config(self, one: Field, frame: Frame) -> Config:
        """Return how a field is shown."""
        return FieldConfig(self.panel.field_config).of(one, frame)

    def numbers(self) -> list[Shown]:
        """Return the fields with values, without those that are hidden."""
        made = []
        for frame in self.frames:
            at = [float(one or 0) for one in frame.times.values] if frame.times else []
            for one in frame.fields:
                if one.kind == "number":
                    config = self.config(one, frame)
                    if not config.is_hidden:
                        made.append(Shown(one, at, config, config.name(one)))
        return made


def data_of(panel: Panel, prometheus: Prometheus, times: Times, filled: Filled, events: Sequence[Event] = ()) -> Data:
    """Ask all queries of a panel, as it would."""
    answers: list[Frame] = []
    errors: list[str] = []
    exemplars: list[tuple[float, float, Mapping[str, str]]] = []
    shown = [target for target in panel.targets if not target.hidden and target.expr]
    tables = sum(target.format == "table" for target in shown)
    for target in shown:
        try:
            answers += frames(target, ask(target, prometheus, filled), tables)
            if target.exemplar:
                exemplars += prometheus.exemplars(filled.query(target.expr, target.interval), times.begin, times.end)
        except (QueryError, UnknownVariableError) as error:
            errors.append(f"{target.ref}: {error}")
    try:
        answers = transformed(answers, panel.content.get("transformations") or ())
    except ValueError as error:
        errors.append(str(error))
    return Data(panel, times, filled, answers, errors, exemplars, events)


def ask(target: Target, prometheus: Prometheus, filled: Filled) -> list[Series]:
    """Ask one query, over the time that is shown or at its end.

    Raises:
        QueryError: it is wrong.
        UnknownVariableError: it uses a variable that there is not.
    """
    if filled.times is None:
        raise ValueError("to ask a query, it has to be said for which time")
    expr = filled.query(target.expr, target.interval)
    if target.instant:
        return prometheus.instant(expr, filled.times.end)
    step = filled.times.step_seconds(target.interval)
    return prometheus.range(expr, *filled.times.aligned(step), step)


def events_of(
    annotations: Sequence[Annotation], prometheus: Prometheus, times: Times, filled: Filled
) -> tuple[list[Event], list[str]]:
    """Ask the annotations that are on; the marks, and what was wrong. A series of marks a step apart is one region."""
    events: list[Event] = []
    errors: list[str] = []
    step = times.step_seconds()
    for one in annotations:
        if not one.expr or not one.enabled:
            continue
        try:
            answer = prometheus.range(filled.query(one.expr), *times.aligned(step), step)
        except (QueryError, UnknownVariableError) as error:
            errors.append(f"annotation {one.name}: {error}")
            continue
        for series in answer:
            events += _regions(series, step, str(one.content.get("iconColor") or "red"))
    return list(dict.fromkeys(events))[:_MOST_ANNOTATIONS], errors


def _regions(series: Series, step: float, color: str) -> list[Event]:
    made: list[Event] = []
    for at, value in series.points:
        if not value:
            continue
        if made and at - made[-1].end <= step * 1.5:
            made[-1] = Event(made[-1].begin, at, color)
        else:
            made.append(Event(at, at, color))
    return made
