"""A known amount of work on this machine, and what the host's gauges say of it.

Others work on it too, and what they do is counted as well. So a measurement that was disturbed is made again; that
cannot make up for one that is wrong by itself, which stays wrong.
"""

import mmap
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apivitals.sources.host import Host
from tests.real.attempts import attempts
from tests.support.families import Key, numbers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")

WITHIN = 0.05


def gains(host: Host, work: Callable[[], None]) -> dict[Key, float]:
    """Do the work; by how much everything grew meanwhile."""
    before = numbers(host.collect())
    work()
    after = numbers(host.collect())
    assert host.failures == {}
    return {key: after[key] - before.get(key, 0.0) for key in after}


def assert_gain(
    host: Host, expected: dict[Key, float], work: Callable[[], None], undo: Callable[[], None] = lambda: None
) -> None:
    """Hold each of the gains to within 5 %, in one of some attempts; each is undone before the next."""
    tried: list[dict[Key, float]] = []
    for _ in attempts():
        try:
            found = gains(host, work)
        finally:
            undo()
        tried.append({key: found[key] for key in expected})
        if tried[-1] == pytest.approx(expected, rel=WITHIN):
            return
    raise AssertionError(f"expected {expected}, found {tried}")


def disk_of(path: Path) -> str:
    """The whole disk that the path is on; skips if it is on none that the kernel has counters of."""
    device = path.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if not block.exists():
        pytest.skip(f"{path} is on no block device that can be seen")
    place = block.resolve()
    name = place.parent.name if (place / "partition").exists() else place.name
    if ("system_disk_io_bytes_total", name, "read") not in numbers(Host().collect()):
        pytest.skip(f"{path} is on {name}, which is no disk of its own")
    return name


def test_all_time_of_all_cpus_is_accounted_for():
    """Burns a CPU for a second: the modes add up to the time that went by, and the burnt one is among them."""
    host = Host()
    if not any(key[0] == "system_cpu_time_seconds_total" for key in numbers(host.collect())):
        pytest.skip("this kernel does not count CPU time")
    cpus = numbers(host.collect())["system_cpu_logical_count",]
    between: list[float] = []

    def burn():
        began, used = time.monotonic(), time.process_time()
        while time.process_time() - used < 1:
            pass
        between.append(time.monotonic() - began)

    tried = []
    for _ in attempts():
        began = time.monotonic()
        found = gains(host, burn)
        elapsed = time.monotonic() - began
        seconds = {key[1]: value for key, value in found.items() if key[0] == "system_cpu_time_seconds_total"}
        tried.append((between[-1], seconds, elapsed))
        busy = sum(value for mode, value in seconds.items() if mode not in ("idle", "iowait", "steal"))
        accounted = sum(seconds.values()) / cpus
        if busy >= 1 - WITHIN and between[-1] * (1 - WITHIN) <= accounted <= elapsed * (1 + WITHIN):
            return
    raise AssertionError(f"of {cpus} CPUs: {tried}")


def test_utilization_is_that_of_the_time_that_went_by():
    host = Host()
    began = numbers(host.collect())
    until = time.process_time() + 1
    while time.process_time() < until:
        pass
    ended = numbers(host.collect())
    modes = [key[1] for key in ended if key[0] == "system_cpu_time_seconds_total"]
    if not modes:
        pytest.skip("this kernel does not count CPU time")
    spent = {
        mode: ended["system_cpu_time_seconds_total", mode] - began["system_cpu_time_seconds_total", mode]
        for mode in modes
    }
    for mode in modes:
        share = spent[mode] / sum(spent.values())
        assert ended["system_cpu_utilization", mode] == pytest.approx(share, abs=WITHIN), mode


def test_known_amount_of_memory():
    size = 128 << 20
    if numbers(Host().collect())["system_memory_linux_available_bytes",] < 2 * 10 * size:
        pytest.skip("not enough memory is available to take some of it again and again")
    # Kept until the end: what is given back waits with the kernel to be taken again, and is not free at once.
    kept: list[mmap.mmap] = []

    def allocate():
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        kept.append(memory)
        for place in range(0, size, mmap.PAGESIZE):
            memory[place] = 1

    host = Host()
    total = numbers(host.collect())["system_memory_limit_bytes",]
    expected: dict[Key, float] = {
        ("system_memory_usage_bytes", "used"): size,
        ("system_memory_utilization", "used"): size / total,
    }
    try:
        assert_gain(host, expected, allocate)
    finally:
        for memory in kept:
            memory.close()


def test_known_bytes_on_disk(tmp_path):
    disk, host, size, file = disk_of(tmp_path), Host(), 64 << 20, tmp_path / "file"

    def write():
        file.unlink(missing_ok=True)
        with file.open("wb", buffering=0) as target:
            for _ in range(size >> 20):
                target.write(os.urandom(1 << 20))
            os.fsync(target.fileno())

    def read():
        with file.open("rb", buffering=0) as source:
            os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while source.read(1 << 20):
                pass

    assert_gain(host, {("system_disk_io_bytes_total", disk, "write"): size}, write)
    assert_gain(host, {("system_disk_io_bytes_total", disk, "read"): size}, read)
    operations = gains(host, write)["system_disk_operations_total", disk, "write"]
    assert 0 < operations <= size / 512


def test_space_that_a_file_takes(tmp_path):
    disk_of(tmp_path)
    host, size = Host(), 64 << 20
    mounts = [key for key in numbers(host.collect()) if key[0] == "system_filesystem_usage_bytes" and key[-1] == "used"]
    mine = [key for key in mounts if Path(key[2]).stat().st_dev == tmp_path.stat().st_dev]
    if not mine:
        pytest.skip(f"{tmp_path} is on a file system that is not among {[key[2] for key in mounts]}")
    file = tmp_path / "file"

    def write():
        with file.open("wb") as target:
            target.write(bytes(size))
            target.flush()
            os.fsync(target.fileno())

    (used,) = mine
    assert_gain(host, {used: size, (*used[:-1], "free"): -size}, write, file.unlink)


def test_known_bytes_on_loopback():
    """A TCP connection of this machine to itself: each byte is transmitted once and received once, on one interface."""
    host, size = Host(loopback=True), 128 << 20
    if ("system_network_io_bytes_total", "lo", "receive") not in numbers(host.collect()):
        pytest.skip("there is no loopback interface to be seen")

    def transmit():
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as sending:
                receiving, _ = server.accept()
                counted: list[int] = []
                reader = threading.Thread(target=lambda: counted.append(drain(receiving)))
                reader.start()
                for _ in range(size >> 20):
                    sending.sendall(bytes(1 << 20))
            reader.join()
        assert counted == [size]

    expected: dict[Key, float] = {("system_network_io_bytes_total", "lo", way): size for way in ("receive", "transmit")}
    assert_gain(host, expected, transmit)


def drain(connection: socket.socket) -> int:
    """Read until the other end closes; how many bytes there were."""
    total = 0
    with connection:
        while received := connection.recv(1 << 20):
            total += len(received)
    return total
