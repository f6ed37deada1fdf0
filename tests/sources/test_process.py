"""The process: right at the first reading, right in a child, each part alone."""

import os
import sys
import time

import psutil
import pytest

from apivitals.catalog import process as catalog
from apivitals.export.prometheus import Format, render
from apivitals.sources.process import Process
from tests.support.exposition import samples
from tests.support.families import numbers


def read(process):
    return numbers(process.collect())


def both(found, name):
    return found[name, "user"] + found[name, "system"]


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_every_family_is_declared_and_can_be_read():
    process = Process()
    families = list(process.collect())
    assert process.failures == {}
    assert {family.metric for family in families} <= {v for v in vars(catalog).values() if hasattr(v, "family")}
    page = samples("".join(text for family in families for text in render(family, Format.TEXT)))
    assert page.value("process_thread_count") >= 1
    assert page.value("process_cpu_time_seconds_total") == pytest.approx(time.process_time(), abs=0.2)


def test_first_utilization_is_since_the_object_was_made():
    process = Process()
    assert not [key for key in read(process) if key[0] == "process_cpu_utilization"]
    burn(0.5)
    assert both(read(process), "process_cpu_utilization") > 0.3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child_is_itself():
    process = Process()
    burn(0.3)
    parent = read(process)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            first = read(process)
            burn(0.3)
            second = read(process)
            about = {
                "no utilization at once": ("process_cpu_utilization", "user") not in first,
                "its own CPU time": 0.2 < both(second, "process_cpu_time_seconds_total") < 0.5,
                "its own utilization": both(second, "process_cpu_utilization") > 0.3,
                "its own age": first["process_uptime_seconds",] < parent["process_uptime_seconds",],
            }
            os.write(writer, " ".join(what for what, holds in about.items() if not holds).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        assert answer.read() == "", "what does not hold in the child"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file descriptors")
def test_open_files_and_their_limit(tmp_path):
    process = Process()
    before = read(process)
    files = [(tmp_path / str(n)).open("w") for n in range(20)]
    after = read(process)
    for file in files:
        file.close()
    assert after["process_unix_file_descriptor_count",] - before["process_unix_file_descriptor_count",] == 20
    limit = after["apivitals_process_file_descriptor_limit",]
    assert (
        after["apivitals_process_file_descriptor_utilization",] == after["process_unix_file_descriptor_count",] / limit
    )


def test_unique_memory_is_read_now_and_then(monkeypatch):
    calls = []
    now = [0.0]
    process = Process(clock=lambda: now[0])
    whole = psutil.Process.memory_full_info

    def counted(self):
        calls.append(now[0])
        return whole(self)

    monkeypatch.setattr(psutil.Process, "memory_full_info", counted)
    for now[0] in (1.0, 6.0, 30.0, 31.0, 32.0, 61.5):
        assert ("apivitals_process_memory_unique_bytes",) in read(process)
    assert calls == [1.0, 31.0, 61.5]


def test_what_may_not_be_read_is_left_out(monkeypatch):
    def refuse(_):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_full_info", refuse)
    monkeypatch.setattr(psutil.Process, "num_fds", refuse)
    process = Process()
    found = read(process)
    assert ("apivitals_process_memory_unique_bytes",) not in found
    assert ("process_memory_usage_bytes",) in found
    assert list(process.failures) == ["files"], "unique memory is a matter of permission, and often refused"
