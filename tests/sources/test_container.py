"""The container's families: exact values from trees of both versions, and what is missing or broken left out alone."""

import os

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from apivitals.catalog import Metric
from apivitals.catalog import container as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.container import Container, parse_pressure
from tests.sources import cgroup_trees as trees

TICKS = os.sysconf("SC_CLK_TCK")
DECLARED = {value for value in vars(catalog).values() if isinstance(value, Metric)}

CPU_USER = ("container_cpu_time_seconds_total", "user")
CPU_SYSTEM = ("container_cpu_time_seconds_total", "system")
QUOTA = ("apivitals_container_cpu_quota",)
PERIODS = ("apivitals_container_cpu_periods_total",)
THROTTLED_PERIODS = ("apivitals_container_cpu_throttled_periods_total",)
THROTTLED = ("apivitals_container_cpu_throttled_seconds_total",)
USAGE = ("container_memory_usage_bytes",)
WORKING_SET = ("container_memory_working_set_bytes",)
LIMIT = ("apivitals_container_memory_limit_bytes",)
SWAP = ("apivitals_container_swap_usage_bytes",)
SWAP_LIMIT = ("apivitals_container_swap_limit_bytes",)
OOM_KILLS = ("apivitals_container_memory_oom_kills_total",)
PIDS = ("apivitals_container_pids",)
PIDS_LIMIT = ("apivitals_container_pids_limit",)


def event(name):
    return ("apivitals_container_memory_events_total", name)


def waiting(resource, scope):
    return ("apivitals_pressure_waiting_seconds_total", resource, scope)


def stalled(resource, scope):
    return ("apivitals_pressure_stalled_seconds_total", resource, scope)


V2_PRESSURE = {
    waiting("cpu", "container"): 3.0,
    waiting("memory", "container"): 0.02,
    waiting("io", "container"): 0.005,
    stalled("cpu", "container"): 1.0,
    stalled("memory", "container"): 0.01,
    stalled("io", "container"): 0.004,
}
HOST_PRESSURE = {
    waiting("cpu", "host"): 7.0,
    waiting("memory", "host"): 0.5,
    waiting("io", "host"): 0.09,
    stalled("memory", "host"): 0.25,
    stalled("io", "host"): 0.03,
}
V2_UNLIMITED_VALUES = {
    CPU_USER: 10.0,
    CPU_SYSTEM: 2.5,
    USAGE: 419430400.0,
    WORKING_SET: 335544320.0,
    SWAP: 4096.0,
    OOM_KILLS: 3.0,
    event("low"): 1.0,
    event("high"): 2.0,
    event("max"): 30.0,
    event("oom"): 4.0,
    event("oom_group_kill"): 0.0,
    PIDS: 17.0,
    **V2_PRESSURE,
}
V2_VALUES = {
    **V2_UNLIMITED_VALUES,
    QUOTA: 1.5,
    PERIODS: 1000.0,
    THROTTLED_PERIODS: 250.0,
    THROTTLED: 7.75,
    LIMIT: 536870912.0,
    SWAP_LIMIT: 1048576.0,
    PIDS_LIMIT: 512.0,
}
V1_UNLIMITED_VALUES = {
    CPU_USER: 1000 / TICKS,
    CPU_SYSTEM: 250 / TICKS,
    USAGE: 209715200.0,
    WORKING_SET: 157286400.0,
    SWAP: 0.0,
    OOM_KILLS: 2.0,
    event("max"): 12.0,
    PIDS: 9.0,
    **HOST_PRESSURE,
}
V1_VALUES = {
    **V1_UNLIMITED_VALUES,
    QUOTA: 0.5,
    PERIODS: 400.0,
    THROTTLED_PERIODS: 40.0,
    THROTTLED: 2.5,
    LIMIT: 268435456.0,
    SWAP: 8192.0,
    SWAP_LIMIT: 33554432.0,
    PIDS_LIMIT: 100.0,
}
EXPECTED = {
    "v2_container": V2_VALUES,
    "v2_unlimited": V2_UNLIMITED_VALUES,
    "v2_systemd": {
        **V2_UNLIMITED_VALUES,
        QUOTA: 2.0,
        PERIODS: 5000.0,
        THROTTLED_PERIODS: 77.0,
        THROTTLED: 1.5,
        LIMIT: 4294967296.0,
        PIDS_LIMIT: 64.0,
    },
    "v2_kubernetes": V2_VALUES,
    "v1_container": V1_VALUES,
    "v1_unlimited": V1_UNLIMITED_VALUES,
    "v1_nested": {**V1_VALUES, LIMIT: 200000000.0, SWAP: 0.0, PIDS_LIMIT: 40.0},
    "hybrid": {
        **{name: value for name, value in V1_VALUES.items() if name not in {PIDS, PIDS_LIMIT, *HOST_PRESSURE}},
        **V2_PRESSURE,
    },
    "v2_host": HOST_PRESSURE,
    "v1_host": HOST_PRESSURE,
}


