"""Which control groups a process is in, and what their files say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apivitals.sources.cgroup import (
    Cgroup,
    Cgroups,
    count,
    cpu_quota,
    cpu_seconds,
    cpus,
    cpuset,
    memberships,
    memory_limit,
    mounts,
    tightest,
    working_set,
)
from tests.sources import cgroup_trees as trees


def groups(tree, tmp_path):
    return Cgroups(trees.write(tree, tmp_path))


def paths(chain):
    return [cgroup.path for cgroup in chain]


def directories(chain, root):
    return [str(cgroup.directory.relative_to(root)) for cgroup in chain]


def shown(limit):
    """Return a limit's value and the path of the group that sets it."""
    assert limit is not None
    return (limit.value, limit.cgroup.path)


def test_memberships_of_both_versions():
    text = "4:cpu,cpuacct:/a\n3:memory:/b:c\n2:name=systemd:/d\n0::/e f\n"
    assert memberships(text) == {"cpu": "/a", "cpuacct": "/a", "memory": "/b:c", "name=systemd": "/d", "": "/e f"}


def test_mounts_with_and_without_optional_fields_and_with_escapes():
    text = (
        "30 23 0:26 /a\\040b /c\\134d rw shared:1 master:2 - cgroup2 cgroup2 rw\n"
        "31 23 0:27 / /e rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 23 0:28 / /f rw - tmpfs cgroup rw,cpu\n"
        "cgroup\n"
    )
    assert list(mounts(text)) == [
        (2, frozenset({""}), "/a b", "/c\\d"),
        (1, frozenset({"rw", "cpu", "cpuacct"}), "/", "/e"),
    ]


@given(st.text() | st.from_regex(r"(\d+:[a-z,]*:/[^\n]*\n|[ -/a-z0-9]* - cgroup2? [a-z, ]*\n)*"))
def test_any_text_is_parsed(text):
    assert all(path.startswith("/") for path in memberships(text).values())
    assert all(mount.version in (1, 2) for mount in mounts(text))


@given(st.sets(st.integers(0, 300), min_size=1))
def test_every_list_of_cpus_is_counted(numbers):
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    text = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)
    assert cpus(text + "\n") == len(numbers)


@pytest.mark.parametrize("text", ["", "a", "1,", "-1", "0-", "٣", "0-1-2", "1" * 20])
def test_what_is_no_list_of_cpus_is_refused(text):
    with pytest.raises(ValueError, match="expected a list of CPUs"):
        cpus(text)


@given(st.integers(0, 2**64 - 1))
def test_a_count_is_read(number):
    assert count(f"{number}\n", "x") == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "0x10", "1_000", "٣", "1 2", "9" * 21, "max", "\0"])
def test_what_is_no_count_is_refused_by_name(text):
    with pytest.raises(ValueError, match=r"^memory.max: expected a number, found"):
        count(text, "memory.max")


def test_a_group_namespace_shows_its_root_as_the_own_group(tmp_path):
    chain = groups(trees.V2_CONTAINER, tmp_path).of("memory")
    assert paths(chain) == ["/"]
    assert directories(chain, tmp_path) == ["sys/fs/cgroup"]


def test_slices_are_listed_from_the_inside_out_without_the_root(tmp_path):
    chain = groups(trees.V2_SYSTEMD, tmp_path).of("cpu")
    assert paths(chain) == ["/apps.slice/apps-web.slice/shop.service", "/apps.slice/apps-web.slice", "/apps.slice"]


def test_a_level_without_files_stays_in_the_chain(tmp_path):
    chain = groups(trees.V2_KUBERNETES, tmp_path).of("cpu")
    assert paths(chain)[0].endswith("/cri-containerd-9c8d.scope")
    assert paths(chain)[1] == trees.POD
    assert len(chain) == 4


def test_a_mounted_part_of_version_1_is_the_containers(tmp_path):
    found = groups(trees.V1_CONTAINER, tmp_path)
    assert paths(found.of("memory")) == [trees.DOCKER]
    assert directories(found.of("memory"), tmp_path) == ["sys/fs/cgroup/memory"]
    assert directories(found.of("cpuacct"), tmp_path) == ["sys/fs/cgroup/cpu,cpuacct"]


def test_a_group_below_the_mounted_part(tmp_path):
    tree = {
        **trees.V1_CONTAINER,
        "proc/self/cgroup": trees.v1_groups(f"{trees.DOCKER}/child"),
        f"{trees.SYS}/memory/child/": "",
    }
    chain = groups(tree, tmp_path).of("memory")
    assert paths(chain) == [f"{trees.DOCKER}/child", trees.DOCKER]
    assert directories(chain, tmp_path) == ["sys/fs/cgroup/memory/child", "sys/fs/cgroup/memory"]


