"""This process' figures, also of a forked child, which shares nothing with its parent but the object."""

import json
import mmap
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from apivitals.catalog import Metric
from apivitals.catalog import process as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.process import Process, parse_start, shares
from tests.support.families import numbers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files are Linux'")

ROOT = Path(__file__).parents[2]
USER = ("process_cpu_utilization", "user")
SYSTEM = ("process_cpu_utilization", "system")
FILES = ("process_unix_file_descriptor_count",)


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


def test_says_what_is_declared():
    process = Process(clock=(clock := Clock()))
    clock.now += 5
    families = list(process.collect())
    assert process.failures == {}
    assert {family.metric for family in families} == {m for m in vars(catalog).values() if isinstance(m, Metric)}
    for family in families:
        assert family.label_names == family.metric.label_names
        assert isinstance(family.points, list)
        assert family.points
        (parsed,) = text_string_to_metric_families("".join(render(family, Format.TEXT)))
        assert len(parsed.samples) == len(family.points)
        assert {tuple(sample.labels) for sample in parsed.samples} == {family.label_names}


@pytest.fixture
def cpu(monkeypatch):
    """CPU time as the test has it."""
    used = SimpleNamespace(user=10.0, system=1.0)
    monkeypatch.setattr(os, "times", lambda: used)
    return used


def test_utilization_is_of_one_cpu_and_between_readings(cpu):
    clock = Clock()
    process = Process(clock=clock)
    clock.now, cpu.user, cpu.system = clock.now + 2, 13.0, 1.5
    found = numbers(process.collect())
    assert (found[USER], found[SYSTEM]) == (1.5, 0.25)
    assert found["process_cpu_time_seconds_total", "user"] == 13.0
    clock.now += 2
    found = numbers(process.collect())
    assert (found[USER], found[SYSTEM]) == (0.0, 0.0)


def test_utilization_of_too_short_a_time_is_not_guessed(cpu):
    clock = Clock()
    process = Process(clock=clock)
    clock.now, cpu.user = clock.now + 0.1, 10.01
    found = numbers(process.collect())
    assert USER not in found
    assert found["process_cpu_time_seconds_total", "user"] == 10.01
    clock.now, cpu.user = clock.now + 0.9, 10.5
    assert numbers(process.collect())[USER] == 0.5, "since the first reading"
    clock.now, cpu.user = clock.now + 0.1, 10.5
    assert numbers(process.collect())[USER] == 0.5, "what was last known"


SECONDS = st.floats(0, 1e6)


@given(st.floats(0.5, 1e6), SECONDS, SECONDS, SECONDS, SECONDS)
def test_shares_are_never_negative(elapsed, user, more_user, system, more_system):
    reading = Process()._cpu_reading()._replace(taken=0.0, user=user, system=system)  # noqa: SLF001  # its type is private
    found = shares(reading, reading._replace(taken=elapsed, user=user + more_user, system=system + more_system))
    assert found["user"] >= 0
    assert found["user"] * elapsed == pytest.approx(more_user, abs=1e-3)
    assert found["system"] * elapsed == pytest.approx(more_system, abs=1e-3)


TICK = 0.02  # what the kernel gives in hundredths of a second

FORK = """
import json, os, time
from apivitals.sources.process import Process
from tests.support.families import numbers

kept = [open("/dev/null") for _ in range(20)]
process = Process()
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
list(process.collect())  # everything that can be kept is
time.sleep(0.5)
receiving, sending = os.pipe()

def reading():
    times = os.times()
    return {"clock": time.monotonic(), "wall": time.time(), "cpu": times.user + times.system}

fork = reading()
if os.fork() == 0:
    born = reading()
    for file in kept:
        file.close()
    until = time.process_time() + 0.7
    while time.process_time() < until:
        pass
    before = reading()
    found = numbers(process.collect())
    report = {" ".join(key): value for key, value in found.items()}
    report |= {"fork": fork, "born": born, "before": before, "after": reading()}
    report |= {"failures": {part: str(error) for part, error in process.failures.items()}}
    os.write(sending, json.dumps(report).encode())
    os._exit(0)
os.close(sending)
report = json.loads(os.fdopen(receiving).read())
os.wait()
report["parent files"] = numbers(process.collect())["process_unix_file_descriptor_count",]
print(json.dumps(report))
"""


