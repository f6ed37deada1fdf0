"""Grafana's transformations, those that the dashboards use: frames in, frames out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tools.pictures.frames import Field, Frame, Value
from tools.pictures.reducers import NAMES, reduced

Options = Mapping[str, Any]


def transformed(frames: Sequence[Frame], transformations: Sequence[Options]) -> list[Frame]:
    """Apply them in their order.

    Raises:
        ValueError: one is not known here.
    """
    made = list(frames)
    for one in transformations:
        if one.get("disabled"):
            continue
        apply = _TRANSFORMATIONS.get(str(one.get("id")))
        if apply is None:
            raise ValueError(f"the transformation {one.get('id')!r} is not drawn")
        made = apply(made, one.get("options") or {})
    return made


def _merge(frames: list[Frame], _: Options) -> list[Frame]:
    """Put into one line what agrees in every text."""
    frames = [frame for frame in frames if frame.length]
    if len(frames) < 2:  # noqa: PLR2004 (nothing to merge)
        return frames
    keys = [one.name for one in frames[0].fields if all(_has(frame, one.name) for frame in frames)]
    keys = [key for key in keys if not any(_is_number(frame, key) for frame in frames)]
    return [_joined(frames, keys, keep_all=True)]


def _join_by_field(frames: list[Frame], options: Options) -> list[Frame]:
    by = options.get("byField")
    frames = [frame for frame in frames if frame.length]
    if len(frames) < 2 or by is None:  # noqa: PLR2004 (nothing to join)
        return frames
    shown = [frame for frame in frames if frame.named(str(by))]
    return [_joined(shown, [str(by)], keep_all=options.get("mode") != "inner")]


def _joined(frames: list[Frame], keys: list[str], *, keep_all: bool) -> Frame:
    lines: dict[tuple[Value, ...], dict[int, int]] = {}
    for position, frame in enumerate(frames):
        columns = [_found(frame, key).values for key in keys]
        for line in range(frame.length):
            lines.setdefault(tuple(column[line] for column in columns), {})[position] = line
    kept = {key: at for key, at in lines.items() if keep_all or len(at) == len(frames)}
    fields = [
        replace(_found(frames[0], name), values=[key[number] for key in kept]) for number, name in enumerate(keys)
    ]
    taken = set(keys)
    for position, frame in enumerate(frames):
        for one in frame.fields:
            if one.name in keys or one.shown in keys:
                continue
            values = [one.values[at[position]] if position in at else None for at in kept.values()]
            name = one.name if one.name not in taken else f"{one.name} {position + 1}"
            taken.add(one.name)
            fields.append(replace(one, name=name, values=values))
    return Frame(frames[0].ref, tuple(fields))


def _organize(frames: list[Frame], options: Options) -> list[Frame]:
    renamed, order = options.get("renameByName") or {}, options.get("indexByName") or {}
    out = {name for name, excluded in (options.get("excludeByName") or {}).items() if excluded}
    kept = {name for name, included in (options.get("includeByName") or {}).items() if included}
    made = []
    for frame in frames:
        fields = [one for one in frame.fields if not {one.name, one.shown} & out]
        fields = [one for one in fields if not kept or {one.name, one.shown} & kept]
        fields.sort(key=lambda one: order.get(one.shown, order.get(one.name, math.inf)))
        made.append(frame.with_fields(_renamed(one, renamed.get(one.shown) or renamed.get(one.name)) for one in fields))
    return made


def _rename_by_regex(frames: list[Frame], options: Options) -> list[Frame]:
    pattern = re.compile(str(options.get("regex", "")))
    into = re.sub(r"\$(\d)", r"\\\1", str(options.get("renamePattern", "")))
    return [frame.with_fields(_renamed(one, pattern.sub(into, one.shown)) for one in frame.fields) for frame in frames]


def _filter_by_name(frames: list[Frame], options: Options) -> list[Frame]:
    included, excluded = options.get("include") or {}, options.get("exclude") or {}

    def is_kept(one: Field) -> bool:
        named = set(included.get("names") or ())
        if named or included.get("pattern"):
            return one.shown in named or _fits(included.get("pattern"), one.shown)
        return not (one.shown in set(excluded.get("names") or ()) or _fits(excluded.get("pattern"), one.shown))

    kept = (frame.with_fields(filter(is_kept, frame.fields)) for frame in frames)
    return [frame for frame in kept if frame.fields]


def _labels_to_fields(frames: list[Frame], options: Options) -> list[Frame]:
    """Make a column of each label; with `valueLabel`, that label's value names the column of the values."""
    value_label = options.get("valueLabel")
    made = []
    for frame in frames:
        labels = {name: value for one in frame.fields for name, value in one.labels.items()}
        wanted = options.get("keepLabels") or list(labels)
        columns = [
            Field(name, "string", [labels.get(name, "")] * frame.length) for name in wanted if name != value_label
        ]
        own = [
            one
            if one.kind == "time"
            else replace(
                one, labels={}, display="", name=labels.get(str(value_label), one.name) if value_label else one.name
            )
            for one in frame.fields
        ]
        times = [one for one in own if one.kind == "time"]
        made.append(frame.with_fields([*times, *columns, *(one for one in own if one.kind != "time")]))
    return _merge(made, {}) if value_label else made


