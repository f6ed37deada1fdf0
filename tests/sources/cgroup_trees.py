"""File trees as kernels show them, below a root of the test's own: /proc/self and the cgroup file systems.

A tree is a dictionary of paths and contents, so that a test can add to it, change it and leave things out.
"""

from pathlib import Path

V1_NO_LIMIT = "9223372036854771712"
V2_MOUNT = "30 23 0:26 {root} {point} rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNT = "{number} 25 0:{number} {root} {point} rw,relatime master:11 - cgroup cgroup rw,{controllers}\n"
OTHER_MOUNTS = "22 27 0:21 / /proc rw,relatime - proc proc rw\n25 1 0:23 / /sys ro shared:7 - sysfs sysfs rw\n"


def write(tree, root: Path) -> Path:
    """Make the files of `tree` below `root`; a name that ends with a slash is an empty directory."""
    for name, content in tree.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def within(directory, files):
    return {f"{directory}/{name}": content for name, content in files.items()}


def pressure(some, full):
    return "".join(
        f"{share} avg10=0.00 avg60=1.25 avg300=0.50 total={microseconds}\n"
        for share, microseconds in (("some", some), ("full", full))
    )


def v2_mount(root="/", point="/sys/fs/cgroup"):
    return OTHER_MOUNTS + V2_MOUNT.format(root=root, point=point)


def v1_mounts(root="/", controllers=("cpu,cpuacct", "cpuset", "memory", "pids"), base="/sys/fs/cgroup"):
    return OTHER_MOUNTS + "".join(
        V1_MOUNT.format(number=31 + n, root=root, point=f"{base}/{together}", controllers=together)
        for n, together in enumerate(controllers)
    )


def v1_groups(path, controllers=("cpu,cpuacct", "cpuset", "memory", "pids")):
    return (
        "".join(f"{9 - n}:{together}:{path}\n" for n, together in enumerate(controllers)) + f"1:name=systemd:{path}\n"
    )


# What a host with four CPUs and 8 GiB shows beside the groups.
HOST = {
    "proc/stat": (
        "cpu  10000 200 3000 80000 1000 100 300 400 50 5\n"
        + "".join(f"cpu{n} 2500 50 750 20000 250 25 75 100 12 1\n" for n in range(4))
        + "intr 123 4 5\nctxt 987654\nbtime 1700000000\n"
    ),
    "proc/meminfo": "MemTotal:        8388608 kB\nMemFree:         1048576 kB\nMemAvailable:    2097152 kB\n",
    "proc/pressure/cpu": pressure(7000000, 0),
    "proc/pressure/memory": pressure(500000, 250000),
    "proc/pressure/io": pressure(90000, 30000),
}

V2_GROUP = {
    "cgroup.events": "populated 1\nfrozen 0\n",
    "cpu.stat": (
        "usage_usec 12500000\nuser_usec 10000000\nsystem_usec 2500000\nnice_usec 0\n"
        "nr_periods 1000\nnr_throttled 250\nthrottled_usec 7750000\nnr_bursts 0\nburst_usec 0\n"
    ),
    "cpu.max": "150000 100000\n",
    "cpu.pressure": pressure(3000000, 1000000),
    "memory.current": "419430400\n",
    "memory.max": "536870912\n",
    "memory.stat": "anon 314572800\nfile 104857600\ninactive_file 83886080\nactive_file 20971520\n",
    "memory.swap.current": "4096\n",
    "memory.swap.max": "1048576\n",
    "memory.events": "low 1\nhigh 2\nmax 30\noom 4\noom_kill 3\noom_group_kill 0\nsock_throttled 8\n",
    "memory.pressure": pressure(20000, 10000),
    "io.pressure": pressure(5000, 4000),
    "pids.current": "17\n",
    "pids.max": "512\n",
}
V2_UNLIMITED_GROUP = {
    **V2_GROUP,
    "cpu.max": "max 100000\n",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "pids.max": "max\n",
}
# What only the root of a version 2 hierarchy has, and what it lacks: no limits, no cgroup.events.
V2_ROOT = {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cpu.stat": "usage_usec 999000000\nuser_usec 900000000\nsystem_usec 99000000\n",
    "cpu.pressure": HOST["proc/pressure/cpu"],
    "memory.pressure": HOST["proc/pressure/memory"],
    "io.pressure": HOST["proc/pressure/io"],
    "memory.stat": "anon 1\ninactive_file 2\n",
    "cpuset.cpus.effective": "0-3\n",
}

