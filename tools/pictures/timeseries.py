"""The time series panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tools.pictures.axes import ABOVE, BELOW, Axis, axis_of, draw_axis, draw_events, draw_thresholds, draw_times
from tools.pictures.data import Data, Shown
from tools.pictures.legend import Legend, legend
from tools.pictures.markup import path, svg, tag
from tools.pictures.palette import Theme
from tools.pictures.room import Room
from tools.pictures.scale import Scale
from tools.pictures.stacking import Layer, layers

_GAP = 8
_GAP_STEPS = 1.6
_SPARSE_PIXELS = 25
"""Points are marked where they are so far apart, or alone."""


def timeseries(data: Data, room: Room) -> str:
    """Draw it."""
    width, height, theme = room.width, room.height, room.theme
    shown = data.numbers()
    colors = series_colors(shown, theme)
    below = legend(data.panel.options.get("legend") or {}, list(zip(shown, colors, strict=True)), width, height)
    wide = width - (below.pixels + _GAP if below.side == "right" else 0)
    high = height - (below.pixels + _GAP / 2 if below.side == "bottom" else 0)
    return placed(_plot(data, layers(shown), colors, room.sized(wide, high)), below)


def placed(plot: str, legend_: Legend) -> str:
    """Put a legend beside or below what it belongs to."""
    return tag("div", plot, legend_.markup, class_=f"viz {legend_.side}")


def series_colors(shown: Sequence[Shown], theme: Theme) -> list[str]:
    """Choose a colour for each series."""
    made = []
    for position, one in enumerate(shown):
        color = one.config.content.get("color") or {}
        mode = color.get("mode") or "palette-classic"
        if mode in {"fixed", "shades"}:
            made.append(theme.color(str(color.get("fixedColor") or "green")))
        elif mode == "thresholds" or mode.startswith("continuous-"):
            numbers = [float(value) for value in one.field.values if isinstance(value, (int, float))]
            made.append(one.config.color(numbers[-1] if numbers else None, theme, 0.0, max(numbers, default=1.0)))
        else:
            made.append(theme.series(position))
    return made


def _plot(data: Data, stacked: Sequence[Layer], colors: Sequence[str], room: Room) -> str:
    width, height, theme = room.width, room.height, room.theme
    axes = _axes(stacked, height)
    beside = {
        side: max((axis.width for axis, _ in axes if axis.side == side), default=8.0) for side in ("left", "right")
    }
    left, right = beside["left"], width - max(beside["right"], 12)
    x = Scale(data.times.begin, data.times.end, left, right)
    bottom = height - BELOW
    parts = [draw_times(data.times, x, ABOVE, bottom, theme)]
    parts += [draw_axis(axis, left, right, theme, with_grid=number == 0) for number, (axis, _) in enumerate(axes)]
    if axes:
        parts.append(draw_thresholds(axes[0][0], left, right, theme))
    clip = f"clip{data.panel.id}"
    parts.append(tag("clipPath", tag("rect", x=left, y=0, width=max(right - left, 1), height=bottom + 1), id=clip))
    of = {id(layer): axis for axis, own in axes for layer in own}
    step = data.times.step_seconds()
    drawn = [
        _Line(layer, color, x, of[id(layer)].scale, step, theme).draw()
        for layer, color in zip(stacked, colors, strict=True)
    ]
    parts.append(tag("g", *drawn, clip_path=f"url(#{clip})"))
    parts.append(draw_events(data, x, ABOVE, bottom, theme))
    if axes:
        parts += [_exemplar(x(at), axes[0][0].scale(value), theme) for at, value, _ in data.exemplars]
    return svg(width, height, *parts)


def _axes(stacked: Sequence[Layer], height: float) -> list[tuple[Axis, list[Layer]]]:
    """Make an axis for each unit and side, as Grafana does."""
    groups: dict[tuple[str, str], list[Layer]] = {}
    for layer in stacked:
        custom = layer.shown.config.custom
        side = "right" if custom.get("axisPlacement") == "right" else "left"
        groups.setdefault((side, layer.shown.config.unit), []).append(layer)
    made = []
    for number, ((side, _), own) in enumerate(groups.items()):
        values = [value for layer in own for _, value in (*layer.points, *(layer.floor or ()))]
        own_side = "right" if number and side == "left" else side
        made.append((axis_of([layer.shown for layer in own], values, height, own_side), own))
    return made


@dataclass(frozen=True)
class _Line:
    layer: Layer
    color: str
    x: Scale
    y: Scale
    step: float
    theme: Theme

    def draw(self) -> str:
        custom = self.layer.shown.config.custom
        if custom.get("drawStyle") == "bars":
            return self._bars()
        pieces = self._pieces()
        fill = float(custom.get("fillOpacity") or 0) / 100
        parts = []
        style = custom.get("lineStyle") or {}
        dashes = " ".join(map(str, style.get("dash") or (10, 10))) if style.get("fill") == "dash" else None
        dashes = "0 6" if style.get("fill") == "dot" else dashes
        for top, floor in pieces:
            stepped = _stepped(top, str(custom.get("lineInterpolation") or "linear"))
            if fill and len(top) > 1:
                outline = path([*stepped, *reversed(floor)]) + "Z"
                parts.append(tag("path", d=outline, fill=self.color, opacity=fill, stroke="none"))
            if custom.get("drawStyle") != "points":
                thick = float(custom.get("lineWidth", 1))
                parts.append(
                    tag(
                        "path",
                        d=path(stepped),
                        fill="none",
                        stroke=self.color,
                        stroke_width=thick,
                        stroke_dasharray=dashes,
                        stroke_linecap="round" if style.get("fill") == "dot" else None,
                    )
                )
            if self._is_marked(top, custom):
                radius = float(custom.get("pointSize") or 5) / 2
                parts += [tag("circle", cx=x, cy=y, r=radius, fill=self.color) for x, y in top]
        return "".join(parts)

    def _pieces(self) -> list[tuple[list[tuple[float, float]], list[tuple[float, float]]]]:
        """Divide at gaps, unless the panel joins them."""
        floor = self.layer.floor or [(at, max(min(0.0, self.y.high), self.y.low)) for at, _ in self.layer.points]
        pieces: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]] = []
        before = None
        spans = bool(self.layer.shown.config.custom.get("spanNulls"))
        for (at, value), (_, below) in zip(self.layer.points, floor, strict=True):
            if before is None or (not spans and at - before > self.step * _GAP_STEPS):
                pieces.append(([], []))
            pieces[-1][0].append((self.x(at), self.y(value)))
            pieces[-1][1].append((self.x(at), self.y(below)))
            before = at
        return pieces

    def _is_marked(self, top: list[tuple[float, float]], custom: object) -> bool:
        settings = custom if isinstance(custom, dict) else {}
        showing = settings.get("showPoints") or "auto"
        if showing == "always" or settings.get("drawStyle") == "points" or len(top) == 1:
            return True
        return bool(showing == "auto" and (top[-1][0] - top[0][0]) / max(len(top) - 1, 1) > _SPARSE_PIXELS)

    def _bars(self) -> str:
        custom = self.layer.shown.config.custom
        pixels = max((self.x(self.x.low + self.step) - self.x.begin) * 0.8, 1.0)
        opacity = float(custom.get("fillOpacity") or 0) / 100
        floor = self.layer.floor or [(at, max(self.y.low, 0.0)) for at, _ in self.layer.points]
        return "".join(
            tag(
                "rect",
                x=self.x(at) - pixels / 2,
                y=min(self.y(value), self.y(below)),
                width=pixels,
                height=abs(self.y(below) - self.y(value)),
                fill=self.color,
                fill_opacity=opacity,
                stroke=self.color,
            )
            for (at, value), (_, below) in zip(self.layer.points, floor, strict=True)
        )


def _stepped(points: list[tuple[float, float]], how: str) -> list[tuple[float, float]]:
    if how not in {"stepAfter", "stepBefore"}:
        return points
    made = points[:1]
    for (x0, y0), (x1, y1) in pairwise(points):
        made += [(x1, y0) if how == "stepAfter" else (x0, y1), (x1, y1)]
    return made


def _exemplar(x: float, y: float, theme: Theme) -> str:
    corners = f"{x - 4:.1f},{y:.1f} {x:.1f},{y - 4:.1f} {x + 4:.1f},{y:.1f} {x:.1f},{y + 4:.1f}"
    return tag("polygon", points=corners, fill=theme.color("blue"), stroke=theme.panel)
