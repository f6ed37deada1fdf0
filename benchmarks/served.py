"""The process that serves one variant by uvicorn: `python -m benchmarks.served VARIANT ROUTES`.

It writes its port, serves until its standard input ends, and then writes how many requests its telemetry counted.
"""

import asyncio
import socket
import sys
from threading import Thread

import uvicorn

from benchmarks.client import Client
from benchmarks.variants import VARIANTS
from benchmarks.worker import answer


def main() -> None:
    """Serve the variant that is named, on a free loopback port, with uvicorn's own choice of loop and parser."""
    variant, routes = sys.argv[1:]
    subject = VARIANTS[variant].build(int(routes))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(subject.app, log_level="warning", access_log=False))

    def stop_with_standard_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=stop_with_standard_input, daemon=True).start()
    answer({"port": listener.getsockname()[1]})
    server.run(sockets=[listener])
    if subject.counted is None:
        answer({})
    else:
        answer({"counted": asyncio.run(subject.counted(Client(subject.app)))})


if __name__ == "__main__":
    main()