def source(tree, tmp_path):
    return Container(root=trees.write(tree, tmp_path))


@pytest.mark.parametrize("name", trees.ALL)
def test_exact_values(name, tmp_path):
    container = source(trees.ALL[name], tmp_path)
    assert trees.values(container.collect()) == EXPECTED[name]
    assert container.failures == {}


@pytest.mark.parametrize("name", trees.ALL)
def test_what_is_yielded_is_declared_and_can_be_read_by_prometheus(name, tmp_path):
    families = list(source(trees.ALL[name], tmp_path).collect())
    assert {family.metric for family in families} <= DECLARED
    assert len({family.metric.name for family in families}) == len(families)
    for family in families:
        assert family.label_names == family.metric.label_names
        assert isinstance(family.points, list)
        assert family.points
        (parsed,) = text_families("".join(render(family, Format.TEXT)))
        assert len(parsed.samples) == len(family.points)
        text = "".join(render(family, Format.OPENMETRICS)) + "# EOF\n"
        (parsed,) = openmetrics_families(text)
        assert parsed.unit == family.metric.unit_suffix


def test_it_reads_anew_each_time(tmp_path):
    container = source(trees.V2_CONTAINER, tmp_path)
    list(container.collect())
    trees.write({f"{trees.SYS}/memory.current": "100000000\n", f"{trees.SYS}/pids.max": "max\n"}, tmp_path)
    seen = trees.values(container.collect())
    assert seen[USAGE] == 100000000.0
    assert PIDS_LIMIT not in seen


def test_it_follows_a_process_that_is_moved(tmp_path):
    container = source(trees.V2_SYSTEMD, tmp_path)
    list(container.collect())
    trees.write({"proc/self/cgroup": "0::/apps.slice\n"}, tmp_path)
    assert trees.values(container.collect())[QUOTA] == 3.0


def test_nothing_where_there_are_no_groups(tmp_path):
    container = Container(root=tmp_path)
    assert list(container.collect()) == []
    assert container.failures == {}


@pytest.mark.parametrize(
    ("missing", "lost"),
    [
        ("cpu.stat", {CPU_USER, CPU_SYSTEM, PERIODS, THROTTLED_PERIODS, THROTTLED}),
        ("cpu.max", {QUOTA, PERIODS, THROTTLED_PERIODS, THROTTLED}),
        ("memory.current", {USAGE, WORKING_SET}),
        ("memory.max", {LIMIT}),
        ("memory.stat", {WORKING_SET}),
        ("memory.swap.current", {SWAP}),
        ("memory.swap.max", {SWAP_LIMIT}),
        ("memory.events", {OOM_KILLS, *(name for name in V2_VALUES if name[0] == event("")[0])}),
        ("pids.current", {PIDS}),
        ("pids.max", {PIDS_LIMIT}),
    ],
)
def test_a_missing_file_takes_only_its_own_away_and_is_no_failure(missing, lost, tmp_path):
    tree = {name: content for name, content in trees.V2_CONTAINER.items() if name != f"{trees.SYS}/{missing}"}
    container = source(tree, tmp_path)
    assert trees.values(container.collect()) == {n: v for n, v in V2_VALUES.items() if n not in lost}
    assert container.failures == {}