def test_right_after_a_fork():
    done = subprocess.run([sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    child = json.loads(done.stdout)
    assert child["failures"] == {}
    fork, born, before, after = (child[name] for name in ("fork", "born", "before", "after"))
    assert before["cpu"] < fork["cpu"] + 0.6, "without its parent's 0.3 s"
    cpu_time = child["process_cpu_time_seconds_total user"] + child["process_cpu_time_seconds_total system"]
    assert before["cpu"] - TICK <= cpu_time <= after["cpu"] + TICK
    took = after["clock"] - before["clock"]  # the start is found out meanwhile, between two clocks
    shortest, longest = before["clock"] - born["clock"] - took, after["clock"] - fork["clock"] + TICK
    assert shortest <= child["process_uptime_seconds"] <= longest, "without its parent's 0.8 s"
    used = child["process_cpu_utilization user"] + child["process_cpu_utilization system"]
    assert used * shortest <= after["cpu"] + TICK, "since its own start"
    assert used * longest >= before["cpu"] - TICK, "since its own start"
    start = child["apivitals_process_start_time_seconds"]
    assert fork["wall"] - TICK <= start <= born["wall"] + took + TICK
    assert child["parent files"] == child["process_unix_file_descriptor_count"] + 18, "20 files, without a pipe's ends"


def test_memory_is_this_process_own():
    found = numbers(Process().collect())
    expected = psutil.Process().memory_info()
    assert found["process_memory_usage_bytes",] == pytest.approx(expected.rss, rel=0.05)
    assert found["process_memory_virtual_bytes",] == pytest.approx(expected.vms, rel=0.05)
    assert 0 < found["apivitals_process_memory_unique_bytes",] <= expected.rss * 1.05


def test_unique_memory_is_read_every_thirty_seconds(monkeypatch):
    clock = Clock()
    calls: Counter[str] = Counter()
    read = psutil.Process.memory_full_info

    def counting(process):
        calls["read"] += 1
        return read(process)

    monkeypatch.setattr(psutil.Process, "memory_full_info", counting)
    process = Process(clock=clock)
    for _ in range(7):
        assert ("apivitals_process_memory_unique_bytes",) in numbers(process.collect())
        clock.now += 5
    assert calls["read"] == 2


def test_threads():
    process, leave = Process(), threading.Event()
    before = numbers(process.collect())["process_thread_count",]
    threads = [threading.Thread(target=leave.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    try:
        assert numbers(process.collect())["process_thread_count",] == before + 5
    finally:
        leave.set()
        for thread in threads:
            thread.join()


def test_open_files_their_limit_and_the_ratio():
    process = Process()
    before = numbers(process.collect())[FILES]
    files = [open(os.devnull) for _ in range(100)]  # noqa: SIM115, PTH123  # closed below, all of them
    try:
        found = numbers(process.collect())
    finally:
        for file in files:
            file.close()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert found[FILES] == before + 100
    assert found["apivitals_process_file_descriptor_limit",] == soft
    assert found["apivitals_process_file_descriptor_utilization",] == (before + 100) / soft


def test_open_files_where_the_directory_does_not_count_them(tmp_path):
    """Linux before 6.2: the directory's size is 0."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/fd").touch()
    listed = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208  # and not the one that it is read by
    assert numbers(Process(root=tmp_path).collect())[FILES] == listed == numbers(Process().collect())[FILES]


def test_no_limit_no_ratio(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    found = numbers(Process().collect())
    assert FILES in found
    assert ("apivitals_process_file_descriptor_limit",) not in found
    assert ("apivitals_process_file_descriptor_utilization",) not in found


def test_context_switches_are_of_all_threads():
    key = ("process_context_switches_total", "voluntary")
    process = Process()
    before = numbers(process.collect())[key]

    def wait_often():
        for _ in range(50):
            time.sleep(0.001)

    thread = threading.Thread(target=wait_often)
    thread.start()
    thread.join()
    assert numbers(process.collect())[key] >= before + 50


def test_page_faults():
    key = ("process_paging_faults_total", "minor")
    process = Process()
    before = numbers(process.collect())[key]
    with mmap.mmap(-1, 8 << 20) as fresh:  # which an allocator that has memory left would not give
        for page in range(0, len(fresh), resource.getpagesize()):
            fresh[page] = 1
        found = numbers(process.collect())
    assert found[key] > before
    assert found["process_paging_faults_total", "major"] >= 0


def test_uptime_goes_on_and_the_start_time_does_not():
    clock, wall_clock = Clock(), Clock(1_700_000_000.0)
    process = Process(clock=clock, wall_clock=wall_clock)
    before = time.time()
    first = numbers(process.collect())
    after = time.time()
    clock.now += 60
    wall_clock.now += 3600  # somebody has set it
    second = numbers(process.collect())
    age = first["process_uptime_seconds",]
    created = psutil.Process().create_time()  # up to a second early: the system's start is in whole seconds
    assert before - 1.1 <= created + age <= after + 0.1
    assert second["process_uptime_seconds",] == pytest.approx(age + 60)
    assert first["apivitals_process_start_time_seconds",] == pytest.approx(1_700_000_000.0 - age)
    assert second["apivitals_process_start_time_seconds",] == first["apivitals_process_start_time_seconds",]


NAMES = st.binary(max_size=20).filter(lambda name: b"\0" not in name)


@given(NAMES, st.integers(0, 2**63), st.lists(st.integers(-1, 2**64), min_size=18, max_size=18), st.binary(max_size=9))
def test_start_is_found_behind_any_program_name(name, started, between, rest):
    behind = rest.replace(b")", b"")
    fields = b" ".join(str(field).encode() for field in [*between, started])
    assert parse_start(b"4711 (" + name + b") S " + fields + b" " + behind) == started


@given(st.binary(max_size=60))
def test_garbage_has_no_start(garbage):
    with pytest.raises(ValueError, match="expected a start time as 22nd field"):
        parse_start(garbage)


def test_what_cannot_be_read_costs_only_itself(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/stat").write_text("garbage")
    process = Process(root=tmp_path)
    found = {key[0] for key in numbers(process.collect())}
    assert set(process.failures) == {"uptime"}
    assert "process_memory_usage_bytes" in found
    assert "process_uptime_seconds" not in found
    assert FILES[0] not in found, "there is no fd directory, which is no failure"


def test_another_proc_that_numbers_processes_differently(tmp_path, monkeypatch):
    """As in a container that has the host's /proc at PROCFS_PATH: the same number is somebody else there."""
    stranger = tmp_path / str(os.getpid())
    stranger.mkdir()
    (stranger / "stat").write_text(Path("/proc/self/stat").read_text())
    (stranger / "statm").write_text("1 1 1 1 1 1 1\n")
    (tmp_path / "stat").symlink_to("/proc/stat")
    (tmp_path / "4000001").symlink_to(f"/proc/{os.getpid()}")
    (tmp_path / "self").symlink_to("4000001")
    expected = psutil.Process().memory_info().rss
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    process = Process()
    found = numbers(process.collect())
    assert process.failures == {}
    assert found["process_memory_usage_bytes",] == pytest.approx(expected, rel=0.05)


def test_no_proc_at_all_is_no_exception(tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    process = Process(root=tmp_path)
    found = {key[0] for key in numbers(process.collect())}
    assert "process_cpu_time_seconds_total" in found
    assert "process_context_switches_total" in found
    assert {"memory", "threads"} <= set(process.failures)
