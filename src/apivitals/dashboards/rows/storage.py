"""Disks and network interfaces of the host."""

from __future__ import annotations

from apivitals.catalog import Metric, host, label_name
from apivitals.dashboards.panel import Lines, Query, Row
from apivitals.dashboards.selection import of_instance, rate, threshold
from apivitals.slo.series import INSTANCE_LABEL
from apivitals.slo.thresholds.machine import MOUNTPOINT

_DEVICE, _DISK_DIRECTION = label_name(host.DEVICE), label_name(host.DISK_DIRECTION)
_INTERFACE, _NETWORK_DIRECTION = label_name(host.INTERFACE), label_name(host.NETWORK_DIRECTION)
_NO_DISK = "No disk can be told from its partitions here."
_NO_INTERFACE = "No interface but loopback carries anything."


def _by_disk(counter: Metric) -> tuple[Query, ...]:
    """Give the rate of each disk and direction. Several instances may be on one host: the disk is counted once."""
    by = f"{INSTANCE_LABEL}, {_DEVICE}, {_DISK_DIRECTION}"
    legend = f"{{{{{_DEVICE}}}}} {{{{{_DISK_DIRECTION}}}}}, {{{{instance}}}}"
    return (Query(f"max by ({by}) ({rate(of_instance(counter))})", legend),)


def _by_interface(counter: Metric, what: str = "") -> Query:
    """Give the rate of each interface and direction; bridges and the like that carry nothing are left out."""
    by = f"{INSTANCE_LABEL}, {_INTERFACE}, {_NETWORK_DIRECTION}"
    shown, in_all = rate(of_instance(counter)), f"rate({of_instance(counter)}[$__range])"
    legend = f"{{{{{_INTERFACE}}}}} {{{{{_NETWORK_DIRECTION}}}}}{what}, {{{{instance}}}}"
    return Query(f"max by ({by}) ({shown} and {in_all} > 0)", legend)


DISKS_AND_NETWORK = Row(
    "Disks and network of the host",
    (
        Lines(
            title="Space used",
            description="The used share of each file system, and, dashed, where it is tomorrow at the pace of the last"
            " six hours. Over a dashed threshold, find what writes there: logs, uploads, caches.",
            unit="percentunit",
            queries=(
                Query(
                    f"max by ({INSTANCE_LABEL}, {MOUNTPOINT}) ({of_instance(host.FILESYSTEM_UTILIZATION)})",
                    f"{{{{{MOUNTPOINT}}}}}, {{{{instance}}}}",
                ),
                Query(
                    f"max by ({INSTANCE_LABEL}, {MOUNTPOINT}) (\n"
                    f"  clamp(predict_linear({of_instance(host.FILESYSTEM_UTILIZATION, over='6h')}, 24 * 3600), 0, 1)\n"
                    f"  and {of_instance(host.FILESYSTEM_UTILIZATION, before='6h')}\n)",
                    f"{{{{{MOUNTPOINT}}}}}, {{{{instance}}}}, tomorrow",
                ),
                Query(threshold("disk"), "{{severity}} threshold"),
            ),
            dashed="tomorrow$",
            least=0,
            most=1,
        ),
        Lines(
            title="Bytes read and written",
            description="Of each disk of the host, whoever caused it. A rise of reads with memory that is full is the"
            " file cache that is missing; the row below has what the service itself reads and writes.",
            unit="Bps",
            queries=_by_disk(host.DISK_IO),
            least=0,
            when_empty=_NO_DISK,
        ),
        Lines(
            title="Reads and writes",
            description="Operations per second of each disk. Where they stand at a ceiling while tasks wait for io,"
            " the disk can do no more of them: fewer and larger ones, or a faster disk.",
            unit="iops",
            queries=_by_disk(host.DISK_OPERATIONS),
            least=0,
            when_empty=_NO_DISK,
        ),
        Lines(
            title="Bytes received and transmitted",
            description="Of each network interface of the host. A flat top is the line's, or the instance type's,"
            " limit: smaller or compressed responses, or more instances.",
            unit="Bps",
            queries=(_by_interface(host.NETWORK_IO),),
            least=0,
            when_empty=_NO_INTERFACE,
        ),
        Lines(
            title="Packets",
            description="Packets per second of each network interface. Many packets with few bytes are chatty calls or"
            " small chunks; clouds limit packets too, before bytes.",
            unit="pps",
            queries=(_by_interface(host.NETWORK_PACKETS),),
            least=0,
            when_empty=_NO_INTERFACE,
        ),
        Lines(
            title="Packets with errors, and dropped",
            description="Interfaces that have any. Errors are a cable, a driver or a virtual switch; drops are more"
            " than the host takes in. Either makes calls slow by a retransmission, and not fail.",
            unit="pps",
            queries=(
                _by_interface(host.NETWORK_ERRORS, " errors"),
                _by_interface(host.NETWORK_DROPPED, " dropped"),
            ),
            least=0,
            when_empty="No errors, and nothing is dropped.",
        ),
    ),
)
