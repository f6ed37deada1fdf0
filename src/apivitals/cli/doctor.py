"""``apivitals doctor``: whether a service is measured, watched, and somebody would hear of it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from apivitals.cli.service import TokenFile, end
from apivitals.settings_file import FILE_NAME, SettingsError

_WRONG_USE = 2


def doctor(  # noqa: PLR0913  # one parameter per option
    url: Annotated[str, typer.Argument(metavar="URL", help="The running service, or its metrics page.")],
    *,
    prometheus: Annotated[
        str | None, typer.Option("--prometheus", metavar="URL", help="Where Prometheus is: http://127.0.0.1:9090")
    ] = None,
    alertmanager: Annotated[
        str | None, typer.Option("--alertmanager", metavar="URL", help="Where Alertmanager is: http://127.0.0.1:9093")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"The objectives; default: {FILE_NAME}, if it is there.")
    ] = None,
    token_file: TokenFile = None,
    send_test_alert: Annotated[
        bool,
        typer.Option(
            "--send-test-alert", help="Raise a critical alert and see whether it arrives. It notifies people."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Look for what is wrong between a service and those who are told of it; exit with 1 if something is."""
    if find_spec("yaml") is None or find_spec("httpx") is None:
        end("doctor needs PyYAML and httpx: pip install 'apivitals[cli]'", _WRONG_USE)
    from apivitals.slo.plan import CannotGenerateError  # noqa: PLC0415  # known to be there only now, as what follows
    from apivitals.stack.doctor.check import Check  # noqa: PLC0415
    from apivitals.stack.doctor.examination import Asked, examine  # noqa: PLC0415
    from apivitals.stack.page import PageError  # noqa: PLC0415
    from apivitals.stack.service import described  # noqa: PLC0415

    if send_test_alert and alertmanager is None:
        end("--send-test-alert needs --alertmanager URL", _WRONG_USE)
    asked = Asked(url, prometheus, alertmanager, token_file, send_test_alert)
    checks = list[Check]()
    try:
        for check in examine(asked, described(config)):
            checks.append(check)
            if not as_json:
                typer.echo(str(check))
    except (PageError, CannotGenerateError) as error:
        end(str(error), _WRONG_USE)
    except SettingsError as error:
        end(str(error).removeprefix("apivitals settings: "), _WRONG_USE)
    problems, warnings = (sum(check.status == status for check in checks) for status in ("problem", "warning"))
    if as_json:
        content = {"problems": problems, "warnings": warnings, "checks": [check.as_object() for check in checks]}
        typer.echo(json.dumps(content, indent=2))
    else:
        typer.echo(_summary(problems, warnings))
    raise typer.Exit(int(problems > 0))


def _summary(problems: int, warnings: int) -> str:
    counted = [(problems, "problem"), (warnings, "warning")]
    counts = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in counted if count]
    return " and ".join(counts) or "nothing is wrong"
