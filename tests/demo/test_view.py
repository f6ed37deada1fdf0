"""What the view says, not how it is laid out: each number is in the line of what it belongs to."""

import dataclasses
import io
import itertools
import math
import re

import pytest
from rich.console import Console

from apivitals.demo.breakdown import Breakdown
from apivitals.demo.route import Route
from apivitals.demo.scrape import Scrape
from apivitals.demo.view import View
from apivitals.demo.vital_signs import compare
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


def table(text):
    """Return the table by route."""
    return text.partition("where the time went")[0]


def bars(text):
    """Return the part with the bars."""
    return text.partition("where the time went")[2].partition("\n\n")[0]


def test_a_route_has_its_numbers_in_its_line(view):
    assert line(table(drawn(view)), "GET /videos/{video_id} ") == "high 10.0 50.0 ms 95.0 ms 99.0 ms 47.5 ms 0 % 3 ▁▅█"
    assert line(table(drawn(view)), "POST /checkout ") == "critical 4.0 75.0 ms 97.5 ms 99.5 ms 97.5 ms 25.0 % 0"


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


def test_a_route_shows_where_its_time_went(view):
    text = bars(drawn(view))
    assert re.fullmatch(
        r"40\.0 ms █{23}░{8} database 75 % endpoint 25 % database 9\.0", line(text, "GET /videos/{video_id}")
    )
    assert re.fullmatch(r"65\.0 ms ▓+\++ external 92 % dependencies 8 %", line(text, "POST /checkout"))
    assert line(text, "██ database") == "▓▓ external ░░ endpoint ++ dependencies"


def test_routes_are_in_one_order_in_both_parts(view):
    text = bars(drawn(view))
    assert text.index("POST /checkout") < text.index("GET /videos/{video_id}")


def test_caches_have_a_line(view):
    assert line(drawn(view), "cache ") == "lists 75.0 % hits of 0.8/s synopses 0 % hits of 0.5/s"


def test_tracked_operations_have_a_line(view):
    assert line(drawn(view), "video ") == "thumbnails 48.0 frames/s 2.5 runs/s p95 93.8 ms DamagedClipError 0.5/s"


def test_ai_models_have_a_line(view):
    assert line(drawn(view, 140), "AI ") == (
        "partner story-large 1.2 calls/s p95 476 ms 429 0.2/s "
        "48.0 tokens/s out 8.00 tokens/s in first chunk p95 47.5 ms"
    )
    assert line(drawn(view, 80), "AI ") == "partner story-large 1.2 calls/s p95 476 ms 429 0.2/s"


def test_a_service_with_none_of_it_has_none_of_these_lines(view):
    text = drawn(dataclasses.replace(view, report=compare(Scrape(1), Scrape(2))))
    assert not re.search("^(cache|video|AI|where the time went)", text, re.MULTILINE)


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


@pytest.mark.parametrize("width", [80, 90, 100, 110, 120, 160])
def test_every_line_fits_the_terminal_and_no_number_is_cut(view, width):
    text = drawn(view, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "25.0 %" in line(table(text), "POST /checkout ")


@pytest.mark.parametrize("width", [100, 120])
def test_at_the_usual_widths_all_columns_are_there(view, width):
    assert line(table(drawn(view, width)), "GET /videos/{video_id} ").startswith("high")
    assert "99.0 ms" in line(table(drawn(view, width)), "GET /videos/{video_id} ")
    assert "minute" in drawn(view, width)


def test_a_low_terminal_loses_the_priorities_then_bars_then_calls_then_the_legend(view):
    parts = ["by priority", "where the time went", "AI  ", "time: to the last", "POST /checkout", "curl"]
    whole = len(drawn(view).splitlines())
    shown = []
    for height in range(whole, 0, -1):
        text = drawn(dataclasses.replace(view, height=height))
        shown.append([part for part in parts if part in text])
        assert len(text.splitlines()) <= height or shown[-1] == parts[4:]
    assert [seen for seen, _ in itertools.groupby(shown)] == [parts, parts[1:], parts[2:], parts[3:], parts[4:]]


def test_twelve_routes_fit_the_smallest_usual_terminal(view):
    (vitals, *_) = view.report.by_route.values()
    by_route = {Route("GET", f"/videos/{number}", "high"): vitals for number in range(12)}
    report = dataclasses.replace(view.report, by_route=by_route)
    text = drawn(dataclasses.replace(view, report=report, height=24), 80)
    assert len(text.splitlines()) <= 24
    assert "curl" in text


def test_where_not_all_bars_have_room_those_of_the_most_time_stay(view):
    routes = {Route("GET", f"/{number}", "high"): Breakdown(1, {"endpoint": number}) for number in range(1, 9)}
    many = dataclasses.replace(view, report=dataclasses.replace(view.report, breakdowns=routes))
    without_priorities = len(drawn(many).splitlines()) - 7
    for lost in range(6):
        text = drawn(dataclasses.replace(many, height=without_priorities - lost))
        assert re.findall(r"^GET /(\d) ", bars(text), re.MULTILINE) == [str(n) for n in range(1 + lost, 9)]
    assert "where the time went" not in drawn(dataclasses.replace(many, height=without_priorities - 6))


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
    # Bold, dim, not bold, red, green, blue, magenta and cyan: no white, no black, no yellow, no background.
    assert used <= {0, 1, 2, 22, 31, 32, 34, 35, 36}
    assert 31 in used
