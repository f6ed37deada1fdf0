"""Run one of the demo's apps with uvicorn, until told to stop or until the demo that started it is gone.

``python -m apivitals.demo.serve apivitals.demo.service:app 8000``. Standard input is the line to the demo: when the
demo ends, however it ends, the kernel closes it, so that no server outlives the demo.
"""

import asyncio
import os
import sys
import threading

import uvicorn


def main() -> None:
    """Serve the app that the first argument names on loopback, at the port of the second."""
    name, port = sys.argv[1:]
    config = uvicorn.Config(name, host="127.0.0.1", port=int(port), access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)

    def stop_with_the_demo() -> None:
        # Not sys.stdin: a thread that waits in its lock would abort the interpreter's own end.
        while os.read(0, 1):
            pass
        server.should_exit = True

    threading.Thread(target=stop_with_the_demo, daemon=True).start()
    asyncio.run(server.serve())
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
