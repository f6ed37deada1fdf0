"""The host's figures: exact ones from files made for the test, and what is to be seen of the real machine."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from apivitals.catalog import Metric
from apivitals.catalog import host as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.host import Host
from apivitals.sources.host_cpu import CpuModes, by_mode, held, shares
from apivitals.sources.host_storage import MOST, Mount, filesystems, is_whole_disk
from tests.support.families import numbers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files are Linux'")

TICKS = os.sysconf("SC_CLK_TCK")

MEMINFO = """MemTotal:        1000 kB
MemFree:          200 kB
MemAvailable:     650 kB
Buffers:           50 kB
Cached:           300 kB
SReclaimable:     100 kB
Shmem:             10 kB
Active:            20 kB
Inactive:          30 kB
Slab:             120 kB
SwapTotal:        {swap} kB
SwapFree:         300 kB
"""
NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 11 12 13 14 0 0 0 0 11 12 0 0 0 0 0 0
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
vethab: 5 5 5 5 0 0 0 0 5 5 5 5 0 0 0 0
"""
DISKSTATS = """   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0 0 0 0 0 0 0
   8       0 sda 100 5 2000 7 50 6 3000 8 0 9 10 0 0 0 0 0 0
   8       1 sda1 90 5 1900 7 40 6 2900 8 0 9 10 0 0 0 0 0 0
 253       0 dm-0 90 5 1900 7 40 6 2900 8 0 9 10 0 0 0 0 0 0
"""


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Machine:
    """A machine's files, which psutil and the source read in place of the real ones."""

    def __init__(self, root: Path):
        self.root = root
        (root / "proc/self").mkdir(parents=True)
        (root / "sys/block").mkdir(parents=True)
        self.cpu(user=10, system=5, idle=85)
        self.write("meminfo", MEMINFO.format(swap=400))
        self.write("vmstat", "pswpin 1\npswpout 2\n")
        self.write("net/dev", NET_DEV)
        self.write("diskstats", DISKSTATS)
        self.write("filesystems", "nodev\ttmpfs\nnodev\toverlay\n\text4\n\tbtrfs\n\tsquashfs\n")
        self.write("self/mounts", "/dev/sda1 / ext4 rw 0 0\n")
        for name, target in (
            ("sda", "../devices/pci0000:00/0000:00:1f.2/ata1/block/sda"),
            ("loop0", "../devices/virtual/block/loop0"),
            ("dm-0", "../devices/virtual/block/dm-0"),
        ):
            (root / "sys/block" / name).symlink_to(target)

    def write(self, name, text):
        path = self.root / "proc" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def cpu(self, **seconds):
        order = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")
        ticks = " ".join(str(round(seconds.get(mode, 0) * TICKS)) for mode in order)
        self.write("stat", f"cpu  {ticks}\ncpu0 {ticks}\nbtime 1\n")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
    return Machine(tmp_path)


def of(found, metric: Metric):
    """One metric's values, by labels."""
    return {key[1:] if len(key) > 2 else key[-1]: value for key, value in found.items() if key[0] == metric.exposed}


def test_real_machine_says_what_is_declared():
    host = Host()
    declared = {metric for metric in vars(catalog).values() if isinstance(metric, Metric)}
    families = list(host.collect())
    assert host.failures == {}
    assert {family.metric for family in families} <= declared
    assert {catalog.CPU_TIME, catalog.MEMORY_USAGE, catalog.NETWORK_IO} <= {family.metric for family in families}
    for family in families:
        assert family.label_names == family.metric.label_names
        assert isinstance(family.points, list)
        assert family.points
        (parsed,) = text_string_to_metric_families("".join(render(family, Format.TEXT)))
        assert len(parsed.samples) == len(family.points)
        assert {tuple(sample.labels) for sample in parsed.samples} == {family.label_names}


def test_no_metric_is_declared_twice():
    names = [metric.exposed for metric in vars(catalog).values() if isinstance(metric, Metric)]
    assert len(names) == len(set(names))


