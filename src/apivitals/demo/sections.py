"""The parts that the view is made of, and which give way when the terminal is low."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType


@dataclass(frozen=True)
class Section:
    """One part, as wide as the view."""

    content: RenderableType
    dropped: int = 0
    """0 is always shown; of the others, those with the highest are left out first where the terminal is too low."""


def fitting(sections: Sequence[Section], height: int, height_of: Callable[[RenderableType], int]) -> Sequence[Section]:
    """Leave out sections, the most dispensable first, until the rest have no more lines than ``height``."""
    heights = [height_of(section.content) for section in sections]
    shown = list(zip(sections, heights, strict=True))
    while sum(lines for _, lines in shown) > height:
        most = max(section.dropped for section, _ in shown)
        if not most:
            break
        shown = [(section, lines) for section, lines in shown if section.dropped < most]
    return [section for section, _ in shown]