def test_each_controller_of_version_1_has_a_path_of_its_own(tmp_path):
    tree = {**trees.V1_NESTED, "proc/self/cgroup": "2:memory:/outer/inner\n3:cpu,cpuacct:/outer\n"}
    found = groups(tree, tmp_path)
    assert paths(found.of("memory")) == ["/outer/inner", "/outer"]
    assert paths(found.of("cpu")) == ["/outer"]
    assert found.of("pids") == ()


def test_in_a_hybrid_each_controller_is_where_it_is_attached(tmp_path):
    found = groups(trees.HYBRID, tmp_path)
    assert {cgroup.version for cgroup in found.of("memory")} == {1}
    assert directories(found.of(""), tmp_path)[0] == "sys/fs/cgroup/unified/system.slice/shop.service"
    assert found.of("io")[0].version == 2


@pytest.mark.parametrize("tree", [trees.V1_HOST, trees.V2_HOST])
def test_the_root_of_a_hierarchy_is_no_container(tree, tmp_path):
    found = groups(tree, tmp_path)
    assert [found.of(controller) for controller in ("cpu", "cpuacct", "cpuset", "memory", "pids", "")] == [()] * 6


def test_the_hosts_mount_beside_our_own_shows_more(tmp_path):
    tree = {
        **trees.V1_CONTAINER,
        "proc/self/mountinfo": trees.v1_mounts(root=trees.DOCKER) + trees.v1_mounts(base="/host/sys/fs/cgroup"),
        "host/sys/fs/cgroup/memory/release_agent": "",
        **trees.within("host/sys/fs/cgroup/memory/docker", {**trees.V1_MEMORY, "memory.limit_in_bytes": "100000000\n"}),
        **trees.within(f"host/sys/fs/cgroup/memory{trees.DOCKER}", trees.V1_MEMORY),
    }
    found = groups(tree, tmp_path)
    assert directories(found.of("memory"), tmp_path)[-1] == "host/sys/fs/cgroup/memory/docker"
    assert shown(memory_limit(found)) == (100_000_000, "/docker")


@pytest.mark.parametrize(("root", "path"), [("/../..", "/"), ("/", "/../other"), ("/docker/a", "/docker/ab")])
def test_a_group_outside_of_what_is_mounted_is_not_made_up(root, path, tmp_path):
    tree = {
        **trees.V2_CONTAINER,
        "proc/self/cgroup": f"0::{path}\n",
        "proc/self/mountinfo": trees.v2_mount(root=root),
        "sys/fs/other/cgroup.events": "",
    }
    assert groups(tree, tmp_path).of("memory") == ()


def test_a_mount_from_outside_the_namespace_is_found_by_its_relative_path(tmp_path):
    tree = {
        **trees.V2_CONTAINER,
        "proc/self/cgroup": "0::/../other\n",
        "proc/self/mountinfo": trees.v2_mount(root="/.."),
        f"{trees.SYS}/other/memory.max": "7\n",
    }
    found = groups(tree, tmp_path)
    assert directories(found.of("memory"), tmp_path)[0] == "sys/fs/cgroup/other"
    assert shown(memory_limit(found)) == (7, "/../other")


def test_a_mount_point_with_a_space(tmp_path):
    tree = {
        **trees.HOST,
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": trees.v2_mount(point="/my\\040groups"),
        **trees.within("my groups", trees.V2_GROUP),
    }
    assert shown(cpu_quota(groups(tree, tmp_path))) == (1.5, "/")


@pytest.mark.parametrize("missing", ["proc/self/cgroup", "proc/self/mountinfo"])
def test_without_proc_there_are_no_groups(missing, tmp_path):
    tree = {name: content for name, content in trees.V2_CONTAINER.items() if name != missing}
    assert groups(tree, tmp_path).of("memory") == ()


