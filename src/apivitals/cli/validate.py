"""``apivitals validate``: whether the file says what it is meant to say."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from apivitals.cli.service import TokenFile, Url, end, metrics_page
from apivitals.settings_file import FILE_NAME, SettingsError, read_text


def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The settings file.")] = Path(FILE_NAME),
    *,
    url: Url = None,
    token_file: TokenFile = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
) -> None:
    """Find what is wrong in apivitals.yaml, and with --url what does not go with the running service."""
    if find_spec("yaml") is None:
        end("validate needs PyYAML: pip install 'apivitals[yaml]'", 2)
    try:
        text = read_text(file)
        from apivitals.objectives.examination import Examination  # noqa: PLC0415  # PyYAML is in the extra
        from apivitals.objectives.live import compare, live  # noqa: PLC0415  # beside it

        examination = Examination(text, file)
    except SettingsError as error:
        end(str(error).removeprefix("apivitals settings: "), 1)
    findings = list(examination.findings)
    if url is not None:
        service = live(metrics_page(url, token_file))
        if examination.objectives is not None:
            findings += compare(examination.objectives, service)
    findings.sort(key=lambda finding: examination.lines.of(finding.location) or 0)
    for finding in findings:
        typer.echo(finding.at(str(file), examination.lines.of(finding.location)))
    errors = sum(finding.kind == "error" for finding in findings)
    typer.echo(_summary(file, errors, len(findings) - errors))
    raise typer.Exit(int(errors > 0 or (strict and len(findings) > 0)))


def _summary(file: Path, errors: int, warnings: int) -> str:
    counted = [(errors, "error"), (warnings, "warning")]
    counts = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in counted if count]
    return f"{file}: {' and '.join(counts) or 'nothing is wrong'}"
