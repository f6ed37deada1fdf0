"""The host's network interfaces, by psutil; in a container, its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apivitals.catalog import host as catalog
from apivitals.families import Family
from apivitals.sources.readings import family

_MOST = 30
_LEFT_OUT = ("lo", "veth")  # what leaves no machine, and the outer ends of other containers' interfaces

_COLUMNS = (
    (catalog.NETWORK_IO, "bytes_recv", "bytes_sent"),
    (catalog.NETWORK_PACKETS, "packets_recv", "packets_sent"),
    (catalog.NETWORK_ERRORS, "errin", "errout"),
    (catalog.NETWORK_DROPPED, "dropin", "dropout"),
)


def network(machine: Any) -> Iterator[Family]:
    """Yield bytes, packets, errors and drops, each way. `machine` is psutil, or what has its functions."""
    counters = machine.net_io_counters(pernic=True, nowrap=False) or {}
    interfaces = [(name, nic) for name, nic in sorted(counters.items()) if not name.startswith(_LEFT_OUT)][:_MOST]
    if interfaces:
        for metric, received, sent in _COLUMNS:
            ways = (("receive", received), ("transmit", sent))
            yield family(
                metric, {(name, way): float(getattr(nic, column)) for name, nic in interfaces for way, column in ways}
            )
