"""The text panel: as much Markdown as dashboards use."""

from __future__ import annotations

import re
from html import escape

from tools.pictures.data import Data
from tools.pictures.markup import tag
from tools.pictures.room import Room

_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\(([^)]+)\)"), r'<a href="\2">\1</a>'),
)
_LIST = re.compile(r"\s*(?:[-*]|\d+\.)\s+(.*)")
_HEADING = re.compile(r"(#{1,4})\s+(.*)")


def text(data: Data, room: Room) -> str:
    """Draw it."""
    content = data.filled.text(str(data.panel.options.get("content", "")))
    markup = content if data.panel.options.get("mode") == "html" else markdown(content)
    return tag("div", markup, class_="text", style=room.style)


def markdown(content: str) -> str:
    """Translate headings, lists, tables, links, emphasis and code."""
    made, items = [], []
    for block in [*content.split("\n"), ""]:
        listed = _LIST.fullmatch(block)
        if listed:
            items.append(tag("li", _inline(listed[1])))
            continue
        if items:
            made.append(tag("ul", *items))
            items = []
        heading = _HEADING.fullmatch(block)
        if heading:
            made.append(tag(f"h{len(heading[1])}", _inline(heading[2])))
        elif block.strip():
            made.append(tag("p", _inline(block)))
    return "".join(made)


def _inline(content: str) -> str:
    content = escape(content, quote=False)
    for pattern, replacement in _INLINE:
        content = pattern.sub(replacement, content)
    return content