V1_CPU = {
    "cpu.cfs_quota_us": "50000\n",
    "cpu.cfs_period_us": "100000\n",
    "cpu.stat": "nr_periods 400\nnr_throttled 40\nthrottled_time 2500000000\n",
    "cpuacct.usage": "12500000000\n",
    "cpuacct.usage_user": "9990000000\n",
    "cpuacct.usage_sys": "2490000000\n",
    "cpuacct.stat": "user 1000\nsystem 250\n",
}
V1_MEMORY = {
    "memory.usage_in_bytes": "209715200\n",
    "memory.limit_in_bytes": "268435456\n",
    "memory.memsw.limit_in_bytes": "301989888\n",
    "memory.failcnt": "12\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "memory.stat": (
        "cache 1\nrss 2\ninactive_file 4096\nhierarchical_memory_limit 268435456\nhierarchical_memsw_limit 301989888\n"
        "total_cache 104857600\ntotal_swap 8192\ntotal_inactive_file 52428800\n"
    ),
}
V1_PIDS = {"pids.current": "9\n", "pids.max": "100\n"}
V1_ROOT_FILES = {"release_agent": "", "cgroup.sane_behavior": "0\n"}

V1_UNLIMITED_CPU = {
    **V1_CPU,
    "cpu.cfs_quota_us": "-1\n",
    "cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
}
V1_UNLIMITED_MEMORY = {
    **V1_MEMORY,
    "memory.limit_in_bytes": f"{V1_NO_LIMIT}\n",
    "memory.memsw.limit_in_bytes": f"{V1_NO_LIMIT}\n",
    "memory.stat": f"hierarchical_memory_limit {V1_NO_LIMIT}\ntotal_swap 0\ntotal_inactive_file 52428800\n",
}

SYS = "sys/fs/cgroup"
DOCKER = "/docker/6f1ed002ab5595859014ebf0951522d9"
POD = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a2b.slice"

# A container with a group namespace of its own: version 2's path is "/", and so is what is mounted.
V2_CONTAINER = {
    **HOST,
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo": v2_mount(),
    **within(SYS, V2_GROUP),
}
V2_UNLIMITED = {**V2_CONTAINER, **within(SYS, V2_UNLIMITED_GROUP)}

# A service on a host: the service is unlimited, but the slice around it has a quota and half of the memory.
V2_SYSTEMD = {
    **HOST,
    "proc/self/cgroup": "0::/apps.slice/apps-web.slice/shop.service\n",
    "proc/self/mountinfo": v2_mount(),
    **within(SYS, V2_ROOT),
    **within(f"{SYS}/apps.slice", {**V2_UNLIMITED_GROUP, "cpu.max": "300000 100000\n", "memory.max": "6442450944\n"}),
    **within(
        f"{SYS}/apps.slice/apps-web.slice",
        {
            **V2_UNLIMITED_GROUP,
            "cpu.max": "200000 100000\n",
            "cpu.stat": "usage_usec 40000000\nnr_periods 5000\nnr_throttled 77\nthrottled_usec 1500000\n",
            "memory.current": "2147483648\n",
            "memory.max": "4294967296\n",
            "memory.stat": "inactive_file 1073741824\n",
            "pids.max": "64\n",
        },
    ),
    **within(f"{SYS}/apps.slice/apps-web.slice/shop.service", V2_UNLIMITED_GROUP),
}

# Kubernetes without a group namespace: the whole path is seen, and the container's own limit is the tightest.
V2_KUBERNETES = {
    **HOST,
    "proc/self/cgroup": f"0::{POD}/cri-containerd-9c8d.scope\n",
    "proc/self/mountinfo": v2_mount(),
    **within(SYS, V2_ROOT),
    **within(SYS + POD, {**V2_GROUP, "cpu.max": "350000 100000\n", "memory.max": "1073741824\n", "pids.max": "max\n"}),
    **within(f"{SYS}{POD}/cri-containerd-9c8d.scope", V2_GROUP),
}

# Docker on version 1: the path is the host's, and what is mounted is the container's own part.
V1_CONTAINER = {
    **HOST,
    "proc/self/cgroup": v1_groups(DOCKER),
    "proc/self/mountinfo": v1_mounts(root=DOCKER),
    **within(f"{SYS}/cpu,cpuacct", V1_CPU),
    **within(f"{SYS}/memory", V1_MEMORY),
    **within(f"{SYS}/pids", V1_PIDS),
}
V1_UNLIMITED = {
    **V1_CONTAINER,
    **within(f"{SYS}/cpu,cpuacct", V1_UNLIMITED_CPU),
    **within(f"{SYS}/memory", V1_UNLIMITED_MEMORY),
    f"{SYS}/pids/pids.max": "max\n",
}

