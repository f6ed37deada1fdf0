"""What the tests of several files do with the trees: let time pass, and break files."""

from contextlib import contextmanager

from hypothesis import strategies as st

from apivitals.sources.utilization import Utilization
from tests.sources import cgroup_trees as trees

# Bytes, and what is nearly right: a parser that is too trusting meets its limits there.
_NUMBERS = st.integers(-(10**25), 10**25).map(lambda number: str(number).encode())
_WORDS = st.sampled_from(
    [b"max", b"0::/", b"- cgroup2 c rw", b"/", b":", b"some", b"total=", b"cpu ", b"cpu0 ", b"MemTotal:", b"usage_usec"]
)
_CONTENTS = st.binary(max_size=200) | st.lists(_NUMBERS | _WORDS | st.sampled_from([b"\n", b" "]), max_size=12).map(
    b" ".join
)


class Machine:
    """A tree and a clock, and a source that was made at second 1000."""

    def __init__(self, tree, root):
        self.now = 1000.0
        self.root = trees.write(tree, root)
        self.source = Utilization(root=root, clock=lambda: self.now)

    def after(self, seconds, files):
        self.now += seconds
        trees.write(files, self.root)
        return trees.values(self.source.collect())


def v2_used(microseconds, directory=trees.SYS):
    return {f"{directory}/cpu.stat": f"usage_usec {microseconds}\n"}


@contextmanager
def broken(data, name, root):
    """Put any bytes into one to three files of the tree that is at `root`; afterwards they are as they were."""
    tree = trees.ALL[name]
    paths = data.draw(st.lists(st.sampled_from(sorted(tree)), min_size=1, max_size=3, unique=True))
    trees.write({path: data.draw(_CONTENTS) for path in paths}, root)
    try:
        yield
    finally:
        trees.write({path: tree[path] for path in paths}, root)
