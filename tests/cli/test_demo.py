"""``apivitals demo`` as its users run it: real processes, a real load, and nothing left afterwards."""

import fcntl
import json
import math
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import urlencode

import psutil
import pytest

from apivitals.breakdown import components
from apivitals.demo.histogram import quantile
from apivitals.demo.load import arrivals
from tests.support.plain_http import get
from tests.support.servers import eventually, free_port, needs

ROUTES = {
    "POST /checkout": "critical",
    "GET /rentals/{customer_id}": "high",
    "GET /videos": "high",
    "GET /videos/{video_id}": "high",
    "GET /videos/{video_id}/stream": "high",
    "GET /videos/search": "medium",
    "GET /videos/{video_id}/synopsis": "medium",
    "POST /concierge": "medium",
    "POST /videos/{video_id}/trailer": "medium",
    "GET (no route)": "medium",
    "GET /reports/rented-together": "low",
    "GET /health": "low",
}
COMPONENTS = {value for name, value in vars(components).items() if name.isupper()} | {"video"}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
SERVERS = 4 if shutil.which("redis-server") else 3
"""The shop, the partner and the cache; a Redis has a guard beside it, as Prometheus has."""
TIMEOUT_SECONDS = 60


class Demo:
    """A demo that runs, and the servers that it has started."""

    def __init__(self, process):
        self.process = process
        self.servers: list[psutil.Process] = []

    def find_servers(self, count):
        def started():
            self.servers = psutil.Process(self.process.pid).children(recursive=True)
            return len(self.servers) >= count

        eventually(started, f"{count} servers started", TIMEOUT_SECONDS)

    def none_left(self):
        return not any(server.is_running() and server.status() != psutil.STATUS_ZOMBIE for server in self.servers)


@contextmanager
def demo(*arguments, **how) -> Iterator[Demo]:
    """Start ``apivitals demo``; what is still there at the end of the block is killed."""
    command = [sys.executable, "-c", "from apivitals.cli import main; main()", "demo", *arguments]
    # The width is the terminal's, or the one for pipes, and not that of whoever runs the tests.
    environment = {key: text for key, text in os.environ.items() if key != "COLUMNS"} | how.pop("env", {})
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment, **how}
    running = Demo(subprocess.Popen(command, **how))
    try:
        yield running
    finally:
        for process in [running.process, *running.servers]:
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                process.kill()
        running.process.wait()


ANATOMY = "where the time went"


def row(text, label, heading="route"):
    """Return the cells behind a label in the part of that heading; a number and its unit are two."""
    text = text[text.index(f"\n{heading} ") :].partition("\n\n")[0]
    (found,) = [line for line in text.splitlines() if line.startswith(f"{label} ")]
    return found.removeprefix(label).split()


def line_of(text, title):
    """Return the line of that title."""
    (found,) = [line for line in text.splitlines() if line.startswith(f"{title} ")]
    return found


def number(pattern, text):
    """Return the number in the pattern's group."""
    found = re.search(pattern, text, re.MULTILINE)
    assert found, f"{pattern} is not in {text}"
    return float(found.group(1).replace(",", ""))


class Page(NamedTuple):
    """What the shop's /metrics had counted at a time between these two."""

    asked: float
    answered: float
    is_visited: bool
    """Whether it had more than checks of its health."""
    requests: int


@dataclass
class Ended:
    """What a plain run of five seconds printed, and what its service said meanwhile."""

    code: int
    out: str
    err: str
    none_left: bool
    pages: list[Page]
    picture: str


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    port, picture = free_port(), tmp_path_factory.mktemp("once") / "demo.svg"
    began = time.monotonic()
    with demo("--once", "--for", "5", "--port", str(port), "--svg", str(picture)) as running:
        running.find_servers(SERVERS)
        pages = [Page(began, began, is_visited=False, requests=0)]

        def ended():
            with suppress(OSError):
                asked = time.monotonic()
                text = get(f"http://127.0.0.1:{port}/metrics").body.decode()
                counts = re.findall(r"^http_server_request_duration_seconds_count\{(.*)\} (\d+)", text, re.MULTILINE)
                is_visited = any('http_route="/health"' not in labels for labels, _ in counts)
                pages.append(Page(asked, time.monotonic(), is_visited, sum(int(count) for _, count in counts)))
            return running.process.poll() is not None

        eventually(ended, "the demo has ended", TIMEOUT_SECONDS)
        out, err = (stream.decode() for stream in running.process.communicate(timeout=TIMEOUT_SECONDS))
        left = running.none_left()
    return Ended(running.process.returncode, out, err, left, pages, picture.read_text())


def test_a_plain_run_succeeds_and_leaves_nothing_behind(once):
    assert (once.code, once.err) == (0, "")
    assert once.none_left


