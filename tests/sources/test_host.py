"""The host as psutil tells it: right at the first reading, real disks and file systems only, each part alone."""

from collections import namedtuple
from types import SimpleNamespace

import psutil
import pytest

from apivitals.catalog import host as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.host import Host
from apivitals.sources.readings import Shares
from tests.support.exposition import samples
from tests.support.families import numbers

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")  # noqa: PYI024  # psutil's are such
Partition = namedtuple("Partition", "device mountpoint fstype")  # noqa: PYI024  # likewise
Space = namedtuple("Space", "total used free")  # noqa: PYI024  # likewise
Nic = namedtuple("Nic", "bytes_sent bytes_recv packets_sent packets_recv errin errout dropin dropout")  # noqa: PYI024  # likewise
Disk = namedtuple("Disk", "read_count write_count read_bytes write_bytes")  # noqa: PYI024  # likewise


class Machine:
    """psutil's functions, with figures that the test can change."""

    def __init__(self, tmp_path):
        (tmp_path / "data").mkdir(exist_ok=True)
        self.data = str(tmp_path / "data")
        self.times = Times(100.0, 10.0, 50.0, 800.0, 20.0, 3.0, 2.0, 15.0, 40.0, 0.0)
        self.spaces = {"/": Space(1000, 200, 700), self.data: Space(500, 500, 0)}

    def cpu_times(self):
        return self.times

    def cpu_count(self):
        return 4

    def getloadavg(self):
        return (0.5, 1.5, 2.5)

    def virtual_memory(self):
        return SimpleNamespace(total=1000, available=600, used=300, free=200, cached=450, buffers=50)

    def swap_memory(self):
        return SimpleNamespace(total=100, used=25, free=75)

    def disk_partitions(self, *, all):  # noqa: A002  # psutil's parameter
        overlay = [Partition("overlay", "/", "overlay"), Partition("tmpfs", "/run", "tmpfs")]
        physical = [
            Partition("/dev/sda1", "/etc/hosts", "ext4"),  # a file that is bound into the container
            Partition("/dev/sda1", self.data, "ext4"),
            Partition("/dev/sda1", self.data + "/again", "ext4"),
            Partition("/dev/loop3", "/snap/core", "squashfs"),
        ]
        return overlay + physical if all else physical

    def disk_usage(self, path):
        return self.spaces[path]

    def disk_io_counters(self, **_):
        return {name: Disk(1, 2, 3, 4) for name in ("sda", "sda1", "loop3", "dm-0", "nvme0n1")}

    def net_io_counters(self, **_):
        return {name: Nic(1, 2, 3, 4, 5, 6, 7, 8) for name in ("lo", "eth0", "veth12ab")}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def host(machine, tmp_path):
    for disk in ("sda", "nvme0n1"):
        (tmp_path / "sys/block" / disk / "device").mkdir(parents=True)
    for built in ("loop3", "dm-0"):
        (tmp_path / "sys/block" / built).mkdir(parents=True)
    return Host(root=tmp_path, machine=machine)


def read(host):
    return numbers(host.collect())


def test_utilization_is_of_the_time_since_the_object_was_made(host, machine):
    machine.times = Times(102.0, 10.0, 51.0, 806.0, 20.0, 3.5, 2.5, 15.0, 41.0, 0.0)
    found = read(host)
    shares = {labels[0]: value for (name, *labels), value in found.items() if name == "system_cpu_utilization"}
    assert shares == {
        "user": 0.2, "nice": 0.0, "system": 0.1, "idle": 0.6, "iowait": 0.0, "interrupt": 0.1, "steal": 0.0,
    }  # fmt: skip
    assert found["system_cpu_time_seconds_total", "interrupt"] == 6.0


def test_too_soon_to_say_is_not_zero(host):
    assert not [key for key in read(host) if key[0] == "system_cpu_utilization"]


