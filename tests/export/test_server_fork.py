"""A child that is forked, as a process pool's is, does not keep the port of the metrics."""

import os
import signal

import pytest

from apivitals.errors import ErrorLog
from apivitals.export.contents import Contents
from apivitals.export.foreign import Foreign
from apivitals.export.own_port import OwnPort
from apivitals.export.page import MetricsPage
from apivitals.store import Store
from tests.support.plain_http import get
from tests.support.servers import free_port


def own_port(port):
    errors = ErrorLog()
    return OwnPort(MetricsPage(Store(), Contents(errors), Foreign(errors), errors), "127.0.0.1", port, "/metrics", None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_the_port_is_the_next_workers_though_a_child_of_the_last_one_lives():
    number = free_port()
    served = own_port(number)
    served.open()
    assert served.number == number
    reading, writing = os.pipe()
    began, begins = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.write(begins, b"!")  # what is done after a fork has been done by now
        signal.alarm(60)  # so that what waits for a thread that the child does not have is no test that hangs
        status = 1
        try:
            os.read(reading, 1)
            served.close()  # as at the end of a child that has inherited the application
            status = 0 if served.number is None else 2
        finally:
            os._exit(status)
    os.close(begins)
    try:
        assert os.read(began, 1) == b"!"
        served.close()
        successor = own_port(number)
        successor.open()
        assert get(f"http://127.0.0.1:{number}/metrics").status == 200
        successor.close()
    finally:
        for descriptor in (writing, reading, began):
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
