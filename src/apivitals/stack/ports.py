"""Which port each server listens on."""

from __future__ import annotations

import socket

from apivitals.demo.errors import DemoError
from apivitals.demo.processes import claim_port, free_ports
from apivitals.stack.options import Ports

_USUAL = {"shop": 8000, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
_OF_THE_SHOP = ("cache", "partner")
_OPTIONS = {name: "--port" if name == "shop" else f"--{name}-port" for name in _USUAL}


def chosen(asked: Ports) -> dict[str, int]:
    """Choose them, for the shop's own servers too: what was asked for, else the usual one if it is free, else another.

    Raises:
        DemoError: one that was asked for is in use, or was asked for twice.
    """
    found: dict[str, int] = {}
    for name, option in _OPTIONS.items():
        port: int | None = getattr(asked, name)
        if port is None:
            continue
        for other, taken in found.items():
            if taken == port:
                raise DemoError(f"{_OPTIONS[other]} and {option} are both {port}: give two ports", exit_code=2)
        claim_port(port, option)
        found[name] = port
    for name, usual in _USUAL.items():
        if name not in found and usual not in found.values() and _is_free(usual):
            found[name] = usual
    left = [name for name in (*_USUAL, *_OF_THE_SHOP) if name not in found]
    return found | dict(zip(left, free_ports(len(left), but=found.values()), strict=True))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True