def test_memory_and_swap(host):
    found = read(host)
    assert found["system_memory_usage_bytes", "used"] == 300
    assert found["system_memory_utilization", "cached"] == 0.45
    assert found["apivitals_system_memory_available_bytes",] == 600
    assert found["system_paging_utilization", "used"] == 0.25


def test_no_swap_no_swap_metrics(host, machine):
    machine.swap_memory = lambda: SimpleNamespace(total=0, used=0, free=0)
    assert not [key for key in read(host) if "paging" in key[0]]
    assert host.failures == {}


def test_real_file_systems_once_each_and_the_containers_own(host, machine):
    found = read(host)
    ratios = {key[1:]: value for key, value in found.items() if key[0] == "system_filesystem_utilization"}
    assert ratios == {("overlay", "/", "overlay"): 200 / 900, ("/dev/sda1", machine.data, "ext4"): 1.0}
    assert found["system_filesystem_usage_bytes", "overlay", "/", "overlay", "reserved"] == 100


def test_whole_physical_disks_only(host):
    found = read(host)
    assert {key[1] for key in found if key[0] == "system_disk_io_bytes_total"} == {"sda", "nvme0n1"}
    assert (
        found["system_disk_io_bytes_total", "sda", "read"],
        found["system_disk_operations_total", "sda", "write"],
    ) == (3, 2)


def test_network_without_loopback_and_other_containers(host):
    found = read(host)
    assert {key[1] for key in found if key[0].startswith("system_network")} == {"eth0"}
    assert found["system_network_io_bytes_total", "eth0", "receive"] == 2
    assert found["system_network_errors_total", "eth0", "transmit"] == 6
    assert found["system_network_packet_dropped_total", "eth0", "receive"] == 7


@pytest.mark.parametrize(
    ("function", "part", "missing"),
    [
        ("cpu_times", "cpu", "system_cpu_time_seconds_total"),
        ("virtual_memory", "memory", "system_memory_limit_bytes"),
        ("net_io_counters", "network", "system_network_io_bytes_total"),
        ("disk_partitions", "filesystems", "system_filesystem_utilization"),
    ],
)
def test_part_that_fails_is_named_and_the_others_are_read(host, machine, function, part, missing):
    def fail(*_, **__):
        raise PermissionError("not in this sandbox")

    setattr(machine, function, fail)
    found = read(host)
    assert list(host.failures) == [part]
    assert missing not in {key[0] for key in found}
    assert "apivitals_system_load_average" in {key[0] for key in found}
    delattr(machine, function)
    read(host)
    assert host.failures == {}, "what works again is no failure"


def test_machine_without_disks_and_network(host, machine):
    machine.disk_io_counters = machine.net_io_counters = lambda **_: None
    assert read(host)
    assert host.failures == {}


def test_file_system_that_is_gone_is_left_out(host, machine):
    def usage(path):
        if path == "/":
            raise FileNotFoundError(path)
        return machine.spaces[path]

    machine.disk_usage = usage
    assert {key[1] for key in read(host) if key[0] == "system_filesystem_utilization"} == {"/dev/sda1"}


def test_shares_repeat_when_asked_too_soon():
    shares = Shares()
    assert shares.since_last(10.0, {"a": 1.0}) == {}
    assert shares.since_last(12.0, {"a": 2.0}) == {"a": 0.5}
    assert shares.since_last(12.05, {"a": 2.05}) == {"a": 0.5}
    assert shares.since_last(14.05, {"a": 2.05}) == pytest.approx({"a": 0.05 / 2.05}), "nothing is lost between"


def test_this_machine():
    host = Host()
    declared = {value for value in vars(catalog).values() if hasattr(value, "family")}
    families = list(host.collect())
    assert host.failures == {}
    assert {family.metric for family in families} <= declared
    page = samples("".join(text for family in families for text in render(family, Format.TEXT)))
    assert page.value("system_memory_limit_bytes") == psutil.virtual_memory().total
    assert page.has("system_filesystem_utilization", system_filesystem_mountpoint="/")
