"""Which port each server listens on."""

from __future__ import annotations

import socket

from apivitals.demo.processes import claim_port, free_ports
from apivitals.stack.options import Ports

_USUAL = {"shop": 8000, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
_OPTIONS = {name: "--port" if name == "shop" else f"--{name}-port" for name in _USUAL}


def chosen(asked: Ports) -> dict[str, int]:
    """Choose them: what was asked for, else the usual one where nobody has it, else a free one.

    Raises:
        DemoError: one that was asked for is in use.
    """
    free = dict(zip(_USUAL, free_ports(len(_USUAL)), strict=True))
    found = {}
    for name, usual in _USUAL.items():
        port: int | None = getattr(asked, name)
        if port is not None:
            claim_port(port, _OPTIONS[name])
        found[name] = port or (usual if _is_free(usual) else free[name])
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True
