"""A process of its own does a known amount of work; its gauges, and what others know of it, say how much."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")

ROOT = Path(__file__).parents[2]
WITHIN = 0.05

SETUP = """
import json, mmap, os, resource, sys, time
from apivitals.sources.process import Process
from tests.support.families import numbers

def gauges(process):
    found = {" ".join(key): value for key, value in numbers(process.collect()).items()}
    assert not process.failures, process.failures
    return found
"""

CPU = """
SHARE, PERIOD = float(sys.argv[1]), 0.05
process = Process()
began, used = time.monotonic(), time.process_time()
while (elapsed := time.monotonic() - began) < 3:
    if time.process_time() - used >= SHARE * elapsed:
        time.sleep(PERIOD)
share = (time.process_time() - used) / (time.monotonic() - began)
found, times = gauges(process), os.times()
print(json.dumps(found | {"share": share, "os.times": times.user + times.system}))
"""

MEMORY = """
size, clock = int(sys.argv[1]), time.monotonic()
process = Process(clock=lambda: clock)
before = gauges(process)
memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
reserved = gauges(process)
page = resource.getpagesize()
for place in range(0, size, page):
    memory[place] = 1
clock += 31  # of unique memory the next reading is due
print(json.dumps([before, reserved, gauges(process), size / page]))
"""

DISK = """
path, size = sys.argv[1], int(sys.argv[2])
process = Process()
before = gauges(process)
with open(path, "wb", buffering=0) as file:
    for _ in range(size >> 20):
        file.write(bytes(1 << 20))
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
written = gauges(process)
with open(path, "rb", buffering=0) as file:
    while file.read(1 << 20):
        pass
print(json.dumps([before, written, gauges(process)]))
"""

FILES = """
process, how_many = Process(), int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
before = gauges(process)
files = [open("/dev/null") for _ in range(how_many)]
print(json.dumps([before, gauges(process)]))
"""


END = """
sys.stdout.flush()
os._exit(0)  # without the interpreter's tidying up, which would be counted after the last reading
"""


def run(work: str, *args: object) -> tuple[Any, resource.struct_rusage]:
    """Do the work in a process; what it printed, and the kernel's account of it when it has ended."""
    command = [sys.executable, "-c", SETUP + work + END, *map(str, args)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return json.loads(said), usage


def gain(key: str, before: dict[str, float], after: dict[str, float]) -> float:
    return after[key] - before[key]


def test_known_share_of_a_cpu():
    found, usage = run(CPU, 0.4)
    utilization = found["process_cpu_utilization user"] + found["process_cpu_utilization system"]
    assert utilization == pytest.approx(found["share"], rel=WITHIN)
    assert 0.05 < found["share"] < 0.45, "a busy machine may give less than what is asked for"
    time = found["process_cpu_time_seconds_total user"] + found["process_cpu_time_seconds_total system"]
    assert time == pytest.approx(found["os.times"], rel=WITHIN)
    assert time == pytest.approx(usage.ru_utime + usage.ru_stime, rel=WITHIN), "as its parent is told when it ends"


def test_known_amount_of_memory():
    size = 100 << 20
    (before, reserved, touched, pages), _ = run(MEMORY, size)
    assert gain("process_memory_virtual_bytes", before, reserved) == pytest.approx(size, rel=WITHIN)
    assert gain("process_memory_usage_bytes", before, reserved) < size * WITHIN, "reserved is not resident"
    assert gain("process_memory_usage_bytes", before, touched) == pytest.approx(size, rel=WITHIN)
    assert gain("apivitals_process_memory_unique_bytes", before, touched) == pytest.approx(size, rel=WITHIN)
    faults = gain("process_paging_faults_total minor", reserved, touched)
    assert 0 < faults < pages * (1 + WITHIN), "one a page at most; large pages take fewer"


def test_known_bytes_on_disk(tmp_path):
    size = 64 << 20
    (before, written, read), _ = run(DISK, tmp_path / "file", size)
    key = "process_disk_io_bytes_total "
    if gain(key + "write", before, written) == 0:
        pytest.skip(f"{tmp_path} is on no disk, or the kernel does not account I/O to processes")
    assert gain(key + "write", before, written) == pytest.approx(size, rel=WITHIN)
    if gain(key + "read", written, read) == 0:
        pytest.skip("this file system keeps what it was told to forget: nothing is read from the disk")
    assert gain(key + "read", written, read) == pytest.approx(size, rel=WITHIN)


def test_known_number_of_open_files():
    (before, after), _ = run(FILES, 200)
    key = "process_unix_file_descriptor_count"
    assert gain(key, before, after) == 200
    assert after["apivitals_process_file_descriptor_limit"] == 500
    assert after["apivitals_process_file_descriptor_utilization"] == after[key] / 500
