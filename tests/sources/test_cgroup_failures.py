"""Files that cannot be read or hold anything: the container and its utilizations lose that, and nothing else."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apivitals.sources.container import Container
from tests.sources import cgroup_trees as trees
from tests.sources.cgroup_machine import Machine, broken, v2_used

CPU = "apivitals_cpu_utilization"
CPU_LIMIT = "apivitals_cpu_limit"
MEMORY = "apivitals_memory_utilization"
MEMORY_LIMIT = "apivitals_memory_limit_bytes"


def refusing(monkeypatch, refused, error_number):
    """Have the kernel answer with that error where `refused(path)`."""
    unpatched = Path.read_bytes

    def read_bytes(path):
        if refused(path):
            raise OSError(error_number, os.strerror(error_number), str(path))
        return unpatched(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)


def test_what_may_not_be_read_is_reported(tmp_path, monkeypatch):
    container = Container(root=trees.write(trees.V2_CONTAINER, tmp_path))
    usual = trees.values(container.collect())
    refusing(monkeypatch, lambda path: path.name == "memory.current", errno.EACCES)
    seen = trees.values(container.collect())
    lost = {("container_memory_usage_bytes",), ("container_memory_working_set_bytes",)}
    assert seen == {name: value for name, value in usual.items() if name not in lost}
    assert set(usual) - set(seen) == lost
    assert isinstance(container.failures["memory_usage"], PermissionError)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENODEV, errno.ENOENT])
def test_pressure_that_is_switched_off_or_gone_is_absent(number, tmp_path, monkeypatch):
    container = Container(root=trees.write(trees.V2_CONTAINER, tmp_path))
    usual = trees.values(container.collect())
    refusing(monkeypatch, lambda path: "pressure" in (path.suffix[1:], path.parent.name), number)
    seen = trees.values(container.collect())
    assert seen == {name: value for name, value in usual.items() if "pressure" not in name[0]}
    assert len(usual) == len(seen) + 6
    assert container.failures == {}


def test_proc_that_may_not_be_read_is_reported(tmp_path, monkeypatch):
    refusing(monkeypatch, lambda path: path.parent.name == "self", errno.EACCES)
    container = Container(root=trees.write(trees.V2_CONTAINER, tmp_path))
    assert list(container.collect()) == []
    assert set(container.failures) == {"cgroup"}
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert machine.after(5, {}) == {}
    assert set(machine.source.failures) == {"cgroup"}


@pytest.mark.parametrize("name", trees.ALL)
def test_any_bytes_in_any_file_raise_nothing(name, tmp_path):
    container = Container(root=trees.write(trees.ALL[name], tmp_path))
    usual = trees.values(container.collect())

    @settings(max_examples=60)
    @given(data=st.data())
    def hold(data):
        with broken(data, name, tmp_path):
            seen = trees.values(container.collect())
        assert all(value >= 0 for value in seen.values())
        assert all(isinstance(error, ValueError | OSError) for error in container.failures.values())

    hold()
    assert trees.values(container.collect()) == usual


def test_the_hosts_files_in_ruins_are_reported_and_the_containers_limit_applies(tmp_path):
    ruins = {"proc/stat": "cpu  a b c d\ncpu0 1 2 3 4\n", "proc/meminfo": "MemTotal: lots kB\n"}
    machine = Machine({**trees.V2_CONTAINER, **ruins}, tmp_path)
    assert set(machine.after(5, {})) == {(name, "container") for name in (CPU, CPU_LIMIT, MEMORY, MEMORY_LIMIT)}
    assert set(machine.source.failures) == {"host_cpu", "host_memory"}
    unlimited = Machine({**trees.V2_UNLIMITED, **ruins}, tmp_path / "unlimited")
    assert unlimited.after(5, {}) == {}
    assert set(unlimited.source.failures) == {"host_cpu", "host_memory"}


def test_an_unreadable_limit_is_reported_and_no_other_is_shown_in_its_place(tmp_path):
    machine = Machine({**trees.V2_CONTAINER, f"{trees.SYS}/cpu.max": "garbage\n"}, tmp_path)
    assert set(machine.after(5, {})) == {(MEMORY, "container"), (MEMORY_LIMIT, "container")}
    assert set(machine.source.failures) == {"cpu"}
    healed = {f"{trees.SYS}/cpu.max": "150000 100000\n"}
    assert (CPU, "container") not in machine.after(5, healed)
    assert machine.source.failures == {}
    assert (CPU, "container") in machine.after(5, v2_used(13_000_000))


def test_a_reading_that_failed_is_bridged(tmp_path):
    machine = Machine(trees.V2_CONTAINER, tmp_path)
    assert (CPU, "container") not in machine.after(5, {f"{trees.SYS}/cpu.max": "garbage\n"})
    healed = {f"{trees.SYS}/cpu.max": "150000 100000\n"}
    assert machine.after(5, {**healed, **v2_used(12_500_000 + 3_000_000)})[CPU, "container"] == pytest.approx(0.2)


@pytest.mark.parametrize("name", trees.ALL)
def test_any_bytes_in_any_file_raise_nothing_in_utilization(name, tmp_path):
    machine = Machine(trees.ALL[name], tmp_path)
    usual = set(machine.after(5, {}))

    @settings(max_examples=60)
    @given(data=st.data())
    def hold(data):
        with broken(data, name, tmp_path):
            for _ in range(2):
                seen = machine.after(5, {})
                assert all(value >= 0 for value in seen.values())
                assert all(isinstance(error, ValueError | OSError) for error in machine.source.failures.values())

    hold()
    machine.after(5, {})
    assert set(machine.after(5, {})) == usual
    assert machine.source.failures == {}