def test_a_pipe_gets_no_control_codes(once):
    assert not CONTROL.search(once.out)


def test_every_route_and_priority_has_its_line_and_its_throughput(once):
    for label, priority in ROUTES.items():
        cells = row(once.out, label)
        assert cells[0] == priority
        assert float(cells[1]) > 0, label
        assert cells[3] in {"ms", "s"}
    for priority in ("critical", "high", "medium", "low"):
        assert float(row(once.out, priority, "by priority")[0]) > 0


def test_the_routes_that_fail_show_errors_and_no_others(once):
    errors = {route: number(r"([\d.]+) %", " ".join(row(once.out, route))) for route in ROUTES}
    assert {route for route, share in errors.items() if share} == {"POST /checkout", "GET /videos/{video_id}/stream"}
    errors_line = line_of(once.out, "errors")
    assert "502" in errors_line
    assert "client_disconnected" in errors_line


@pytest.mark.parametrize("route", ROUTES)
def test_where_a_routes_time_went_is_shown(once, route):
    mean, unit, bar, largest = row(once.out, route, ANATOMY)[:4]
    assert float(mean) > 0
    assert unit in {"ms", "s"}
    assert len(bar) >= 24
    assert largest in COMPONENTS


@pytest.mark.parametrize(
    ("route", "component"),
    [
        ("POST /checkout", "external"),
        ("POST /concierge", "gen_ai"),
        ("GET /reports/rented-together", "database"),
    ],
)
def test_a_slow_call_is_the_largest_part(once, route, component):
    """Of quick requests any part may be, on a machine that has other work: they wait for their turn."""
    assert row(once.out, route, ANATOMY)[3] == component


def test_every_route_has_a_bar(once):
    for route in ROUTES:
        assert len(row(once.out, route, ANATOMY)[2]) == len(row(once.out, "POST /checkout", ANATOMY)[2])


def test_a_query_for_each_row_shows_by_its_calls(once):
    assert number(r"^GET /rentals/\{customer_id\} .* database ([\d.]+)$", once.out) > 10


def test_the_legend_names_the_components_of_real_calls(once):
    legend = once.out[once.out.index(ANATOMY) :].partition("\n\n")[0]
    for component in ("database", "cache", "external", "gen_ai", "video", "endpoint"):
        assert re.search(rf"(\S)\1 {component}\b", legend), component


def test_calls_to_models_frames_and_cache_lookups_are_shown(once):
    assert number(r"^AI  partner story-large   ([\d.]+) calls/s", once.out) > 0
    assert number(r"^AI  partner story-small .* ([\d.]+) tokens/s out", once.out) > 0
    assert re.search(r"^AI .* 429 ", once.out, re.MULTILINE)
    assert number(r"^video  thumbnails   ([\d.]+) frames/s", once.out) > 0
    assert re.search(r"^video .* DamagedClipError ", once.out, re.MULTILINE)
    assert number(r"^cache .*lists ([\d.]+) % hits", once.out) > 0


def test_the_viewers_sessions_and_messages_are_shown(once):
    assert re.search(r"^WebSocket .*/viewers .* [1-9]\d* open .*messages [1-9]", once.out, re.MULTILINE)


def test_the_load_got_an_answer_to_everything(once):
    assert "without an answer" not in once.out


def test_the_table_says_what_metrics_says(once):
    shown, rate = number(r"([\d,]+) requests so far", once.out), number(r"^([\d.]+) req/s", once.out)
    seconds = number(r"last (\d+) s of ", once.out)
    # The load begins after a first scrape, and that after any page without a request. The table's scrape is so many
    # seconds later, which are rounded: it has no less than pages before it, and no more visits than can have begun.
    begin = max(page.asked for page in once.pages if not page.requests)
    assert max(page.requests for page in once.pages if page.answered < begin + seconds - 0.5) <= shown
    before_the_load = min(page.requests for page in once.pages if page.is_visited)
    assert shown <= before_the_load + sum(1 for _ in takewhile(lambda at: at < seconds + 0.5, arrivals(30)))
    assert rate * (seconds - 0.5) <= shown <= before_the_load + rate * (seconds + 0.5)


def test_a_picture_of_the_view_is_saved(once):
    text = once.picture.replace("&#160;", " ")
    assert text.startswith("<svg")
    assert "POST /checkout" in text
    assert "curl http://127.0.0.1:" in text
    assert "url(" not in text.replace("url(#", ""), "nothing is fetched from elsewhere"