@pytest.mark.parametrize(
    ("broken", "part", "lost"),
    [
        ("cpu.max", {"cpu_quota", "cpu_throttling"}, {QUOTA, PERIODS, THROTTLED_PERIODS, THROTTLED}),
        ("memory.current", {"memory_usage", "memory_working_set"}, {USAGE, WORKING_SET}),
        ("memory.max", {"memory_limit"}, {LIMIT}),
        ("memory.swap.current", {"swap_usage"}, {SWAP}),
        ("memory.swap.max", {"swap_limit"}, {SWAP_LIMIT}),
        ("pids.current", {"pids"}, {PIDS}),
        ("pids.max", {"pids_limit"}, {PIDS_LIMIT}),
    ],
)
@pytest.mark.parametrize("garbage", [b"garbage\n", b"", b"\xff\0\x80", b"-7\n", b"1e400\n", b"9" * 5000])
def test_garbage_in_a_file_takes_only_its_own_away_and_is_reported(broken, part, lost, garbage, tmp_path):
    container = source({**trees.V2_CONTAINER, f"{trees.SYS}/{broken}": garbage}, tmp_path)
    assert trees.values(container.collect()) == {n: v for n, v in V2_VALUES.items() if n not in lost}
    assert set(container.failures) == part
    assert all(isinstance(error, ValueError) for error in container.failures.values())
    assert "expected a number" in str(container.failures[min(part)])
    trees.write(trees.V2_CONTAINER, tmp_path)
    assert trees.values(container.collect()) == V2_VALUES
    assert container.failures == {}


def test_garbage_in_tables(tmp_path):
    tree = {
        **trees.V2_CONTAINER,
        f"{trees.SYS}/cpu.stat": "user_usec x\nsystem_usec 1\nnr_periods 1\nnr_throttled -2\n",
        f"{trees.SYS}/memory.events": "oom_kill 1\nmax two\nunheard_of 3\n",
        f"{trees.SYS}/memory.stat": "inactive_file\n",
        f"{trees.SYS}/io.pressure": "some avg10=0.00 total=soon\n",
    }
    container = source(tree, tmp_path)
    seen = trees.values(container.collect())
    assert set(container.failures) == {"cpu_time", "cpu_throttling", "memory_events", "io_pressure"}
    assert "nr_throttled" in str(container.failures["cpu_throttling"])
    for lost in (CPU_USER, PERIODS, event("max"), WORKING_SET, waiting("io", "container"), waiting("io", "host")):
        assert lost not in seen
    for kept in (QUOTA, USAGE, LIMIT, waiting("cpu", "container"), PIDS):
        assert seen[kept] == V2_VALUES[kept]


def test_a_period_of_nothing_is_refused(tmp_path):
    container = source({**trees.V2_CONTAINER, f"{trees.SYS}/cpu.max": "100 0\n"}, tmp_path)
    assert QUOTA not in trees.values(container.collect())
    assert "expected more than 0" in str(container.failures["cpu_quota"])


def test_cpu_time_that_the_kernel_does_not_divide(tmp_path):
    v2 = source({**trees.V2_CONTAINER, f"{trees.SYS}/cpu.stat": "usage_usec 4500000\n"}, tmp_path / "v2")
    assert trees.values(v2.collect())["container_cpu_time_seconds_total", ""] == 4.5
    tree = {n: c for n, c in trees.V1_CONTAINER.items() if not n.endswith("cpuacct.stat")}
    v1 = source(tree, tmp_path / "v1")
    seen = trees.values(v1.collect())
    assert seen["container_cpu_time_seconds_total", ""] == 12.5
    assert CPU_USER not in seen


def test_version_1_without_swap_accounting(tmp_path):
    tree = {n: c for n, c in trees.V1_CONTAINER.items() if "memsw" not in n}
    seen = trees.values(source(tree, tmp_path).collect())
    assert SWAP_LIMIT not in seen
    assert seen[LIMIT] == 268435456.0


def test_huge_numbers(tmp_path):
    most = 2**64 - 1
    tree = {
        **trees.V2_CONTAINER,
        f"{trees.SYS}/memory.current": f"{most}\n",
        f"{trees.SYS}/cpu.stat": f"user_usec {most}\nsystem_usec {most}\n",
        f"{trees.SYS}/cpu.pressure": f"some total={most}\n",
    }
    container = source(tree, tmp_path)
    seen = trees.values(container.collect())
    assert seen[USAGE] == float(most)
    assert seen[CPU_USER] == most / 1e6
    assert seen[waiting("cpu", "container")] == most / 1e6
    assert stalled("cpu", "container") not in seen
    assert container.failures == {}


def test_pressure_lines():
    assert parse_pressure("some avg10=0.1 total=1500000\nfull total=2\nmost total=3\n\n") == {"some": 1.5, "full": 2e-6}
    with pytest.raises(ValueError, match="total="):
        parse_pressure("some avg10=0.1\n")