def test_cpu_is_of_the_time_between_own_readings(machine):
    clock = Clock()
    host = Host(root=machine.root, clock=clock)
    clock.now += 5
    machine.cpu(user=12, nice=1, system=6, idle=89, iowait=1, irq=0.25, softirq=0.25, steal=0.5, guest=2)
    found = numbers(host.collect())
    assert of(found, catalog.CPU_TIME) == {
        "user": 12, "nice": 1, "system": 6, "idle": 89, "iowait": 1, "interrupt": 0.5, "steal": 0.5,
    }  # fmt: skip
    assert of(found, catalog.CPU_UTILIZATION) == pytest.approx(
        {"user": 0.2, "nice": 0.1, "system": 0.1, "idle": 0.4, "iowait": 0.1, "interrupt": 0.05, "steal": 0.05}
    )


def test_cpu_of_too_short_a_time_is_not_guessed(machine):
    clock = Clock()
    host = Host(root=machine.root, clock=clock)
    clock.now += 0.1
    machine.cpu(user=10.01, system=5, idle=85)
    found = numbers(host.collect())
    assert of(found, catalog.CPU_UTILIZATION) == {}
    assert of(found, catalog.CPU_TIME)["user"] == 10.01
    clock.now += 0.9
    machine.cpu(user=10.5, system=5, idle=85.5)
    assert of(numbers(host.collect()), catalog.CPU_UTILIZATION)["user"] == 0.5, "since the first reading"
    clock.now += 0.1
    machine.cpu(user=10.5, system=5, idle=85.6)
    assert of(numbers(host.collect()), catalog.CPU_UTILIZATION)["user"] == 0.5, "what was last known"


def test_two_sources_do_not_take_each_others_readings(machine):
    clock = Clock()
    first, second = Host(root=machine.root, clock=clock), Host(root=machine.root, clock=clock)
    clock.now += 1
    machine.cpu(user=11, system=5, idle=85)
    assert of(numbers(first.collect()), catalog.CPU_UTILIZATION)["user"] == 1
    assert of(numbers(second.collect()), catalog.CPU_UTILIZATION)["user"] == 1


def test_counter_does_not_follow_the_kernel_backwards(machine):
    clock = Clock()
    machine.cpu(user=10, idle=85, iowait=7.5)
    host = Host(root=machine.root, clock=clock)
    clock.now += 1
    machine.cpu(user=10.5, idle=85.5, iowait=7.4)
    found = numbers(host.collect())
    assert of(found, catalog.CPU_TIME)["iowait"] == 7.5
    assert of(found, catalog.CPU_UTILIZATION)["iowait"] == 0
    assert of(found, catalog.CPU_UTILIZATION)["user"] == 0.5


def test_cpu_that_is_taken_out_begins_anew(machine):
    clock = Clock()
    machine.cpu(user=100, idle=900)
    host = Host(root=machine.root, clock=clock)
    clock.now += 5
    machine.cpu(user=50, idle=460)
    found = numbers(host.collect())
    assert of(found, catalog.CPU_TIME)["user"] == 50
    assert of(found, catalog.CPU_UTILIZATION) == {}
    clock.now += 5
    machine.cpu(user=51, idle=464)
    assert of(numbers(host.collect()), catalog.CPU_UTILIZATION)["user"] == 0.2


def test_sandbox_that_counts_nothing_has_no_cpu(machine):
    clock = Clock()
    machine.cpu()
    host = Host(root=machine.root, clock=clock)
    clock.now += 5
    found = numbers(host.collect())
    assert of(found, catalog.CPU_TIME) == of(found, catalog.CPU_UTILIZATION) == {}


MODES = st.dictionaries(st.sampled_from(["user", "idle", "iowait"]), st.floats(0, 1e9), min_size=1)


@given(MODES, MODES)
def test_shares_make_up_the_whole(previous, current):
    found = shares(previous, current)
    assert all(0 <= share <= 1 for share in found.values())
    assert not found or sum(found.values()) == pytest.approx(1)


@given(st.lists(st.floats(-2.9, 1e6), max_size=20))
def test_counter_never_falls_by_a_little(steps):
    seconds, kept = 10.0, {"iowait": 10.0}
    for step in steps:
        seconds = max(kept["iowait"] - 2.9, seconds + step)
        following, began_anew = held(kept, {"iowait": seconds})
        assert not began_anew
        assert following["iowait"] >= max(kept["iowait"], seconds)
        kept = following


