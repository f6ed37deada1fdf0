"""``apivitals up``: the service, and all that watches it, on this machine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from apivitals.cli.demo import missing_packages
from apivitals.cli.service import TokenFile, end
from apivitals.settings_file import FILE_NAME, SettingsError

_WRONG_USE = 2


def _port(whose: str, usual: int) -> Any:
    text = f"Port of {whose} on 127.0.0.1; default: {usual}, or a free one."
    return typer.Option(metavar="PORT", min=1, max=65535, help=text)


def up(  # noqa: PLR0913  # one parameter per option
    *,
    url: Annotated[
        list[str] | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Watch this service, which runs already, and not the demo's; may be given several times.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"The objectives; default: {FILE_NAME}, if it is there.")
    ] = None,
    token_file: TokenFile = None,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=1, help="End after so long; default: at Ctrl-C.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the data here; default: it is gone at the end.")
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Workers of the demo's service.")] = 2,
    rate: Annotated[
        float, typer.Option(metavar="PER_SECOND", min=1, max=60, help="Requests per second at the height of its load.")
    ] = 30.0,
    no_load: Annotated[bool, typer.Option("--no-load", help="Leave the demo's service alone.")] = False,
    port: Annotated[int | None, _port("the demo's service", 8000)] = None,
    prometheus_port: Annotated[int | None, _port("Prometheus", 9090)] = None,
    alertmanager_port: Annotated[int | None, _port("Alertmanager", 9093)] = None,
    grafana_port: Annotated[int | None, _port("Grafana", 3000)] = None,
) -> None:
    """Start a service with Prometheus, Alertmanager and Grafana, as far as they are installed; Ctrl-C ends all."""
    if find_spec("yaml") is None or find_spec("httpx") is None:
        end("up needs PyYAML and httpx: pip install 'apivitals[cli]'", _WRONG_USE)
    missing = [] if url else missing_packages()
    if missing:
        end(f"the demo needs {', '.join(missing)}: pip install 'apivitals[demo]', or --url of a service", _WRONG_USE)
    from apivitals.demo.errors import DemoError  # noqa: PLC0415  # known to be there only now, as what follows
    from apivitals.slo.plan import CannotGenerateError  # noqa: PLC0415
    from apivitals.stack.options import Options, Ports  # noqa: PLC0415
    from apivitals.stack.page import PageError  # noqa: PLC0415
    from apivitals.stack.service import described  # noqa: PLC0415
    from apivitals.stack.session import run  # noqa: PLC0415

    options = Options(
        urls=tuple(url or ()),
        config=config,
        token_file=token_file,
        data=data,
        seconds=seconds,
        workers=workers,
        highest_rate=None if no_load else rate,
        ports=Ports(port, prometheus_port, alertmanager_port, grafana_port),
    )
    try:
        run(options, described(config))
    except DemoError as error:
        end(str(error), error.exit_code)
    except (PageError, CannotGenerateError) as error:
        end(str(error), _WRONG_USE)
    except SettingsError as error:
        end(str(error).removeprefix("apivitals settings: "), _WRONG_USE)
    except OSError as error:
        end(f"{error.filename}: {error.strerror}" if error.filename else str(error), _WRONG_USE)
