"""Each process of the service: one worker of several, or the only one."""

from __future__ import annotations

from apivitals.catalog import Metric, label_name, process
from apivitals.catalog.worker import WORKER
from apivitals.dashboards.panel import Column, Lines, Query, Row, Table
from apivitals.dashboards.selection import of_instance, rate
from apivitals.slo.series import INSTANCE_LABEL

_BY = f"{INSTANCE_LABEL}, {WORKER}"
_NAME = f"{{{{{INSTANCE_LABEL}}}}} {{{{{WORKER}}}}}"
_SWITCH, _FAULT = label_name(process.SWITCH_TYPE), label_name(process.FAULT_TYPE)
_DIRECTION = label_name(process.DISK_DIRECTION)


def _each(metric: Metric) -> Query:
    return Query(f"sum by ({_BY}) ({of_instance(metric)})", _NAME)


def _each_rate(counter: Metric, label: str) -> Query:
    return Query(f"sum by ({_BY}, {label}) ({rate(of_instance(counter))})", f"{_NAME} {{{{{label}}}}}")


PROCESSES = Row(
    "Each process: one of several workers, or the only one",
    (
        Table(
            title="Processes",
            description="One line for each worker; without several, the worker has no number. Workers of one service"
            " should look alike: one that is larger or busier has requests that the others do not get.",
            unit="none",
            queries=tuple(
                Query(f"sum by (job, {_BY}) ({of_instance(metric)})")
                for metric in (
                    process.CPU_UTILIZATION,
                    process.MEMORY_USAGE,
                    process.MEMORY_UNIQUE,
                    process.THREADS,
                    process.OPEN_FILES,
                    process.OPEN_FILES_UTILIZATION,
                    process.UPTIME,
                )
            ),
            columns=(
                Column("job", "Service"),
                Column(INSTANCE_LABEL, "Instance"),
                Column(WORKER, "Worker", width=80),
                Column("Value #A", "CPUs", unit="none", decimals=2, width=80),
                Column("Value #B", "Resident", unit="bytes", width=110),
                Column("Value #C", "Its own", unit="bytes", width=110),
                Column("Value #D", "Threads", unit="none", width=90),
                Column("Value #E", "Descriptors", unit="none", width=110),
                Column("Value #F", "Of their limit", unit="percentunit", decimals=1, width=120),
                Column("Value #G", "Up for", unit="dtdurations", width=130),
            ),
            sorted_by="CPUs",
            height=7,
        ),
        Lines(
            title="CPUs of each process",
            description="CPUs' worth of time that each process uses. Python code runs on one at a time, so one at 1 is"
            " at its end though the machine is not: start more workers.",
            unit="none",
            queries=(_each(process.CPU_UTILIZATION),),
            least=0,
        ),
        Lines(
            title="Memory, resident",
            description="Memory in RAM of each process, with what it shares with others: their sum is more than all of"
            " it. A saw that falls with a restart is a leak that restarts hide.",
            unit="bytes",
            queries=(_each(process.MEMORY_USAGE),),
            least=0,
        ),
        Lines(
            title="Memory of its own",
            description="Memory that only this process has, read every 30 seconds: what its end would free. It is what"
            " one more worker costs.",
            unit="bytes",
            queries=(_each(process.MEMORY_UNIQUE),),
            least=0,
        ),
        Lines(
            title="Threads of each process",
            description="Threads of each process, the thread pool of sync endpoints among them. A number that only"
            " grows is something that starts threads and does not end them.",
            unit="none",
            queries=(_each(process.THREADS),),
            least=0,
        ),
        Lines(
            title="Open descriptors, of the limit",
            description="Files and sockets that are open, as a share of the limit. At 100 % no connection is accepted"
            " or made: look for clients and files that are opened per request and not closed.",
            unit="percentunit",
            queries=(_each(process.OPEN_FILES_UTILIZATION),),
            least=0,
            when_empty="There is no limit.",
        ),
        Lines(
            title="Context switches",
            description="Times per second that a thread gave up its CPU: voluntary to wait, involuntary because"
            " another was to have it. Many involuntary ones are more threads than CPUs, or a quota.",
            unit="ops",
            queries=(_each_rate(process.CONTEXT_SWITCHES, _SWITCH),),
            least=0,
        ),
        Lines(
            title="Page faults",
            description="Major ones had to read memory from a disk, and each is a wait: with many, memory is short."
            " Minor ones are new memory; a burst of them is a large request.",
            unit="ops",
            queries=(_each_rate(process.PAGE_FAULTS, _FAULT),),
            least=0,
        ),
        Lines(
            title="Bytes read and written by each process",
            description="What each process caused to be read from and written to disks; the file cache's part is not"
            " read. Steady writes are usually logs.",
            unit="Bps",
            queries=(_each_rate(process.DISK_IO, _DIRECTION),),
            least=0,
        ),
        Lines(
            title="Restarts of each process",
            description="Processes that took the place of another. One each at a deployment is as it should be; a row"
            " of single ones are crashes, or a limit on requests per worker.",
            unit="none",
            queries=(
                Query(
                    f"sum by ({_BY}) (changes({of_instance(process.START_TIME)}[$__rate_interval]))",
                    _NAME,
                ),
            ),
            least=0,
        ),
    ),
)