# Version 1 on a host, nested: the outer group has the tighter memory limit, the inner one the tighter quota.
V1_NESTED = {
    **HOST,
    "proc/self/cgroup": v1_groups("/outer/inner"),
    "proc/self/mountinfo": v1_mounts(),
    **{
        name: content
        for together in ("cpu,cpuacct", "cpuset", "memory", "pids")
        for name, content in within(f"{SYS}/{together}", V1_ROOT_FILES).items()
    },
    **within(f"{SYS}/cpu,cpuacct", {**V1_UNLIMITED_CPU, "cpuacct.usage": "999000000000\n"}),
    **within(f"{SYS}/memory", {**V1_UNLIMITED_MEMORY, "memory.usage_in_bytes": "7000000000\n"}),
    **within(f"{SYS}/cpu,cpuacct/outer", {**V1_CPU, "cpu.cfs_quota_us": "250000\n", "cpuacct.usage": "50000000000\n"}),
    **within(f"{SYS}/cpu,cpuacct/outer/inner", V1_CPU),
    **within(
        f"{SYS}/memory/outer",
        {
            **V1_MEMORY,
            "memory.usage_in_bytes": "150000000\n",
            "memory.limit_in_bytes": "200000000\n",
            "memory.stat": "hierarchical_memory_limit 200000000\ntotal_inactive_file 50000000\n",
        },
    ),
    **within(
        f"{SYS}/memory/outer/inner",
        {
            **V1_MEMORY,
            "memory.stat": "hierarchical_memory_limit 200000000\ntotal_swap 0\ntotal_inactive_file 52428800\n",
        },
    ),
    **within(f"{SYS}/pids/outer", {**V1_PIDS, "pids.max": "40\n"}),
    **within(f"{SYS}/pids/outer/inner", V1_PIDS),
}

# systemd's hybrid: the controllers are version 1's, and version 2 only keeps track, but has the pressure.
HYBRID = {
    **HOST,
    "proc/self/cgroup": v1_groups("/system.slice/shop.service") + "0::/system.slice/shop.service\n",
    "proc/self/mountinfo": v1_mounts() + V2_MOUNT.format(root="/", point="/sys/fs/cgroup/unified"),
    **within(f"{SYS}/cpu,cpuacct", V1_ROOT_FILES),
    **within(f"{SYS}/memory", V1_ROOT_FILES),
    **within(f"{SYS}/cpu,cpuacct/system.slice", V1_UNLIMITED_CPU),
    **within(f"{SYS}/cpu,cpuacct/system.slice/shop.service", V1_CPU),
    **within(f"{SYS}/memory/system.slice", V1_UNLIMITED_MEMORY),
    **within(f"{SYS}/memory/system.slice/shop.service", V1_MEMORY),
    **within(f"{SYS}/unified", V2_ROOT),
    **within(
        f"{SYS}/unified/system.slice/shop.service",
        {
            name: V2_GROUP[name]
            for name in ("cgroup.events", "cpu.stat", "cpu.pressure", "memory.pressure", "io.pressure")
        },
    ),
}

# No container at all: the process is in the roots, whose files tell of the whole machine.
V2_HOST = {**HOST, "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": v2_mount(), **within(SYS, V2_ROOT)}
V1_HOST = {
    **HOST,
    "proc/self/cgroup": v1_groups("/"),
    "proc/self/mountinfo": v1_mounts(),
    **within(f"{SYS}/cpu,cpuacct", {**V1_UNLIMITED_CPU, **V1_ROOT_FILES}),
    **within(f"{SYS}/memory", {**V1_UNLIMITED_MEMORY, **V1_ROOT_FILES}),
}

ALL = {
    "v2_container": V2_CONTAINER,
    "v2_unlimited": V2_UNLIMITED,
    "v2_systemd": V2_SYSTEMD,
    "v2_kubernetes": V2_KUBERNETES,
    "v1_container": V1_CONTAINER,
    "v1_unlimited": V1_UNLIMITED,
    "v1_nested": V1_NESTED,
    "hybrid": HYBRID,
    "v2_host": V2_HOST,
    "v1_host": V1_HOST,
}


def values(families):
    """Turn families into a dictionary from exposed name and label values to the value."""
    return {(family.metric.exposed, *point.labels): point.value for family in families for point in family.points}
