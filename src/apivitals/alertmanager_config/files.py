"""The files: the configuration, section by section, and the templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from apivitals.alertmanager_config import yaml_text
from apivitals.alertmanager_config.inhibition import INHIBITIONS
from apivitals.alertmanager_config.integrations import integration
from apivitals.alertmanager_config.muting import named_intervals
from apivitals.alertmanager_config.routes import DEAD_MANS_SWITCH, NOWHERE, route_tree
from apivitals.objectives.mute_hours import MuteHours
from apivitals.objectives.receivers import Receivers

CONFIGURATION = "alertmanager/alertmanager.yml"
TEMPLATES = "alertmanager/templates/apivitals.tmpl"
_TEMPLATES = Path(__file__).with_name("apivitals.tmpl")

_TITLE = """\
# Alertmanager's configuration, made by `apivitals generate`: change `receivers` and `mute_hours` in apivitals.yaml.
#
#   amtool check-config alertmanager/alertmanager.yml
#   alertmanager --config.file=alertmanager/alertmanager.yml
"""
_SECRETS = "Secrets are in files, which Alertmanager reads when it notifies."
_NOBODY = "Nobody is told yet: alerts are in Alertmanager's own page, until apivitals.yaml has `receivers`."


class TellsPeople(Protocol):
    """What of the objectives says who is told."""

    @property
    def receivers(self) -> Receivers:
        """Who."""

    @property
    def mute_hours(self) -> Sequence[MuteHours]:
        """When not."""


def alertmanager_files(objectives: TellsPeople, templates: str = "templates/*.tmpl") -> dict[str, str]:
    """Return Alertmanager's files: text by path. `templates` is where it finds them, from the configuration."""
    where = yaml_text.section({"templates": [templates]})
    return {
        CONFIGURATION: "\n".join([_TITLE, where, *_sections(objectives.receivers, objectives.mute_hours)]),
        TEMPLATES: _TEMPLATES.read_text(encoding="utf-8"),
    }


def _sections(receivers: Receivers, mute_hours: Sequence[MuteHours]) -> Iterator[str]:
    yield yaml_text.section({"route": route_tree(receivers, mute_hours)})
    yield yaml_text.items("inhibit_rules", ((rule.why, rule.content()) for rule in INHIBITIONS))
    if mute_hours:
        yield yaml_text.section({"time_intervals": named_intervals(mute_hours)})
    told = list(_receivers(receivers))
    yield yaml_text.section({"receivers": [{"name": NOWHERE}, *told]}, _SECRETS if told else _NOBODY)


def _receivers(receivers: Receivers) -> Iterator[dict[str, Any]]:
    for name, receiver in receivers.named():
        yield {"name": name, **integration(receiver)}
    if receivers.dead_mans_switch is not None:
        yield {"name": DEAD_MANS_SWITCH, **integration(receivers.dead_mans_switch)}
