"""Known work, and whether the gauges say so: within 5 %, on this machine, in seconds."""

import os
import socket
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest

from apivitals.sources.host import Host
from tests.support.families import numbers

WORK = """
    import os, sys, time
    from apivitals.sources.process import Process
    from tests.support.families import numbers

    process = Process()
    def read():
        return numbers(process.collect())
"""


def run(body):
    """Run `body` in a process of its own, whose figures nobody else disturbs; it asserts for itself."""
    code = textwrap.dedent(WORK) + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_known_cpu_share():
    run("""
    read()
    began, before = time.monotonic(), os.times()
    end = began + 3
    while time.monotonic() < end:  # half of the time
        burning = time.monotonic() + 0.05
        while time.monotonic() < burning:
            pass
        time.sleep(0.05)
    found, after = read(), os.times()
    said = found["process_cpu_utilization", "user"] + found["process_cpu_utilization", "system"]
    known = (after.user - before.user + after.system - before.system) / (time.monotonic() - began)
    assert abs(said - known) <= 0.05 * known + 0.01, (said, known)
    assert 0.3 < said < 0.7, said
    """)


def test_known_allocation():
    run("""
    before = read()
    held = bytearray(os.urandom(1024)) * (100 * 1024)
    after = read()
    for name in ("process_memory_usage_bytes",):
        grown = after[name,] - before[name,]
        assert abs(grown - len(held)) <= 0.05 * len(held), (name, grown)
    assert after["process_memory_virtual_bytes",] - before["process_memory_virtual_bytes",] >= len(held)
    """)


def test_threads_and_context_switches_of_all_of_them():
    run("""
    import threading
    before = read()
    stop = threading.Event()
    def nap():
        for _ in range(200):
            time.sleep(0.001)
        stop.wait()
    threads = [threading.Thread(target=nap) for _ in range(5)]
    for thread in threads: thread.start()
    time.sleep(0.6)
    after = read()
    stop.set()
    for thread in threads: thread.join()
    assert after["process_thread_count",] - before["process_thread_count",] == 5
    key = ("process_context_switches_total", "voluntary")
    switched = after[key] - before[key]
    assert switched >= 1000, switched
    """)


def test_bytes_written_to_disk(tmp_path):
    if not any(key[0] == "system_disk_io_bytes_total" for key in numbers(Host().collect())):
        pytest.skip("this machine shows no disk")
    size = 64 * 1024 * 1024
    host = Host()

    def written():
        return sum(
            v for k, v in numbers(host.collect()).items() if k[0] == "system_disk_io_bytes_total" and k[2] == "write"
        )

    before = written()
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    grown = written() - before
    # everything else on the machine writes too, so the upper bound is loose
    assert size * 0.95 <= grown <= size * 2, f"{grown} of {size}; is {tmp_path} on a disk?"


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system cannot be told to forget a file")
def test_bytes_read_from_disk(tmp_path):
    size = 64 * 1024 * 1024
    host = Host()

    def read():
        found = numbers(host.collect())
        return sum(v for k, v in found.items() if k[0] == "system_disk_io_bytes_total" and k[2] == "read")

    if not read():
        pytest.skip("this machine shows no disk that was read from")
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        before = read()
        while os.read(descriptor, 1 << 20):
            pass
        grown = read() - before
    finally:
        os.close(descriptor)
    assert size * 0.95 <= grown <= size * 1.5, f"{grown} of {size}; is {tmp_path} on a disk?"


def test_bytes_over_the_loopback():
    """The source leaves the loopback out; what is checked is that psutil's figures are read the right way round."""

    class Loopback:
        def __getattr__(self, name):
            return getattr(psutil, name)

        def net_io_counters(self, **how):
            return {"eth9": psutil.net_io_counters(**how)["lo"]}

    size = 32 * 1024 * 1024
    host = Host(machine=Loopback())
    before = numbers(host.collect())
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drain():
            connection, _ = server.accept()
            with connection:
                while connection.recv(1 << 16):
                    pass

        thread = threading.Thread(target=drain)
        thread.start()
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(bytes(size))
        thread.join()
    after = numbers(host.collect())
    for way in ("receive", "transmit"):
        key = ("system_network_io_bytes_total", "eth9", way)
        assert size <= after[key] - before[key] <= size * 1.05


def test_busy_cpu_shows_on_the_host():
    host = Host()
    host_before = psutil.cpu_times()
    burner = subprocess.Popen([sys.executable, "-c", "import time\nend=time.time()+2\nwhile time.time()<end: pass"])
    burner.wait(timeout=30)
    after = psutil.cpu_times()
    found = numbers(host.collect())
    said = sum(v for k, v in found.items() if k[0] == "system_cpu_utilization" and k[1] in {"user", "nice"})
    total = (
        sum(after) - sum(host_before) - (after.guest - host_before.guest) - (after.guest_nice - host_before.guest_nice)
    )
    known = (after.user + after.nice - host_before.user - host_before.nice) / total
    assert said == pytest.approx(known, rel=0.05, abs=0.02)
    assert said > 0.5 / (psutil.cpu_count() or 1)
