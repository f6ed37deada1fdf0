"""The shop's cache: the machine's own Redis program, or a small one of the demo's where that is not installed."""

import os
import shutil
import sys
from pathlib import Path

from apivitals.demo.processes import ServerProcess, guarded

_SMALL_REDIS = Path(__file__).parent / "small_redis.py"
_HOST = "127.0.0.1"


def cache_server(*, port: int, directory: Path) -> ServerProcess:
    """Describe a Redis at a loopback port that keeps everything in memory."""
    if shutil.which("redis-server") is None:
        return small_redis(port=port, directory=directory)
    options = {"bind": _HOST, "port": str(port), "dir": str(directory), "save": "", "maxmemory": "32mb"}
    command = ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]
    return _server(guarded(command), port, directory)


def small_redis(*, port: int, directory: Path) -> ServerProcess:
    """Describe the demo's own."""
    # Isolated: what lies beside the script must not stand for modules of the standard library.
    return _server([sys.executable, "-I", str(_SMALL_REDIS), str(port)], port, directory)


def _server(command: list[str], port: int, directory: Path) -> ServerProcess:
    log = directory / "cache.log"
    return ServerProcess("cache", command, url=f"redis://{_HOST}:{port}", log=log, environment=os.environ)
