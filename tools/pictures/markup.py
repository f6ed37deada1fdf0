"""HTML and SVG as text, and how wide a text is."""

from __future__ import annotations

from html import escape

_WIDTHS = {
    **dict.fromkeys("ijl", 222),
    **dict.fromkeys("!,./:;I[\\] tf", 278),
    **dict.fromkeys("()`r-", 333),
    **dict.fromkeys("{}|'\"*", 340),
    **dict.fromkeys("ckJsvxyz", 500),
    **dict.fromkeys("FTZ", 611),
    **dict.fromkeys("ABEKPSVXY&", 667),
    **dict.fromkeys("CDHNRUw", 722),
    **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("mM", 833),
    **dict.fromkeys("%W@…", 930),
}
"""Of Liberation Sans, in thousandths of the font's size; other characters have 556."""
_SPACED = 20
"""As much is put between letters, for Inter, which Grafana writes with, is wider."""
FONT = "'Liberation Sans', Arial, Helvetica, sans-serif"


def tag(name: str, *children: str, **attributes: object) -> str:
    """Write an element. Children are markup, attributes are escaped; ``_`` is written ``-``, at the end it goes."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    written = "".join(f' {key}="{escape(_attribute(value))}"' for key, value in given.items())
    return f"<{name}{written}>{''.join(children)}</{name}>"


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, in pixels."""
    return sum(_WIDTHS.get(letter, 556) + _SPACED for letter in text) * size / 1000


def cut(text: str, size: float, width: float) -> str:
    """Shorten a text until it fits, with an ellipsis to show that it did not."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def label(text: str, x: float, y: float, *, size: float = 12, anchor: str = "start", **attributes: object) -> str:
    """Write a text in SVG."""
    return tag("text", escape(text), x=x, y=y, font_size=size, text_anchor=anchor, **attributes)


def svg(width: float, height: float, *children: str, **attributes: object) -> str:
    """Write a drawing."""
    size = {"width": width, "height": height, "viewBox": f"0 0 {_attribute(width)} {_attribute(height)}"}
    return tag("svg", *children, **size, **attributes)


def path(points: list[tuple[float, float]]) -> str:
    """Write a line through points."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) if points else ""


def _attribute(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
