"""Lets a child fold the totals of dead workers, or take a slot, and kills it before and in the midst of each write.

Prints a line of JSON for each time: what it was killed at, what a reader found then, and after another fold.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from itertools import count
from pathlib import Path

from apivitals.errors import ErrorLog
from apivitals.workers.group import Group
from apivitals.workers.merged import MergedStore
from tests.workers.members import Member, Recorder

WRITES = ((os, "open"), (os, "write"), (Path, "unlink"), (Path, "replace"))


def deadly(point, *, half):
    """Make the call with that number, of those that change the file system, the last one."""
    number = count()

    def make(function, name):
        def call(*args, **kwargs):
            if next(number) != point:
                return function(*args, **kwargs)
            if half:  # a write of half of it; whatever else there is happens as a whole
                function(args[0], bytes(args[1])[: len(args[1]) // 2]) if name == "write" else function(*args, **kwargs)
            return os.kill(os.getpid(), signal.SIGKILL)

        return call

    for owner, name in WRITES:
        setattr(owner, name, make(getattr(owner, name), name))


def prepare(directory):
    """Three that have ended, one of them folded already."""
    group = Group(directory, ErrorLog())
    for number in range(3):
        member = Member(group)
        member.observe("/a", 0.5)
        member.observe(f"/{number}", 5.0)
        member.end()
        if number == 0:
            group.fold()


def look(directory):
    """What a process finds that has read nothing before."""
    errors = ErrorLog()
    census = Group(directory, errors).census("")
    families = list(MergedStore(Recorder().store, "http", census.readings()).collect())
    totals = {f"{f.metric.name} {p.labels}": str(p[1:3]) for f in families for p in f.points}
    return {"totals": totals, "ended": census.ended, "errors": errors.counts()["workers"]}


def main():
    act = {"fold": Group.fold, "claim": lambda group: group.claim(afresh=False)}[sys.argv[2]]
    base = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    prepare(base / "ended")
    print(json.dumps(look(base / "ended")))  # noqa: T201  # the test reads it
    for point in count():
        for half in (False, True):
            directory = base / f"{point}-{half}"
            shutil.copytree(base / "ended", directory)
            child = os.fork()
            if child == 0:
                deadly(point, half=half)
                act(Group(directory, ErrorLog()))
                os._exit(0)
            _, status = os.waitpid(child, 0)
            found = look(directory)
            Group(directory, ErrorLog()).fold()
            files = sorted(path.name for path in directory.iterdir())
            print(json.dumps({"then": found, "later": look(directory), "files": files}))  # noqa: T201  # likewise
        if status == 0:
            return


main()
