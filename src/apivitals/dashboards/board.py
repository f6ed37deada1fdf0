"""A dashboard as it is declared, and the JSON that Grafana provisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from apivitals.dashboards.drawing import DATASOURCE, drawn
from apivitals.dashboards.layout import GRID_WIDTH, Place, height_of, placed
from apivitals.dashboards.panel import Panel, Row
from apivitals.dashboards.selection import JOB_MATCHER
from apivitals.dashboards.variables import Variable, datasource_variable, label_variable
from apivitals.slo.promql import Select

TAG = "apivitals"
_ROW_HEIGHT = 1


@dataclass(frozen=True)
class Board:
    """A dashboard. `uid` is its name in links and files."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    since: str = "now-1h"
    refresh: str = "30s"

    def json(self) -> str:
        """Return the text of its file."""
        content = json.loads(json.dumps(self._built(), cls=JSONEncoder), object_hook=_in_sight)
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _built(self) -> models.Dashboard:
        built: models.Dashboard = (
            dashboard.Dashboard(f"apivitals / {self.title}")
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .time(self.since, "now")
            .timezone("browser")
            .refresh(self.refresh)
            .variables([datasource_variable(), *map(label_variable, self.variables)])
            .annotations([_alerts("critical", "red", shown=True), _alerts("warning", "orange", shown=False)])
            .links([_others()])
            .build()
        )
        built.panels = list(self._panels())
        return built

    def _panels(self) -> Iterator[Any]:
        number, top = 1, 0
        for row in self.rows:
            heading = dashboard.Row(row.title).collapsed(row.collapsed).build()
            heading.id_val, heading.grid_pos = number, _position(Place(0, top, GRID_WIDTH, _ROW_HEIGHT))
            number, top = number + 1, top + _ROW_HEIGHT
            inside = [_panel(panel, place, number + n) for n, (panel, place) in enumerate(placed(row.panels, top))]
            number += len(inside)
            yield heading
            if row.collapsed:
                heading.panels = inside
            else:
                yield from inside
                top += height_of(row)


def _in_sight(content: dict[str, Any]) -> dict[str, Any]:
    """Leave links and annotations where they are seen: the SDK puts all of them into a menu."""
    return {key: value for key, value in content.items() if (key, value) != ("placement", "inControlsMenu")}


def _panel(panel: Panel, place: Place, number: int) -> models.Panel:
    built: models.Panel = drawn(panel).build()
    built.id_val, built.grid_pos = number, _position(place)
    return built


def _position(place: Place) -> models.GridPos:
    return models.GridPos(x=place.x, y=place.y, w=place.width, h=place.height)


def _alerts(severity: str, colour: str, *, shown: bool) -> Any:
    """Mark where alerts began to fire; warnings only when asked for, since they may be many.

    Only where they began: an alert that goes on would colour the whole picture.
    """
    selected = ("ALERTS", 'alertstate="firing"', f'severity="{severity}"', JOB_MATCHER)
    by = "max by (alertname, job, priority)"
    now, before = (f"{by} ({Select({})(*selected, before=ago)})" for ago in ("", "$__interval"))
    return (
        dashboard.AnnotationQuery()
        .name(f"Alerts: {severity}")
        .datasource(DATASOURCE)
        .enable(enable=shown)
        .hide(hide=False)
        .icon_color(colour)
        .expr(f"{now} unless {before}")
        .step("30s")
        .title_format("{{alertname}}")
        .text_format("{{job}} {{priority}}")
    )


def _others() -> Any:
    """Lead to the other dashboards, with the time range and what is chosen."""
    return (
        dashboard.DashboardLink("Vital signs")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=False)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )


def link_to(uid: str, *labels: str, **chosen: str) -> str:
    """Return the address of a dashboard, with the time range, these variables as they are, and those as given."""
    parts = ["${__url_time_range}", "${datasource:queryparam}", *(f"${{{label}:queryparam}}" for label in labels)]
    parts += [f"var-{label}={value}" for label, value in chosen.items()]
    return f"/d/{uid}?{'&'.join(parts)}"