def _sort_by(frames: list[Frame], options: Options) -> list[Frame]:
    made = []
    for frame in frames:
        sorting = (options.get("sort") or [{}])[0]
        by = frame.named(str(sorting.get("field")))
        if by is None:
            made.append(frame)
            continue
        order = sorted(range(frame.length), key=lambda at, by=by: _rank(by.values[at]))  # type: ignore[misc]  # mypy cannot infer a lambda's default
        order = order[::-1] if sorting.get("desc") else order
        made.append(frame.with_fields(replace(one, values=[one.values[at] for at in order]) for one in frame.fields))
    return made


def _limit(frames: list[Frame], options: Options) -> list[Frame]:
    count = int(options.get("limitField") or 10)
    return [frame.with_fields(replace(one, values=one.values[:count]) for one in frame.fields) for frame in frames]


def _reduce(frames: list[Frame], options: Options) -> list[Frame]:
    """Make a line of each series: its name, its labels if asked for, and what its values are reduced to."""
    numbers = [one for frame in frames for one in frame.fields if one.kind == "number"]
    names = sorted({name for one in numbers for name in one.labels}) if options.get("labelsToFields") else []
    columns = [Field("Field", "string", [one.shown for one in numbers])]
    columns += [Field(name, "string", [one.labels.get(name, "") for one in numbers]) for name in names]
    for reducer in options.get("reducers") or ("max",):
        columns.append(Field(NAMES[reducer], "number", [reduced(reducer, one.values) for one in numbers]))
    return [Frame(frames[0].ref if frames else "A", tuple(columns))]


def _series_to_rows(frames: list[Frame], _: Options) -> list[Frame]:
    lines = [
        (at, one.shown, value)
        for frame in frames
        if frame.times
        for one in frame.fields
        if one.kind == "number"
        for at, value in zip(frame.times.values, one.values, strict=True)
    ]
    columns = (
        Field("Time", "time", [at for at, _, _ in lines]),
        Field("Metric", "string", [name for _, name, _ in lines]),
        Field("Value", "number", [value for _, _, value in lines]),
    )
    return [Frame("A", columns)]


def _renamed(one: Field, name: str | None) -> Field:
    return replace(one, display=name) if name else one


def _has(frame: Frame, name: str) -> bool:
    return frame.named(name) is not None


def _found(frame: Frame, name: str) -> Field:
    found = frame.named(name)
    if found is None:
        raise ValueError(f"query {frame.ref} has no field {name!r} to join by")
    return found


def _is_number(frame: Frame, name: str) -> bool:
    return _found(frame, name).kind == "number"


def _fits(pattern: Any, name: str) -> bool:
    return bool(pattern) and re.search(str(pattern).strip("/"), name) is not None


def _rank(value: Value) -> tuple[int, float, str]:
    if isinstance(value, str):
        return 2, 0.0, value
    return (0, 0.0, "") if value is None or math.isnan(value) else (1, float(value), "")


_TRANSFORMATIONS: dict[str, Callable[[list[Frame], Options], list[Frame]]] = {
    "merge": _merge,
    "joinByField": _join_by_field,
    "seriesToColumns": _join_by_field,
    "organize": _organize,
    "renameByRegex": _rename_by_regex,
    "filterFieldsByName": _filter_by_name,
    "labelsToFields": _labels_to_fields,
    "sortBy": _sort_by,
    "limit": _limit,
    "reduce": _reduce,
    "seriesToRows": _series_to_rows,
}
