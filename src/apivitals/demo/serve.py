"""Run one of the demo's apps with uvicorn, until told to stop or until the demo that started it is gone.

``python -m apivitals.demo.serve apivitals.demo.service:app 8000``, or with the number of workers behind it. Standard
input is the line to the demo: when the demo ends, however it ends, the kernel closes it, so that no server outlives the
demo.
"""

import asyncio
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

_WORKER_SECONDS = 60


def main() -> None:
    """Serve the app that the first argument names on loopback, at the port of the second."""
    name, port, *rest = sys.argv[1:]
    config = uvicorn.Config(name, host="127.0.0.1", port=int(port), access_log=False, timeout_graceful_shutdown=1)
    workers = int(rest[0]) if rest else 1
    if workers > 1:
        _stop_with_the_demo(lambda: os.kill(os.getpid(), signal.SIGTERM))
        # Which starts them in a way that is another one in another uvicorn.
        uvicorn.run(
            name,
            host=config.host,
            port=config.port,
            access_log=False,
            timeout_graceful_shutdown=config.timeout_graceful_shutdown,
            workers=workers,
            **_patience(),
        )
        return
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    _stop_with_the_demo(stop)
    asyncio.run(server.serve())
    if not server.started:
        sys.exit(1)


def _patience() -> dict[str, Any]:
    """Let a worker take its time to start: newer uvicorns end one that does not answer within five seconds."""
    name = "timeout_worker_healthcheck"
    return {name: _WORKER_SECONDS} if name in inspect.signature(uvicorn.run).parameters else {}


def _stop_with_the_demo(stop: Callable[[], None]) -> None:
    def wait() -> None:
        # Not sys.stdin: a thread that waits in its lock would abort the interpreter's own end.
        while os.read(0, 1):
            pass
        stop()

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
