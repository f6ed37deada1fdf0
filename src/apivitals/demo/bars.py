"""Stacked bars: a character and a colour for each component, so that they can be told apart without colours too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

_SEPARATOR = "  "


@dataclass(frozen=True)
class Fill:
    """How a component's part of a bar looks. Colours are ones that show on dark and on light ground."""

    character: str
    style: str = ""


_FILLS = {
    "database": Fill("█", "blue"),
    "cache": Fill("▀", "cyan"),
    "external": Fill("▓", "magenta"),
    "messaging": Fill("▌", "cyan"),
    "gen_ai": Fill("▒", "green"),
    "endpoint": Fill("░"),
    "threadpool_wait": Fill("!", "red"),
    "dependencies": Fill("+", "dim"),
    "serialization": Fill("~", "dim"),
    "middleware": Fill("-", "dim"),
    "receive": Fill("<", "dim"),
    "send": Fill(">", "dim"),
}
_FIRST_PHASE = "endpoint"
_OTHERS = (Fill("▚", "cyan"), Fill("▄", "blue"), Fill("▞", "green"), Fill("▐", "magenta"), Fill("#"), Fill("*"))
"""For the names that ``track()`` was given, in alphabetical order; the last one is for all that come after."""


def fills(components: Iterable[str]) -> dict[str, Fill]:
    """Choose how each component looks, in the order of a bar: what was called, what ``track()`` named, the phases."""
    known = list(_FILLS)
    calls, phases = known[: known.index(_FIRST_PHASE)], known[known.index(_FIRST_PHASE) :]
    present = set(components)
    others = sorted(present - _FILLS.keys())
    chosen = {name: _OTHERS[min(number, len(_OTHERS) - 1)] for number, name in enumerate(others)}
    return {name: chosen.get(name) or _FILLS[name] for name in (*calls, *others, *phases) if name in present}


def divide_among(looks: Mapping[str, Fill], seconds: Mapping[str, float], cells: int) -> dict[str, int]:
    """Divide a bar's cells among the components as the seconds are."""
    return dict(zip(looks, divide([seconds.get(component, 0.0) for component in looks], cells), strict=True))


def bar(looks: Mapping[str, Fill], cells: Mapping[str, int]) -> Text:
    """Draw a bar in which each component has so many cells, in the order of ``looks``."""
    drawn = Text()
    for component, fill in looks.items():
        drawn.append(fill.character * cells[component], style=fill.style)
    return drawn


def divide(values: Sequence[float], cells: int) -> list[int]:
    """Divide cells among values of at least zero, as evenly as whole numbers can be (largest remainders).

    All zero where the values are.
    """
    total = sum(values)
    if not total > 0:
        return [0 for _ in values]
    exact = [value / total * cells for value in values]
    whole = [int(cell) for cell in exact]
    by_remainder = sorted(range(len(values)), key=lambda index: whole[index] - exact[index])
    for index in by_remainder[: cells - sum(whole)]:
        whole[index] += 1
    return whole


def legend(looks: Mapping[str, Fill], width: int) -> list[Text]:
    """Name the components beside their characters, on as many lines as it takes."""
    lines = [Text()]
    for component, fill in looks.items():
        entry = Text.assemble((fill.character * 2, fill.style), f" {component}")
        if lines[-1] and len(lines[-1]) + len(_SEPARATOR) + len(entry) > width:
            lines.append(Text())
        lines[-1].append_text(Text(_SEPARATOR if lines[-1] else "").append_text(entry))
    return lines
