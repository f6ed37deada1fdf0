"""Ratios to the limit that applies: the container's if it is lower than the host, else the host's."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as text_families

from apivitals.catalog import container as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.utilization import HostCpu, HostMemory, Utilization, parse_meminfo, parse_stat
from tests.sources import cgroup_trees as trees
from tests.sources.cgroup_machine import Machine, v2_used

CPU = "apivitals_cpu_utilization"
CPU_LIMIT = "apivitals_cpu_limit"
MEMORY = "apivitals_memory_utilization"
MEMORY_LIMIT = "apivitals_memory_limit_bytes"
DECLARED = {
    catalog.CPU_UTILIZATION,
    catalog.CPU_LIMIT,
    catalog.MEMORY_UTILIZATION,
    catalog.MEMORY_LIMIT_APPLIED,
}
GIB = 2**30


def host_columns(columns, cpus=4):
    return f"cpu  {columns}\n" + "".join(f"cpu{n} 0 0 0 0\n" for n in range(cpus))


def host_stat(busy, idle, cpus=4):
    return {"proc/stat": host_columns(f"{busy} 0 0 {idle} 0 0 0 0 0 0", cpus)}


def test_the_quota_of_a_container(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    seen = machine.after(5, v2_used(12_500_000 + 6_000_000))
    assert seen[CPU, "container"] == pytest.approx(6 / (5 * 1.5))
    assert seen[CPU_LIMIT, "container"] == 1.5
    assert seen[MEMORY, "container"] == (419430400 - 83886080) / 536870912
    assert seen[MEMORY_LIMIT, "container"] == 536870912
    assert len(seen) == 4
    assert machine.source.failures == {}
    assert machine.after(10, v2_used(18_500_000))[CPU, "container"] == 0.0


def test_version_1(tmp_path):
    machine = Machine(trees.V1_CONTAINER, tmp_path)
    seen = machine.after(4, {f"{trees.SYS}/cpu,cpuacct/cpuacct.usage": "14000000000\n"})
    assert seen == {
        (CPU, "container"): pytest.approx(1.5 / (4 * 0.5)),
        (CPU_LIMIT, "container"): 0.5,
        (MEMORY, "container"): 157286400 / 268435456,
        (MEMORY_LIMIT, "container"): 268435456,
    }


def test_a_slices_limit_is_used_by_all_in_the_slice(tmp_path):
    machine = Machine(trees.V2_SYSTEMD, tmp_path)
    slice_ = f"{trees.SYS}/apps.slice/apps-web.slice"
    seen = machine.after(2, {**v2_used(43_000_000, slice_), **v2_used(99_000_000, f"{slice_}/shop.service")})
    assert seen == {
        (CPU, "container"): pytest.approx(3 / (2 * 2)),
        (CPU_LIMIT, "container"): 2.0,
        (MEMORY, "container"): 1 / 4,
        (MEMORY_LIMIT, "container"): 4 * GIB,
    }


def test_nested_version_1_has_each_limit_from_where_it_is_set(tmp_path):
    machine = Machine(trees.V1_NESTED, tmp_path)
    seen = machine.after(1, {f"{trees.SYS}/cpu,cpuacct/outer/inner/cpuacct.usage": "12750000000\n"})
    assert seen[CPU, "container"] == pytest.approx(0.25 / 0.5)
    assert seen[MEMORY, "container"] == (150000000 - 50000000) / 200000000


@pytest.mark.parametrize("tree", [trees.V2_UNLIMITED, trees.V1_UNLIMITED, trees.V2_HOST, trees.V1_HOST, trees.HOST])
def test_without_a_limit_the_hosts_applies(tree, tmp_path):
    machine = Machine({**tree, **host_stat(1000, 3000)}, tmp_path)
    assert machine.after(5, host_stat(1500, 4500)) == {
        (CPU, "host"): 500 / 2000,
        (CPU_LIMIT, "host"): 4,
        (MEMORY, "host"): 0.75,
        (MEMORY_LIMIT, "host"): 8 * GIB,
    }
    assert machine.source.failures == {}


def test_waiting_for_a_disk_is_idle_and_guests_are_not_counted_twice(tmp_path):
    machine = Machine(
        {**trees.V2_HOST, "proc/stat": host_columns("10000 200 3000 80000 1000 100 300 400 50 5")}, tmp_path
    )
    # user, nice, system, idle, waiting, interrupts, soft ones, stolen; and of user and nice, guests
    seen = machine.after(5, {"proc/stat": host_columns("10100 210 3050 80500 1200 110 320 410 150 15")})
    assert seen[CPU, "host"] == (100 + 10 + 50 + 10 + 20 + 10) / (100 + 10 + 50 + 500 + 200 + 10 + 20 + 10)


def test_another_number_of_cpus_starts_anew(tmp_path):
    machine = Machine({**trees.V2_HOST, **host_stat(1000, 1000)}, tmp_path)
    seen = machine.after(5, host_stat(1100, 1300, cpus=3))
    assert seen[CPU_LIMIT, "host"] == 3
    assert (CPU, "host") not in seen
    assert machine.after(5, host_stat(1200, 1400, cpus=3))[CPU, "host"] == 0.5


@pytest.mark.parametrize(
    "files",
    [
        {f"{trees.SYS}/cpu.max": "400000 100000\n", f"{trees.SYS}/memory.max": f"{8 * GIB}\n"},
        {f"{trees.SYS}/cpu.max": "6400000 100000\n", f"{trees.SYS}/memory.max": f"{2**63}\n"},
    ],
)
def test_a_limit_that_is_not_lower_than_the_host_does_not_apply(files, tmp_path):
    machine = Machine({**trees.V2_CONTAINER, **files, **host_stat(0, 0)}, tmp_path)
    assert machine.after(5, host_stat(100, 300)) == {
        (CPU, "host"): 0.25,
        (CPU_LIMIT, "host"): 4,
        (MEMORY, "host"): 0.75,
        (MEMORY_LIMIT, "host"): 8 * GIB,
    }


def test_cpu_and_memory_may_have_limits_of_different_owners(tmp_path):
    machine = Machine({**trees.V2_CONTAINER, f"{trees.SYS}/memory.max": "max\n"}, tmp_path)
    assert set(machine.after(5, {})) == {
        (CPU, "container"),
        (CPU_LIMIT, "container"),
        (MEMORY, "host"),
        (MEMORY_LIMIT, "host"),
    }


@pytest.mark.parametrize(("allowed", "limit"), [("1\n", 1.0), ("0-1\n", 1.5), ("0-3\n", 1.5), ("\n", 1.5)])
def test_fewer_cpus_than_the_quota_limit_too(allowed, limit, tmp_path):
    machine = Machine({**trees.V2_CONTAINER, f"{trees.SYS}/cpuset.cpus.effective": allowed}, tmp_path)
    seen = machine.after(2, v2_used(12_500_000 + 1_500_000))
    assert seen[CPU_LIMIT, "container"] == limit
    assert seen[CPU, "container"] == pytest.approx(1.5 / (2 * limit))


def test_cpus_alone_limit_when_they_are_fewer_than_the_hosts(tmp_path):
    machine = Machine({**trees.V2_UNLIMITED, f"{trees.SYS}/cpuset.cpus.effective": "0,2\n"}, tmp_path)
    seen = machine.after(2, v2_used(12_500_000 + 1_000_000))
    assert (seen[CPU_LIMIT, "container"], seen[CPU, "container"]) == (2.0, pytest.approx(0.25))


def test_too_short_an_interval_says_nothing_and_then_counts(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert (CPU, "container") not in machine.after(0, {})
    assert (CPU, "container") not in machine.after(0.25, v2_used(12_500_000 + 100_000))
    # the base is still the first reading
    assert machine.after(0.25, v2_used(12_500_000 + 300_000))[CPU, "container"] == pytest.approx(0.3 / (0.5 * 1.5))
    # and soon afterwards the last ratio still holds
    assert machine.after(0.1, v2_used(99_500_000))[CPU, "container"] == pytest.approx(0.3 / (0.5 * 1.5))


def test_a_changed_quota_starts_anew(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert (CPU, "container") in machine.after(5, v2_used(13_000_000))
    seen = machine.after(5, {**v2_used(14_000_000), f"{trees.SYS}/cpu.max": "50000 100000\n"})
    assert seen[CPU_LIMIT, "container"] == 0.5
    assert (CPU, "container") not in seen
    assert machine.after(5, v2_used(15_000_000))[CPU, "container"] == pytest.approx(1 / (5 * 0.5))


def test_another_group_starts_anew(tmp_path):
    machine = Machine(trees.V2_KUBERNETES, tmp_path)
    machine.after(5, {})
    moved = machine.after(5, {"proc/self/cgroup": f"0::{trees.POD}\n"})
    assert moved[CPU_LIMIT, "container"] == 3.5
    assert (CPU, "container") not in moved
    assert machine.after(5, {})[CPU, "container"] == 0.0


def test_a_group_made_anew_has_no_negative_use(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert (CPU, "container") not in machine.after(5, v2_used(1_000))
    assert machine.after(5, v2_used(751_000))[CPU, "container"] == pytest.approx(0.1)


def test_a_burst_may_exceed_the_quota(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert machine.after(1, v2_used(12_500_000 + 1_800_000))[CPU, "container"] == pytest.approx(1.2)


def test_a_host_that_did_nothing_at_all_says_nothing(tmp_path):
    machine = Machine(trees.V2_HOST, tmp_path)
    assert (CPU, "host") not in machine.after(5, {})


def test_version_1_whose_cpu_time_is_counted_elsewhere_has_a_limit_but_no_ratio(tmp_path):
    groups = trees.V1_NESTED["proc/self/cgroup"].replace(
        "9:cpu,cpuacct:/outer/inner", "9:cpu:/outer/inner\n8:cpuacct:/"
    )
    mounts = trees.v1_mounts(controllers=("cpu", "cpuacct"))
    tree = {
        **trees.HOST,
        "proc/self/cgroup": groups,
        "proc/self/mountinfo": mounts,
        **trees.within(f"{trees.SYS}/cpu/outer/inner", trees.V1_CPU),
        **trees.within(f"{trees.SYS}/cpuacct", {**trees.V1_CPU, **trees.V1_ROOT_FILES}),
    }
    seen = Machine(tree, tmp_path).after(5, {})
    assert seen[CPU_LIMIT, "container"] == 0.5
    assert not any(name == CPU for name, _ in seen)


def test_without_the_hosts_files_the_containers_limit_applies(tmp_path):
    tree = {name: content for name, content in trees.V2_CONTAINER.items() if name not in ("proc/stat", "proc/meminfo")}
    machine = Machine(tree, tmp_path)
    assert set(machine.after(5, {})) == {(name, "container") for name in (CPU, CPU_LIMIT, MEMORY, MEMORY_LIMIT)}
    assert machine.source.failures == {}


def test_a_limit_of_nothing_is_not_divided_by(tmp_path):
    tree = {**trees.V2_CONTAINER, f"{trees.SYS}/memory.max": "0\n", f"{trees.SYS}/cpu.max": "0 100000\n"}
    seen = Machine(tree, tmp_path).after(5, v2_used(13_000_000))
    assert seen == {(CPU_LIMIT, "container"): 0.0, (MEMORY_LIMIT, "container"): 0.0}


def test_nothing_where_there_is_no_proc(tmp_path):
    source = Utilization(root=tmp_path)
    assert list(source.collect()) == []
    assert source.failures == {}


def test_stat():
    assert parse_stat(trees.HOST["proc/stat"]) == HostCpu(busy=14000, idle=81000, cpus=4)
    assert parse_stat("cpu  1 2 3 4\ncpu0 1 2 3 4\n") == HostCpu(busy=6, idle=4, cpus=1)  # as long ago
    assert parse_stat("intr 5\n") is None


def test_meminfo():
    assert parse_meminfo(trees.HOST["proc/meminfo"]) == HostMemory(8 * GIB, 2 * GIB)
    assert parse_meminfo("MemTotal: 4 kB\nMemFree: 1 kB\n") == HostMemory(4096, None)
    assert parse_meminfo("MemTotal: 0 kB\nMemAvailable: 0 kB\n") is None


@pytest.mark.parametrize("name", trees.ALL)
def test_what_is_yielded_is_declared_and_can_be_read_by_prometheus(name, tmp_path):
    machine = Machine(trees.ALL[name], tmp_path)
    machine.now += 5
    families = list(machine.source.collect())
    assert {family.metric for family in families} <= DECLARED
    for family in families:
        assert family.label_names == family.metric.label_names
        assert isinstance(family.points, list)
        (parsed,) = text_families("".join(render(family, Format.TEXT)))
        assert [sample.labels["limit"] in ("container", "host") for sample in parsed.samples] == [True]
