"""The page's style sheet, of a theme."""

from __future__ import annotations

from tools.pictures.markup import FONT
from tools.pictures.palette import Theme

_SHEET = """
* { box-sizing: border-box; }
body { margin: 0; background: CANVAS; color: TEXT; font: 14px/1.5 FONT; letter-spacing: 0.02em; }
svg { display: block; overflow: visible; } svg text { font-family: FONT; letter-spacing: 0.02em; }
a { color: LINK; text-decoration: none; }
.bar { display: flex; align-items: center; gap: 8px; padding: 10px 16px; }
.bar h1 { font-size: 16px; font-weight: 500; margin: 0 auto 0 0; }
.bar .box, .variables .box {
  border: 1px solid BORDER;
  background: INPUT;
  border-radius: 2px;
  padding: 3px 8px;
  font-size: 13px;
}
.variables { display: flex; flex-wrap: wrap; gap: 8px; padding: 0 16px 12px; align-items: center; }
.variables .name {
  background: PANEL;
  border: 1px solid BORDER;
  border-right: 0;
  padding: 3px 8px;
  font-size: 12px;
  font-weight: 500;
  line-height: 20px;
}
.variables .one { display: flex; max-width: 360px; white-space: nowrap; }
.variables .box { overflow: hidden; text-overflow: ellipsis; line-height: 20px; }
.variables .links { margin-left: auto; display: flex; gap: 8px; flex-wrap: wrap; }
.grid { position: relative; margin: 0 16px; }
.panel {
  position: absolute;
  background: PANEL;
  border: 1px solid BORDER;
  border-radius: 2px;
  overflow: hidden;
}
.panel.clear { background: none; border-color: transparent; }
.panel header {
  height: 32px;
  padding: 0 8px;
  line-height: 32px;
  font-weight: 500;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
}
.panel header sup {
  color: SECONDARY;
  font-weight: 400;
  margin-left: 4px;
  font-size: 10px;
  border: 1px solid BORDER;
  border-radius: 50%;
  padding: 0 4px;
}
.panel .inside { padding: 0 8px 8px; }
.row { position: absolute; font-weight: 500; font-size: 16px; white-space: nowrap; overflow: hidden; }
.row i { font-style: normal; color: SECONDARY; margin-right: 6px; }
.viz.right { display: flex; justify-content: space-between; }
.legend { overflow: auto; font-size: 12px; line-height: 22px; }
.legend.bottom { margin-top: 4px; }
.legend .list.bottom { display: flex; flex-wrap: wrap; gap: 0 16px; }
.legend .list.right .entry { display: block; }
.legend .entry { white-space: nowrap; }
.legend i {
  display: inline-block;
  width: 14px;
  height: 4px;
  border-radius: 2px;
  margin: 0 8px 2px 0;
  vertical-align: middle;
}
.legend b { font-weight: 400; color: SECONDARY; margin-left: 8px; }
.legend table { border-collapse: collapse; width: 100%; }
.legend th { color: LINK; font-weight: 500; text-align: left; padding: 0 8px 0 0; }
.legend td { padding: 0 8px 0 0; white-space: nowrap; border-top: 1px solid BORDER; line-height: 21px; }
.legend .n { text-align: right; }
.stats { display: flex; gap: 6px; }
.scrolls { overflow: auto; }
.table { overflow: auto; }
.table table { border-collapse: collapse; table-layout: fixed; }
.table th {
  text-align: left;
  font-weight: 500;
  color: TEXT;
  padding: 6px;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
  font-size: 13px;
}
.table td {
  border-top: 1px solid BORDER;
  border-right: 1px solid BORDER;
  padding: 6px;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
  font-size: 14px;
  line-height: 1.3;
}
.table .n { text-align: right; }
.table .gauged { display: flex; align-items: center; gap: 8px; }
.table .gauged > span { min-width: 64px; text-align: right; }
.table i.gauge {
  flex: 1;
  height: 16px;
  background: BORDER;
  display: block;
}
.table i.gauge i {
  display: block;
  height: 100%;
}
.text {
  overflow: auto;
}
.text p {
  margin: 0 0 8px;
}
.text ul {
  margin: 0 0 8px;
  padding-left: 20px;
}
.text h1, .text h2, .text h3, .text h4 {
  margin: 0 0 8px;
  font-weight: 500;
  line-height: 1.2;
}
.text code {
  background: CANVAS;
  border: 1px solid BORDER;
  border-radius: 2px;
  padding: 0 4px;
  font-size: 12px;
}
.said {
  display: flex;
  align-items: center;
  justify-content: center;
  text-align: center;
  white-space: pre-wrap;
  overflow: auto;
  font-size: 13px;
}
.said.quiet { color: SECONDARY; font-size: 18px; }
.wrong { color: RED !important; font-weight: 700; }
.hides-right { box-shadow: inset -4px 0 0 RED; }
.hides-below { box-shadow: inset 0 -2px 0 SECONDARY; }
.hides-right.hides-below { box-shadow: inset -4px 0 0 RED, inset 0 -2px 0 SECONDARY; }
.outside { outline: 3px solid RED; }
footer { color: SECONDARY; font-size: 12px; padding: 12px 16px 16px; }
"""


def style(theme: Theme) -> str:
    """Return the style sheet."""
    values = {
        "CANVAS": theme.canvas,
        "PANEL": theme.panel,
        "BORDER": theme.border,
        "SECONDARY": theme.secondary,
        "TEXT": theme.text,
        "LINK": theme.link,
        "INPUT": theme.input,
        "RED": theme.color("red"),
        "FONT": FONT,
    }
    sheet = _SHEET
    for name, value in values.items():
        sheet = sheet.replace(name, value)
    return sheet
