"""What the view says, not how it is laid out: each number is in the line of what it belongs to."""

import dataclasses
import io
import math
import re

import pytest
from rich.console import Console

from apivitals.demo.scrape import Scrape
from apivitals.demo.view import View
from apivitals.demo.vital_signs import Route, compare
from tests.demo.shop_text import earlier, later

SHOW = Route("GET", "/videos/{video_id}", "high")


@pytest.fixture
def view():
    return View(
        report=compare(earlier(), later()),
        shop_url="http://127.0.0.1:8000",
        elapsed_seconds=83,
        highest_rate=30,
        history={SHOW: [0.0, 5.0, 10.0]},
    )


def drawn(view, width=120):
    written = io.StringIO()
    Console(width=width, file=written, force_terminal=False, color_system=None).print(view)
    return written.getvalue()


def line(text, beginning):
    """Return the rest of the one line that begins so, without its alignment."""
    found = [line for line in text.splitlines() if line.startswith(beginning)]
    assert len(found) == 1, text
    return " ".join(found[0].removeprefix(beginning).split())


def test_a_route_has_its_numbers_in_its_line(view):
    assert line(drawn(view), "GET /videos/{video_id} ") == "high 10.0 50.0 ms 95.0 ms 99.0 ms 47.5 ms 0 % 3 ▁▅█"
    assert line(drawn(view), "POST /checkout ") == "critical 4.0 75.0 ms 97.5 ms 99.5 ms 97.5 ms 25.0 % 0"


def test_requests_without_a_route_are_shown_as_such(view):
    assert line(drawn(view), "GET (no route)").startswith("medium")


def test_a_priority_has_its_numbers_in_its_line(view):
    assert line(drawn(view), "high ") == "10.0 50.0 ms 95.0 ms 99.0 ms 47.5 ms 0 % 3 2.50 MB/s 0 B/s"


def test_what_matters_most_comes_first(view):
    text = drawn(view)
    positions = [text.index(f"\n{name} ") for name in ("critical", "high", "medium", "low")]
    assert positions == sorted(positions)
    assert text.index("POST /checkout") < text.index("GET /videos") < text.index("GET (no") < text.index("GET /reports")


def test_the_whole_service_is_summed_up(view):
    text = drawn(view)
    for words in ("15.5 req/s", "errors 6.5 %", "3 in flight", "2.50 MB/s sent", "305 requests", "last 10 s of 1:23"):
        assert words in text


def test_errors_are_listed_by_type_the_most_frequent_first(view):
    assert line(drawn(view), "errors ") == "502 0.8/s PaymentUnclearError 0.2/s"


def test_no_errors_are_said_to_be_none(view):
    assert line(drawn(dataclasses.replace(view, report=compare(later(1), later(2)))), "errors ") == "none"


def test_websocket_sessions_have_a_line(view):
    text = line(drawn(view), "WebSocket ")
    for words in ("/videos/{video_id}/viewers", "3 open", "messages 5.0/s in 12.0/s out", "session p50 750 ms"):
        assert words in text


def test_the_machine_has_a_line(view):
    assert line(drawn(view, 130), "machine ") == (
        "CPU 40.0 % of one container's 34.0 % memory 62.0 MB container's 50.0 % loop up to 12.3 ms late GPU 77.0 %"
    )
    assert "GPU" not in drawn(view, 110), "what has no room is left out, not cut"


def test_what_is_not_known_of_the_machine_is_not_shown(view):
    assert "machine" not in drawn(dataclasses.replace(view, report=compare(Scrape(1), Scrape(2))))


def test_the_footer_is_a_command_that_can_be_copied(view):
    assert re.search(r"^curl http://127\.0\.0\.1:8000/metrics\s", drawn(view), re.MULTILINE)


def test_prometheus_is_named_where_it_runs(view):
    assert "http://127.0.0.1:9090" not in drawn(view)
    assert "http://127.0.0.1:9090" in drawn(dataclasses.replace(view, prometheus_url="http://127.0.0.1:9090"))


def test_once_the_shop_is_closed_no_command_is_offered(view):
    text = drawn(dataclasses.replace(view, running=False))
    assert "curl" not in text
    assert "Ctrl-C" not in text
    assert "http://127.0.0.1:8000/metrics" in text


def test_what_the_load_could_not_do_is_admitted(view):
    assert "without an answer" not in drawn(view)
    text = drawn(dataclasses.replace(view, unanswered=2, skipped=7))
    assert "without an answer: 2" in text
    assert "too many in flight: 7" in text


@pytest.mark.parametrize("width", [80, 100, 110, 120, 160])
def test_every_line_fits_the_terminal_and_no_number_is_cut(view, width):
    text = drawn(view, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "25.0 %" in line(text, "POST /checkout ")


@pytest.mark.parametrize("width", [100, 120])
def test_at_the_usual_widths_all_columns_are_there(view, width):
    assert line(drawn(view, width), "GET /videos/{video_id} ").startswith("high")
    assert "99.0 ms" in line(drawn(view, width), "GET /videos/{video_id} ")
    assert "minute" in drawn(view, width)


def test_a_low_terminal_keeps_the_routes_and_loses_the_priorities(view):
    whole = len(drawn(view).splitlines())
    low = drawn(dataclasses.replace(view, height=whole - 1))
    assert len(low.splitlines()) <= whole - 1
    assert "by priority" not in low
    assert "POST /checkout" in low
    assert "curl" in low
    assert "by priority" in drawn(dataclasses.replace(view, height=whole))


def test_a_service_that_nobody_has_visited_is_drawn_without_numbers():
    report = compare(Scrape(1), Scrape(2))
    text = drawn(View(report=report, shop_url="http://127.0.0.1:1", elapsed_seconds=1, highest_rate=1))
    assert "0.0 req/s" in text
    assert "nan" not in text.lower()
    assert math.isnan(report.total.response_time_p50_seconds)


def test_colours_are_ones_that_show_on_dark_and_on_light(view):
    console = Console(width=120, record=True, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(view)
    codes = set(re.findall(r"\x1b\[([\d;]+)m", console.export_text(styles=True)))
    used = {int(code) for group in codes for code in group.split(";")}
    # Bold, dim, not bold, red and magenta: no white, no black, no yellow, no background.
    assert used <= {0, 1, 2, 22, 31, 35}
    assert 31 in used