def test_modes_are_those_that_the_system_has():
    assert by_mode(SimpleNamespace(user=1, system=2, idle=3, interrupt=0.5, dpc=0.25)) == {
        "user": 1, "system": 2, "idle": 3,
    }  # fmt: skip


def test_first_reading_is_taken_when_it_is_made():
    clock = Clock()
    modes = CpuModes(clock)
    assert modes.read(SimpleNamespace(user=1, system=1, idle=1))[1] == {}
    clock.now += 1
    assert modes.read(SimpleNamespace(user=2, system=1, idle=2))[1] == {"user": 0.5, "system": 0, "idle": 0.5}


def test_cpus_and_load():
    found = numbers(Host().collect())
    assert found["system_cpu_logical_count",] == os.cpu_count()
    assert set(of(found, catalog.LOAD)) == {"1m", "5m", "15m"}
    assert of(found, catalog.LOAD)["15m"] == pytest.approx(os.getloadavg()[2], abs=0.5)


def test_memory_states_make_up_the_whole(machine):
    found = numbers(Host(root=machine.root).collect())
    states = {"used": 350 * 1024, "free": 200 * 1024, "buffers": 50 * 1024, "cached": 400 * 1024}
    assert of(found, catalog.MEMORY_USAGE) == states
    assert found["system_memory_limit_bytes",] == sum(states.values()) == 1000 * 1024
    assert of(found, catalog.MEMORY_UTILIZATION) == {"used": 0.35, "free": 0.2, "buffers": 0.05, "cached": 0.4}
    assert found["system_memory_linux_available_bytes",] == 650 * 1024


def test_swap(machine):
    found = numbers(Host(root=machine.root).collect())
    assert of(found, catalog.PAGING_USAGE) == {"used": 100 * 1024, "free": 300 * 1024}
    assert of(found, catalog.PAGING_UTILIZATION) == {"used": 0.25, "free": 0.75}


def test_no_swap_is_no_failure(machine):
    machine.write("meminfo", MEMINFO.format(swap=0).replace("SwapFree:         300", "SwapFree: 0"))
    host = Host(root=machine.root)
    found = numbers(host.collect())
    assert of(found, catalog.PAGING_USAGE) == of(found, catalog.PAGING_UTILIZATION) == {}
    assert host.failures == {}


def test_sandbox_without_swap_figures_makes_psutil_warn_nobody(machine):
    """Under pytest's settings a warning would be a failure."""
    (machine.root / "proc/vmstat").unlink()
    host = Host(root=machine.root)
    assert of(numbers(host.collect()), catalog.PAGING_USAGE) == {}
    assert host.failures == {}


ROOT = Mount("/dev/sda1", "/", "ext4")


