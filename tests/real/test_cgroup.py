"""The kernel's own control groups: a quota that is set here and burnt against, and memory that is really taken."""

import json
import mmap
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from apivitals.sources.cgroup import UNIFIED, memberships, mounts
from apivitals.sources.container import Container
from tests.real.attempts import attempts
from tests.sources.cgroup_trees import values

TOLERANCE = 0.05
QUOTA_US, PERIOD_US = 4_000, 40_000
"""A tenth of a CPU, which a process gets even where many others want it."""
BURN_SECONDS = 6.0
"""So long that 5 % of what is used, 30 ms, is more than what version 1 leaves out: in each of two modes it counts whole
hundredths of a second, so two readings of both are up to 20 ms from what was used between them."""
MEBIBYTE = 2**20

# Joins the groups that it is told, burns CPU in one thread, and prints what the sources saw of it, and it of itself.
BURN = """
import json, os, sys, time
from pathlib import Path
from apivitals.sources.container import Container
from apivitals.sources.utilization import Utilization

def values(source):
    seen = {" ".join((f.metric.exposed, *p.labels)): p.value for f in source.collect() for p in f.points}
    assert not source.failures, source.failures
    return seen

for directory in sys.argv[2:]:
    (Path(directory) / "cgroup.procs").write_text(str(os.getpid()))
container, utilization = Container(), Utilization()
before, began, used = values(container), time.monotonic(), time.process_time()
while time.monotonic() < began + float(sys.argv[1]):
    pass
ratios, after = values(utilization), values(container)
print(json.dumps({
    "wall": time.monotonic() - began, "used": time.process_time() - used,
    "before": before, "after": after, "ratios": ratios,
}))
"""


def own_directories(controller):
    """Return the process' own directory and those around it, the root of the hierarchy included."""
    groups = memberships(Path("/proc/self/cgroup").read_text())
    hierarchy = controller if controller in groups else UNIFIED
    for mount in mounts(Path("/proc/self/mountinfo").read_text()):
        path = Path(groups.get(hierarchy, ""))
        if hierarchy in mount.controllers and path.is_relative_to(mount.root):
            below = path.relative_to(mount.root)
            return [mount.point / directory for directory in (below, *below.parents)]
    return []


def where_groups_can_be_made():
    """Return directories that can have a group with a quota: of version 1 two, as another controller counts."""
    if "cpu" in memberships(Path("/proc/self/cgroup").read_text()):
        return {own_directories(controller)[0] for controller in ("cpu", "cpuacct")}
    for directory in own_directories("cpu"):  # our own cannot: it has processes in it, and version 2 allows no both
        with suppress(OSError):
            if "cpu" in (directory / "cgroup.subtree_control").read_text().split():
                return {directory}
    return set()


def set_quota(group):
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
    elif (group / "cpu.cfs_quota_us").exists():
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(QUOTA_US))


def remove(group):
    """Remove it as soon as the kernel has let go of the last process that was in it."""
    deadline = time.monotonic() + 5
    while group.exists():
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture
def limited_groups():
    made = []
    try:
        try:
            for directory in where_groups_can_be_made():
                group = directory / f"apivitals-test-{os.getpid()}"
                group.mkdir()
                made.append(group)
                set_quota(group)
        except (OSError, IndexError) as error:
            pytest.skip(f"no writable cgroup: {error}")
        if not made:
            pytest.skip("no writable cgroup")
        yield made
    finally:
        for group in made:
            remove(group)


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_a_quota_that_is_used_up(limited_groups):
    quota = QUOTA_US / PERIOD_US
    for _ in attempts():
        seen = burn(limited_groups)
        if seen["used"] >= (1 - TOLERANCE) * seen["wall"] * quota:
            break
    else:
        pytest.fail(f"the machine is too busy to give {quota} of a CPU")
    before, after, ratios, wall, used = (seen[key] for key in ("before", "after", "ratios", "wall", "used"))

    def counted(name):
        return sum(after[key] - before[key] for key in after if key.split()[0] == name)

    assert after["apivitals_container_cpu_quota"] == quota
    assert ratios["apivitals_cpu_limit container"] == quota
    assert ratios["apivitals_cpu_utilization container"] == pytest.approx(used / (wall * quota), rel=TOLERANCE)
    assert 0.5 < ratios["apivitals_cpu_utilization container"] < 1 + TOLERANCE
    assert counted("container_cpu_time_seconds_total") == pytest.approx(used, rel=TOLERANCE)
    assert counted("apivitals_container_cpu_periods_total") == pytest.approx(wall / (PERIOD_US / 1e6), rel=TOLERANCE)
    throttled = counted("apivitals_container_cpu_throttled_periods_total")
    assert 0.5 * counted("apivitals_container_cpu_periods_total") < throttled
    waited = counted("apivitals_container_cpu_throttled_seconds_total")
    assert 0.5 * (wall - used) < waited < (1 + TOLERANCE) * (wall - used)


def burn(groups):
    """Burn CPU in the groups; return what was seen of it."""
    command = [sys.executable, "-c", BURN, str(BURN_SECONDS), *map(str, groups)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_memory_that_is_taken_is_seen():
    container = Container()
    usage, working_set = ("container_memory_usage_bytes",), ("container_memory_working_set_bytes",)
    if working_set not in values(container.collect()):
        pytest.skip("this process is in no cgroup that counts memory")
    taken = 64 * MEBIBYTE
    differences = []
    for _ in attempts():  # others in the group take and give back too
        before = values(container.collect())
        with mmap.mmap(-1, taken) as memory:
            memory.write(b"x" * taken)
            after = values(container.collect())
        differences.append((after[usage] - before[usage], after[working_set] - before[working_set]))
        if all(abs(difference / taken - 1) <= TOLERANCE for difference in differences[-1]):
            return
    pytest.fail(f"took {taken} bytes, saw {differences}")