@pytest.mark.parametrize(
    ("tree", "quota", "memory"),
    [
        (trees.V2_CONTAINER, (1.5, "/"), (536870912, "/")),
        (trees.V2_SYSTEMD, (2.0, "/apps.slice/apps-web.slice"), (4294967296, "/apps.slice/apps-web.slice")),
        (
            trees.V2_KUBERNETES,
            (1.5, f"{trees.POD}/cri-containerd-9c8d.scope"),
            (536870912, f"{trees.POD}/cri-containerd-9c8d.scope"),
        ),
        (trees.V1_CONTAINER, (0.5, trees.DOCKER), (268435456, trees.DOCKER)),
        (trees.V1_NESTED, (0.5, "/outer/inner"), (200000000, "/outer")),
        (trees.HYBRID, (0.5, "/system.slice/shop.service"), (268435456, "/system.slice/shop.service")),
    ],
    ids=["v2", "systemd", "kubernetes", "v1", "v1 nested", "hybrid"],
)
def test_the_tightest_limit_of_the_chain_and_who_sets_it(tree, quota, memory, tmp_path):
    found = groups(tree, tmp_path)
    assert shown(cpu_quota(found)) == quota
    assert shown(memory_limit(found)) == memory


@pytest.mark.parametrize("tree", [trees.V2_UNLIMITED, trees.V1_UNLIMITED, trees.V2_HOST, trees.V1_HOST])
def test_no_limit(tree, tmp_path):
    found = groups(tree, tmp_path)
    assert cpu_quota(found) is None
    assert memory_limit(found) is None


@pytest.mark.parametrize("no_limit", [0x7FFFFFFFFFFFF000, 0x7FFFFFFFFFFF0000, 2**63 - 1])
def test_version_1_has_no_limit_whatever_the_page_size(no_limit, tmp_path):
    tree = {**trees.V1_UNLIMITED, f"{trees.SYS}/memory/memory.limit_in_bytes": f"{no_limit}\n"}
    tree[f"{trees.SYS}/memory/memory.stat"] = f"hierarchical_memory_limit {no_limit}\n"
    assert memory_limit(groups(tree, tmp_path)) is None


def test_version_1_tells_of_a_limit_around_what_can_be_seen(tmp_path):
    tree = {**trees.V1_CONTAINER, f"{trees.SYS}/memory/memory.limit_in_bytes": f"{trees.V1_NO_LIMIT}\n"}
    assert shown(memory_limit(groups(tree, tmp_path))) == (268435456, trees.DOCKER)


def test_of_equal_limits_the_outermost_counts(tmp_path):
    own, around = (Cgroup(2, path, tmp_path) for path in ("/a/b", "/a"))
    assert shown(tightest((own, around), lambda _: 1.0)) == (1.0, "/a")


def test_a_group_around_that_may_not_be_read_is_passed_over_but_not_the_own(tmp_path):
    own, around = (Cgroup(2, path, tmp_path) for path in ("/a/b", "/a"))

    def refused_for(refused):
        def limit_of(cgroup):
            if cgroup is refused:
                raise PermissionError(13, "Permission denied")
            return 3.0

        return limit_of

    assert tightest((own, around), refused_for(around)) == (3.0, own)
    with pytest.raises(PermissionError):
        tightest((own, around), refused_for(own))


def test_cpusets_of_both_versions(tmp_path):
    v2 = {**trees.V2_UNLIMITED, f"{trees.SYS}/cpuset.cpus.effective": "0-1,7\n"}
    assert shown(cpuset(groups(v2, tmp_path / "v2"))) == (3, "/")
    v1 = {**trees.V1_UNLIMITED, f"{trees.SYS}/cpuset/cpuset.effective_cpus": "2\n"}
    assert shown(cpuset(groups(v1, tmp_path / "v1"))) == (1, trees.DOCKER)
    assert cpuset(groups(trees.V2_CONTAINER, tmp_path / "none")) is None


def test_version_1_counts_cpu_time_in_a_group_of_the_same_path_or_not_at_all(tmp_path):
    found = groups(trees.V1_NESTED, tmp_path)
    inner, outer = found.of("cpu")
    assert (cpu_seconds(found, inner), cpu_seconds(found, outer)) == (12.5, 50.0)
    assert cpu_seconds(found, outer._replace(path="/elsewhere")) is None


def test_the_working_set_is_never_negative(tmp_path):
    tree = {**trees.V2_CONTAINER, f"{trees.SYS}/memory.stat": "inactive_file 999999999999\n"}
    (own,) = groups(tree, tmp_path).of("memory")
    assert working_set(own) == 0


def test_numbers_of_64_bits(tmp_path):
    tree = {
        **trees.V2_CONTAINER,
        f"{trees.SYS}/memory.max": f"{2**64 - 1}\n",
        f"{trees.SYS}/cpu.max": f"{2**64 - 1} 1000\n",
    }
    found = groups(tree, tmp_path)
    assert shown(memory_limit(found)) == (2**64 - 1, "/")
    assert shown(cpu_quota(found)) == ((2**64 - 1) / 1000, "/")
