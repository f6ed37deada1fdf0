"""How much room there is to draw in, and with which colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tools.pictures.palette import Theme


@dataclass(frozen=True)
class Room:
    """So many pixels, in a theme."""

    width: float
    height: float
    theme: Theme

    def sized(self, width: float | None = None, height: float | None = None) -> Room:
        """Return a part of it."""
        return replace(
            self, width=self.width if width is None else width, height=self.height if height is None else height
        )

    @property
    def style(self) -> str:
        """Its size, for an element."""
        return f"width:{self.width:.0f}px;height:{self.height:.0f}px"