def test_ctrl_c_ends_the_live_view_with_its_last_table():
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
    terminal = {"stdin": slave, "stdout": slave, "stderr": slave, "start_new_session": True}
    with demo(**terminal, env={"TERM": "xterm-256color"}) as running:
        os.close(slave)
        shown = read_until(master, lambda text: text.count("curl http://127.0.0.1:") >= 3)
        assert "\x1b[?1049h" in shown
        running.find_servers(SERVERS)
        running.process.send_signal(signal.SIGINT)
        rest = read_until(master, lambda _: False)
        assert running.process.wait(TIMEOUT_SECONDS) == 0
        assert running.none_left()
    os.close(master)
    # The terminal is as it was before, and the last table stays on it.
    assert "\x1b[?1049l" in rest
    final = rest.rpartition("\x1b[?1049l")[2]
    assert "POST /checkout" in final
    assert "the shop is closed" in final
    assert "Traceback" not in rest


def read_until(master, condition):
    """Read the terminal until the condition holds for what came, or until its other side is closed."""
    text, deadline = "", time.monotonic() + TIMEOUT_SECONDS
    while not condition(text) and time.monotonic() < deadline:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            text += os.read(master, 65536).decode(errors="replace")
        except OSError:
            break
    return text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_plain_run_that_is_cut_short_says_so_and_leaves_nothing_behind(number, code):
    with demo("--once", "--for", "60") as running:
        running.find_servers(SERVERS)
        running.process.send_signal(number)
        _, err = running.process.communicate(timeout=TIMEOUT_SECONDS)
        assert running.process.returncode == code
        assert b"Traceback" not in err
        assert running.none_left()


def test_a_service_that_ends_by_itself_ends_the_demo_with_its_log():
    port = free_port()
    with demo("--once", "--for", "60", "--port", str(port)) as running:
        running.find_servers(SERVERS)
        (shop,) = [server for server in running.servers if str(port) in server.cmdline()]
        shop.terminate()
        out, err = (stream.decode() for stream in running.process.communicate(timeout=TIMEOUT_SECONDS))
    assert running.process.returncode == 1
    assert out == ""
    assert re.match(r"apivitals: the video shop has ended \(status -?\d+\); its log ", err)
    assert running.none_left()


def test_a_port_in_use_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with demo("--once", "--port", str(taken.getsockname()[1])) as running:
            out, err = running.process.communicate(timeout=TIMEOUT_SECONDS)
    assert running.process.returncode == 2
    assert out == b""
    assert re.fullmatch(rb"apivitals: port \d+ cannot be used \(address already in use\): name another one .*\n", err)


def test_prometheus_is_started_and_scrapes_the_shop():
    needs("prometheus")
    with demo("--once", "--for", "60", "--prometheus") as running:
        assert running.process.stdout is not None
        first = running.process.stdout.readline().decode()
        assert re.fullmatch(r"Prometheus: http://127\.0\.0\.1:\d+\n", first)
        url = first.split()[1]
        counted = 'http_server_request_duration_seconds_count{http_route="/checkout",http_response_status_code="201"}'
        eventually(lambda: value(url, f"{counted} >= 5") is not None, "Prometheus has five checkouts", TIMEOUT_SECONDS)

        now = time.time()
        time.sleep(2)  # longer than a scrape that is under way now may take: what it brings is stored as of its begin
        of_checkouts = 'sum by (le) (http_server_request_duration_seconds_bucket{http_route="/checkout"})'
        buckets = {float(labels["le"]): count for labels, count in query(url, of_checkouts, now)}
        for q in (0.5, 0.95, 0.99):
            theirs = value(url, f"histogram_quantile({q}, {of_checkouts})", now)
            assert theirs is not None
            assert math.isclose(quantile(q, buckets), theirs, rel_tol=1e-9)

        running.find_servers(SERVERS + 2)
        running.process.send_signal(signal.SIGINT)
        running.process.communicate(timeout=TIMEOUT_SECONDS)
        assert running.process.returncode == 130
        assert running.none_left()


def query(url, expression, at=None):
    """Evaluate an instant query: the labels and the value of each series."""
    parameters = {"query": expression, "time": at or time.time()}
    content = json.loads(get(f"{url}/api/v1/query?{urlencode(parameters)}").body)
    assert content["status"] == "success", content
    return [(series["metric"], float(series["value"][1])) for series in content["data"]["result"]]


def value(url, expression, at=None):
    """Evaluate an instant query that gives at most one series."""
    found = query(url, expression, at)
    assert len(found) <= 1
    return found[0][1] if found else None


def test_without_prometheus_one_line_says_where_to_get_it(tmp_path):
    with demo("--prometheus", env={"PATH": str(tmp_path)}) as running:
        out, err = running.process.communicate(timeout=TIMEOUT_SECONDS)
    assert running.process.returncode == 2
    assert out == b""
    assert err.startswith(b"apivitals: --prometheus needs the program prometheus")
    assert err.count(b"\n") == 1