@pytest.mark.parametrize(
    ("mounts", "remote", "shown"),
    [
        pytest.param([ROOT, Mount("/dev/sda1", "/var/lib/x", "ext4")], [], ["/"], id="bind mount"),
        pytest.param(
            [Mount("/dev/sdb1", "/a/long/place", "ext4"), Mount("/dev/sdb1", "/b", "ext4")], [], ["/b"], id="shortest"
        ),
        pytest.param(
            [Mount("/dev/sda2", "/", "btrfs"), Mount("/dev/sda2", "/home", "btrfs")], [], ["/"], id="subvolumes"
        ),
        pytest.param([ROOT, Mount("/dev/loop3", "/snap/core/1", "squashfs")], [], ["/"], id="image"),
        pytest.param([ROOT], [Mount("tmpfs", "/run", "tmpfs"), Mount("proc", "/proc", "proc")], ["/"], id="pseudo"),
        pytest.param(
            [ROOT], [Mount("overlay", "/var/lib/docker/1/merged", "overlay")], ["/"], id="containers' overlays"
        ),
        pytest.param([ROOT], [Mount("server:/export", "/net", "nfs4")], ["/"], id="remote"),
        pytest.param([], [Mount("overlay", "/", "overlay")], ["/"], id="a container's root"),
        pytest.param(
            [], [Mount("rootfs", "/", "rootfs"), Mount("overlay", "/", "overlay")], ["/"], id="initramfs below"
        ),
        pytest.param(
            [ROOT, Mount("/dev/sdb1", "/data", "ext4")], [Mount("tmpfs", "/data", "tmpfs")], ["/"], id="hidden"
        ),
        pytest.param([], [Mount("tmpfs", "/", "tmpfs")], [], id="root in memory"),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_which_file_systems_are_shown(mounts, remote, shown):
    assert [mount.point for mount in filesystems([*mounts, *remote], mounts)] == shown


@given(
    st.lists(st.builds(Mount, *[st.sampled_from(v) for v in (["d", "e", "f"], ["/", "/a", "/b"], ["ext4", "tmpfs"])]))
)
def test_no_device_and_no_place_is_shown_twice(mounts):
    shown = filesystems(mounts, mounts)
    assert len({mount.device for mount in shown}) == len({mount.point for mount in shown}) == len(shown)
    assert {mount.kind for mount in shown} <= {"ext4"}


def test_file_systems_are_bounded():
    mounts = [Mount(f"/dev/sd{number}", f"/mnt/{number:04}", "ext4") for number in range(1000)]
    assert len(filesystems(mounts, mounts)) == MOST


def test_space_of_a_file_system(machine):
    (machine.root / "my data").mkdir()
    (machine.root / "hosts").touch()
    machine.write(
        "self/mounts",
        "overlay / overlay rw 0 0\n/dev/sdb1 /my\\040data ext4 rw 0 0\n/dev/sdc1 /hosts ext4 rw 0 0\n"
        "/dev/sdd1 /elsewhere ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
    )
    host = Host(root=machine.root)
    found = numbers(host.collect())
    real = os.statvfs(machine.root)
    labels = ("/dev/sdb1", "/my data", "ext4")
    assert set(of(found, catalog.FILESYSTEM_LIMIT)) == {("overlay", "/", "overlay"), labels}
    total = found[("system_filesystem_limit_bytes", *labels)]
    states = [found[("system_filesystem_usage_bytes", *labels, state)] for state in ("used", "free", "reserved")]
    assert total == sum(states) == real.f_blocks * real.f_frsize
    assert states[1] == pytest.approx(real.f_bavail * real.f_frsize, rel=0.01)
    assert found[("system_filesystem_utilization", *labels)] == pytest.approx(
        states[0] / (states[0] + states[1]), rel=0.01
    )
    assert host.failures == {}, "what is mounted elsewhere is no failure"


def test_file_system_that_fails_costs_only_itself(machine, monkeypatch):
    (machine.root / "data").mkdir()
    machine.write("self/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /data ext4 rw 0 0\n")
    usage = psutil.disk_usage

    def broken(path):
        if path.endswith("data"):
            raise OSError(5, "Input/output error")
        return usage(path)

    monkeypatch.setattr(psutil, "disk_usage", broken)
    host = Host(root=machine.root)
    found = numbers(host.collect())
    assert set(of(found, catalog.FILESYSTEM_LIMIT)) == {("/dev/sda1", "/", "ext4")}
    assert {part: str(error) for part, error in host.failures.items()} == {"filesystem": "[Errno 5] Input/output error"}


def test_disks_are_whole_and_real(machine):
    found = numbers(Host(root=machine.root).collect())
    assert of(found, catalog.DISK_IO) == {("sda", "read"): 2000 * 512, ("sda", "write"): 3000 * 512}
    assert of(found, catalog.DISK_OPERATIONS) == {("sda", "read"): 100, ("sda", "write"): 50}


def test_counter_that_began_anew_is_shown_as_it_is(machine):
    host = Host(root=machine.root)
    list(host.collect())
    machine.write("diskstats", DISKSTATS.replace("sda 100 5 2000", "sda 1 5 2"))
    assert of(numbers(host.collect()), catalog.DISK_OPERATIONS)["sda", "read"] == 1


@pytest.mark.parametrize(
    ("name", "links", "whole"),
    [
        ("nvme0n1", {"nvme0n1": "../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1"}, True),
        ("cciss/c0d0", {"cciss!c0d0": "../devices/pci0000:00/block/cciss!c0d0"}, True),
        ("zram0", {"zram0": "../devices/virtual/block/zram0"}, False),
        ("sda1", {"sda": "../devices/pci0000:00/block/sda"}, False),
    ],
)
def test_what_a_whole_disk_is(name, links, whole):
    assert is_whole_disk(name, links) is whole


def test_network_without_loopback_and_containers_ends(machine):
    found = numbers(Host(root=machine.root).collect())
    for metric, receive, transmit in (
        (catalog.NETWORK_IO, 1000, 2000),
        (catalog.NETWORK_PACKETS, 10, 20),
        (catalog.NETWORK_ERRORS, 1, 3),
        (catalog.NETWORK_DROPPED, 2, 4),
    ):
        assert of(found, metric) == {("eth0", "receive"): receive, ("eth0", "transmit"): transmit}


def test_loopback_if_asked_for(machine):
    found = numbers(Host(root=machine.root, loopback=True).collect())
    assert found["system_network_io_bytes_total", "lo", "receive"] == 11


def test_interfaces_are_bounded(machine):
    lines = "".join(f"  tun{number:03}: {' 1' * 16}\n" for number in range(500))
    machine.write("net/dev", "\n".join(NET_DEV.splitlines()[:2]) + "\n" + lines)
    assert len(of(numbers(Host(root=machine.root).collect()), catalog.NETWORK_IO)) == 2 * MOST


ABSENT = {
    "stat": {catalog.CPU_TIME},
    "meminfo": {catalog.MEMORY_USAGE, catalog.PAGING_USAGE},
    "net/dev": {catalog.NETWORK_IO},
    "self/mounts": {catalog.FILESYSTEM_USAGE},
    "filesystems": {catalog.FILESYSTEM_USAGE},
}
ALL = {catalog.DISK_IO}.union(*ABSENT.values())


def seen(host):
    return {family.metric for family in host.collect()} & ALL


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_absent_is_left_out_alone(machine, name):
    (machine.root / "proc" / name).unlink()
    host = Host(root=machine.root)
    assert seen(host) == ALL - ABSENT[name]
    assert host.failures == {}


@pytest.mark.parametrize(
    ("name", "parts"),
    [("stat", {"cpu"}), ("meminfo", {"memory", "swap"}), ("net/dev", {"network"}), ("diskstats", {"disk"})],
)
@pytest.mark.parametrize("garbage", ["\x00\xff\n" * 4, "cpu x\nMemTotal: x kB\neth0 eth1\neth2 eth3\neth4: x y"])
def test_what_is_garbage_is_reported_and_left_out_alone(machine, name, parts, garbage):
    machine.write(name, garbage)
    host = Host(root=machine.root)
    left_out = ALL - seen(host)
    assert left_out == ABSENT.get(name, {catalog.DISK_IO})
    assert set(host.failures) == parts


def test_failures_are_of_the_last_reading(machine):
    machine.write("net/dev", "")
    machine.write("diskstats", "garbage\n")
    host = Host(root=machine.root)
    list(host.collect())
    assert set(host.failures) == {"disk"}
    machine.write("diskstats", DISKSTATS)
    assert catalog.DISK_IO in seen(host)
    assert host.failures == {}


def test_disks_that_cannot_be_told_from_partitions_are_left_out(machine):
    for link in (machine.root / "sys/block").iterdir():
        link.unlink()
    (machine.root / "sys/block").rmdir()
    host = Host(root=machine.root)
    assert seen(host) == ALL - {catalog.DISK_IO}
    assert host.failures == {}


FORK = """
import os, time
from apivitals.sources.host import Host
from tests.support.families import numbers
host = Host()
deadline = time.monotonic() + 0.7
pid = os.fork()
while time.monotonic() < deadline:
    pass
found = numbers(host.collect())
modes = [value for key, value in found.items() if key[0] == "system_cpu_utilization"]
assert abs(sum(modes) - 1) < 1e-9, modes
assert host.failures == {}, host.failures
if pid:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""


def test_right_after_a_fork():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", FORK], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
