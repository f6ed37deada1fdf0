"""Pictures of dashboards: what is drawn, and once a real one."""

import tempfile
import time
import zlib
from pathlib import Path

import pytest

from tests.dashboards.dashboard import good, panel, read, target
from tests.dashboards.gallery import gallery
from tests.dashboards.written import RECENT_SECONDS, RECENT_STEP, written_prometheus
from tests.support.dashboards import Prometheus, Times, queries
from tests.support.servers import needs
from tools.pictures.browser import screenshot
from tools.pictures.layout import places
from tools.pictures.page import MADE_BY, Artist
from tools.pictures.palette import DARK, LIGHT, THEMES

WIDTH = 1280


@pytest.fixture(scope="module")
def artist():
    known = [query for query in queries(gallery()) if "nothing" not in query.expr]
    with (
        tempfile.TemporaryDirectory(prefix="written-") as directory,
        written_prometheus(known, Path(directory)) as server,
    ):
        now = time.time() // RECENT_STEP * RECENT_STEP
        times = Times(now - RECENT_SECONDS + RECENT_STEP, now, RECENT_STEP)
        yield lambda theme="dark": Artist(Prometheus(server.url), times, THEMES[theme], WIDTH)


@pytest.fixture(scope="module")
def page(artist):
    return artist().page(gallery())


def section(page, title):
    """The markup of one panel."""
    return next(part for part in page.markup.split("<section") if f">{title}<" in part)


def test_every_kind_is_drawn_and_what_is_empty_is_said(page):
    assert page.faults == ["Empty: no data"]
    assert "No data" in section(page, "Empty")
    assert "does not draw" not in page.markup


def test_the_page_says_how_it_was_made(page):
    assert MADE_BY.partition("'")[0] in page.markup


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Panel 1", ["%</tspan>", f'fill="{DARK.color("green")}"', "<path"]),
        ("Panel 2", ["A", "%<"]),
        ("Panel 3", ["critical", "req/s", "<rect"]),
        ("Panel 4", ["critical  ", "%<", "<circle"]),
        ("Panel 5", ["Mean", "Max", 'stroke-dasharray="6 6"', f'stroke="{DARK.color("red")}"', "req/s"]),
        ("Panel 6", ["requests</text>", 'opacity="0.4"', "entry"]),
        ("Panel 7", ["500 ms", "<rect", DARK.heat("Blues", 1.0)]),
        ("Panel 8", ["Rate ↓", "p95", "s</td>", "var-job=written", "/d/good?from="]),
        ("Panel 9", ["good", f'fill="{DARK.color("blue")}"']),
        ("Words", ["<h2>Read me</h2>", "<em>one</em>", "<code>two</code>", 'href="https://example.org/x"']),
    ],
)
def test_it_shows(page, title, parts):
    drawn = section(page, title)
    assert [part for part in parts if part not in drawn] == []


def test_the_themes_have_their_colours(artist, page):
    light = artist("light").page(gallery()).markup
    assert LIGHT.panel in light
    assert LIGHT.color("red") in light
    assert DARK.panel in page.markup
    assert DARK.panel not in light


def test_a_query_that_is_wrong_is_seen(artist):
    content = good()
    content["panels"] = [
        panel(1, "timeseries", target("sum(")),
        panel(2, "stat", target('up{job="$service"}'), y=8),
        panel(3, "graph", target("up"), y=16),
        panel(4, "table", target("up"), y=24, transformations=[{"id": "groupBy", "options": {}}]),
    ]
    made = artist().page(read(content))
    said = dict(fault.split(": ", 1) for fault in made.faults)
    assert "parse error" in said["Panel 1"]
    assert "$service is no variable" in said["Panel 2"]
    assert "does not draw" in section(made, "Panel 3")
    assert "groupBy" in said["Panel 4"]


def test_panels_are_where_grafana_puts_them():
    """24 columns and gaps of 8 pixels fill the width; a line is 30 pixels high."""
    placed = places(gallery(), 1248, opens_rows=True)
    assert (placed[0].x, placed[0].y, placed[0].height) == (0, 0, 4 * 30 + 3 * 8)
    assert [one.x + one.width for one in placed if one.panel.grid[0] + one.panel.grid[2] == 24] == pytest.approx(
        [1248] * 4
    )
    assert placed[4].y == placed[0].height + 8
    assert placed[5].x - (placed[4].x + placed[4].width) == pytest.approx(8)


def test_an_opened_row_pushes_down_what_follows():
    content = good()
    inside = [panel(5, "stat", target("up"), y=9), panel(6, "stat", target("up"), y=17)]
    row = {"type": "row", "title": "R", "id": 4, "collapsed": True, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}}
    content["panels"] = [panel(1, "stat", target("up")), {**row, "panels": inside}, panel(7, "stat", target("up"), y=9)]

    def lines(*, opens_rows):
        return {one.panel.id: round(one.y / 38) for one in places(read(content), 1248, opens_rows=opens_rows)}

    assert lines(opens_rows=False) == {1: 0, 4: 8, 7: 9}
    assert lines(opens_rows=True) == {1: 0, 4: 8, 5: 9, 6: 17, 7: 25}


def test_a_browser_draws_it(page, tmp_path):
    needs("chromium")
    file = tmp_path / "picture.png"
    screenshot(page.markup, file, WIDTH, page.height)
    width, height, lines = png(file.read_bytes())
    assert (width, height) == (WIDTH, page.height)
    assert len(set(lines)) > height / 4, "almost all lines are the same: the picture is blank"


def png(content):
    """Width, height, and the lines of a PNG, each with its filter."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    packed = b""
    at = 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] == b"IDAT":
            packed += content[at + 8 : at + 8 + length]
        at += 12 + length
    pixels = zlib.decompress(packed)
    size = len(pixels) // height
    return width, height, [pixels[number * size : (number + 1) * size] for number in range(height)]
