"""``apivitals generate``: rules, and what else watches a service, from ``apivitals.yaml``."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apivitals.cli.service import end
from apivitals.configuration import found_in
from apivitals.objectives import Objectives, from_file
from apivitals.settings_file import FILE_NAME, SettingsError, read

if TYPE_CHECKING:
    from apivitals.slo.kubernetes.cluster import Cluster  # needs PyYAML, which may be missing

_FORMATS = "prometheus, prometheusrule, kubernetes, grafana, mimir, sloth or openslo"
WITH_ALERTMANAGER = "prometheus"
"""The format that comes with Alertmanager's files: the others are given to what has one already."""
_OPTIONS_OF = {
    "kubernetes": frozenset({"--label", "--match", "--monitor"}),
    "prometheusrule": frozenset({"--label"}),
}
_DIFFERENT, _WRONG_USE = 1, 2


def generate(  # noqa: PLR0913 (options of a command)
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=f"The objectives; default: {FILE_NAME}, if it is there.")
    ] = None,
    *,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {_FORMATS}.")] = "prometheus",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; show what is not as it would be generated, and exit with 1.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Kubernetes: a label that the operator selects by; repeatable."),
    ] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Kubernetes: a label of the Service or the pods; repeatable."),
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Kubernetes: find pods by their `service`, the default, or `pod`."),
    ] = None,
) -> None:
    """Generate recording rules, objectives and alerts from the objectives of a service, or from the defaults."""
    if find_spec("yaml") is None:
        end("generate needs PyYAML: pip install 'apivitals[yaml]'", _WRONG_USE)
    from apivitals.alertmanager_config.files import alertmanager_files  # noqa: PLC0415 (known to work only now)
    from apivitals.slo.artifacts import FORMATS, artifacts, differences, write  # noqa: PLC0415 (the same)
    from apivitals.slo.plan import CannotGenerateError  # noqa: PLC0415 (the same)

    if form not in FORMATS:
        end(f"--format {form}: there is {_FORMATS}", _WRONG_USE)
    source = file or found_in(Path())
    try:
        objectives = Objectives() if source is None else from_file(source)
        cluster = _cluster(form, source, label or [], match or [], monitor)
        wanted = artifacts(objectives, form, "the defaults" if source is None else source.name, cluster)
        if form == WITH_ALERTMANAGER:
            wanted |= alertmanager_files(objectives)
        if check:
            found = list(differences(wanted, out))
            typer.echo("".join(found), nl=False)
            raise typer.Exit(_DIFFERENT if found else 0)
        changed = list(write(wanted, out))
    except (SettingsError, CannotGenerateError) as error:
        end(str(error).removeprefix("apivitals settings: "), _WRONG_USE)
    except OSError as error:
        end(f"{error.filename}: {error.strerror}", _WRONG_USE)
    for path in changed:
        typer.echo(f"{'wrote' if path.exists() else 'removed'} {path}")
    typer.echo(f"{len(wanted)} files, {len(changed)} changed")


def _cluster(form: str, source: Path | None, label: list[str], match: list[str], monitor: str | None) -> "Cluster":
    """Put the options about Kubernetes together."""
    from apivitals.slo.kubernetes.cluster import MONITORS, Cluster, Page, labels_from, page_of  # noqa: PLC0415 (above)

    taken = _OPTIONS_OF.get(form, frozenset())
    for option, given in (("--label", label), ("--match", match), ("--monitor", monitor)):
        if given and option not in taken:
            forms = " or ".join(name for name, options in _OPTIONS_OF.items() if option in options)
            end(f"{option} is for --format {forms}", _WRONG_USE)
    if monitor not in {None, *MONITORS}:
        end(f"--monitor {monitor}: there is {' or '.join(MONITORS)}", _WRONG_USE)
    return Cluster(
        Page() if source is None or form != "kubernetes" else page_of(read(source), str(source)),
        labels_from(label, "--label"),
        labels_from(match, "--match"),
        monitor or MONITORS[0],
    )
