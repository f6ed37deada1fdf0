"""``apivitals demo``: a small service under load, and its vital signs in the terminal."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

_PACKAGES = {
    "fastapi": ("fastapi",),
    "httpx": ("httpx",),
    "numpy": ("numpy",),
    "python-multipart": ("python_multipart", "multipart"),
    "redis": ("redis",),
    "rich": ("rich",),
    "sqlalchemy": ("sqlalchemy",),
    "uvicorn": ("uvicorn",),
    "websockets": ("websockets",),
}
"""What the demo imports, by the name to install, with the names it may be imported by."""


def demo(  # noqa: PLR0913 (one parameter per option)
    *,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=1, help="End after so long; default: at Ctrl-C.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="One plain table after a short load (10 s), as when the output is a pipe.")
    ] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Also start a Prometheus that scrapes it.")] = False,
    rate: Annotated[
        float, typer.Option(metavar="PER_SECOND", min=1, max=60, help="Requests per second at the height of the load.")
    ] = 30.0,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The service's port on 127.0.0.1; default: a free one.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Also save the last view as a picture.")] = None,
) -> None:
    """Start a video shop, visit it, and show its response times, latencies, throughput and errors."""
    missing = missing_packages()
    if missing:
        _end(f"the demo needs {', '.join(missing)}: pip install 'apivitals[demo]'", exit_code=2)
    from apivitals.demo.errors import DemoError  # noqa: PLC0415 (known to be there only now)
    from apivitals.demo.session import Options, run  # noqa: PLC0415 (the same)

    options = Options(seconds=seconds, once=once, prometheus=prometheus, highest_rate=rate, port=port, svg=svg)
    try:
        code = run(options)
    except DemoError as error:
        _end(str(error), exit_code=error.exit_code)
    raise typer.Exit(code)


def missing_packages() -> list[str]:
    """Name what the demo imports and is not installed."""
    return [package for package, modules in _PACKAGES.items() if not any(map(find_spec, modules))]


def _end(message: str, *, exit_code: int) -> None:
    print(f"apivitals: {message}", file=sys.stderr)  # noqa: T201 (what a user of the command line reads)
    raise typer.Exit(exit_code)
