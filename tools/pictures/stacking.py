"""Series on top of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.pictures.data import Shown

Point = tuple[float, float]


@dataclass(frozen=True)
class Layer:
    """One series as it is drawn: its points, and those that it stands on."""

    shown: Shown
    points: list[Point]
    floor: list[Point] | None = None
    """What is under a stacked series, at the same times."""


def layers(shown: Sequence[Shown]) -> list[Layer]:
    """Stack what is to be stacked, group by group; hundred percent where that is asked for."""
    totals: dict[tuple[str, float], float] = {}
    for one in shown:
        mode, group = _stacking(one)
        if mode == "percent":
            for at, value in _points(one):
                totals[group, at] = totals.get((group, at), 0.0) + value
    heights: dict[tuple[str, float], float] = {}
    made = []
    for one in shown:
        mode, group = _stacking(one)
        points = _points(one)
        if mode == "none":
            made.append(Layer(one, points))
            continue
        floor, top = [], []
        for at, value in points:
            share = value / (totals[group, at] or 1.0) if mode == "percent" else value
            below = heights.get((group, at), 0.0)
            heights[group, at] = below + share
            floor.append((at, below))
            top.append((at, below + share))
        made.append(Layer(one, top, floor))
    return made


def _stacking(one: Shown) -> tuple[str, str]:
    stacking = one.config.custom.get("stacking") or {}
    return str(stacking.get("mode") or "none"), str(stacking.get("group") or "A")


def _points(one: Shown) -> list[Point]:
    sign = -1.0 if one.config.custom.get("transform") == "negative-Y" else 1.0
    return [
        (at, sign * float(value))
        for at, value in zip(one.times, one.field.values, strict=True)
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]
