"""A declared panel as Grafana's, one function for each kind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models import prometheus as queries

from apivitals.dashboards.colours import SEVERITIES
from apivitals.dashboards.panel import Bars, Column, Heat, Lines, Number, Panel, Query, State, States, Step, Table

DATASOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")
_LEGEND_CALCS = ["lastNotNull", "max"]
_NO_CELL = "–"  # noqa: RUF001  # a dash, as tables have it
_DASHES = {"fill": "dash", "dash": [10, 8]}


@singledispatch
def drawn(panel: Panel) -> Any:
    """Return the builder of a panel."""
    raise TypeError(f"{type(panel).__name__} has no drawing")


@drawn.register
def _lines(panel: Lines) -> Any:
    builder = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(60 if panel.stacked or panel.shares else 8)
        .gradient_mode(kinds.GraphGradientMode.NONE)
        .show_points(kinds.VisibilityMode.NEVER)
        .span_nulls(span_nulls=False)
        .legend(_legend(panel))
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
    )
    if panel.stacked or panel.shares:
        mode = kinds.StackingMode.PERCENT if panel.shares else kinds.StackingMode.NORMAL
        builder.stacking(common.StackingConfig().mode(mode).group("A"))
    for name, colour in panel.colours.items():
        builder.override_by_name(name, [_colour(colour)])
    for name, colour in SEVERITIES.items():
        if _has_threshold(panel):
            builder.override_by_regexp(f"^{name} (threshold|rating)$", [_colour(colour), *_compared_with()])
    if panel.dashed:
        builder.override_by_regexp(panel.dashed, _compared_with())
    if panel.bounds is not None:
        upper, lower = panel.bounds
        band = [_property("custom.lineWidth", 0), _property("custom.fillOpacity", 12), _colour("super-light-blue")]
        builder.override_by_name(upper, [*band, _property("custom.fillBelowTo", lower)])
        builder.override_by_name(lower, [_property("custom.lineWidth", 0), _property("custom.fillOpacity", 0)])
    if panel.link:
        builder.data_links([dashboard.DashboardLink(panel.link_title).url(panel.link)])
    return _common(builder, panel)


@drawn.register
def _number(panel: Number) -> Any:
    builder = (
        stat.Panel()
        .graph_mode(kinds.BigValueGraphMode.AREA if panel.sparkline else kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .text_mode(kinds.BigValueTextMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_steps(panel.steps))
        .mappings(_mappings(panel.states))
    )
    for name, colour in panel.colours.items():
        builder.override_by_name(name, [_colour(colour)])
    if panel.link:
        builder.data_links([dashboard.DashboardLink(panel.link_title).url(panel.link)])
    return _common(builder, panel)


@drawn.register
def _bars(panel: Bars) -> Any:
    builder = (
        bargauge.Panel()
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .value_mode(kinds.BarGaugeValueMode.COLOR)
        .name_placement(kinds.BarGaugeNamePlacement.LEFT)
        .show_unfilled(show_unfilled=True)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_steps(panel.steps))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    )
    return _common(builder, panel)


@drawn.register
def _table(panel: Table) -> Any:
    names = [column.name for column in panel.columns]
    builder = (
        tables.Panel()
        .show_header(show_header=True)
        .cell_height(kinds.TableCellHeight.SM)
        .with_transformation(models.DataTransformerConfig("merge", options={}))
        .with_transformation(models.DataTransformerConfig("filterFieldsByName", options={"include": {"names": names}}))
        .with_transformation(
            models.DataTransformerConfig(
                "organize",
                options={
                    "excludeByName": {},
                    "indexByName": {name: position for position, name in enumerate(names)},
                    "renameByName": {column.name: column.title for column in panel.columns},
                },
            )
        )
    )
    if panel.sorted_by:
        builder.sort_by([common.TableSortByFieldState().display_name(panel.sorted_by).desc(desc=True)])
    for column in panel.columns:
        cell = list(_cell(column))
        if panel.when_empty and column.name.startswith("Value"):
            cell.append(_property("noValue", _NO_CELL))  # or each empty cell would say what the empty table says
        if cell:
            builder.override_by_name(column.title, cell)
    return _common(builder, panel, table=True)


@drawn.register
def _heat(panel: Heat) -> Any:
    builder = (
        heatmap.Panel()
        .calculate(calculate=False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heat.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .scale(heat.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit(panel.unit).axis_placement(kinds.AxisPlacement.LEFT))
        .tooltip(heatmap.HeatmapTooltip().mode(kinds.TooltipDisplayMode.SINGLE).y_histogram(y_histogram=True))
        .exemplars_color("rgba(31,120,193,0.9)")
        .show_legend()
        .cell_gap(1)
    )
    return _common(builder, panel, heat_map=True)


@drawn.register
def _states(panel: States) -> Any:
    builder = (
        statetimeline.Panel()
        .show_value(kinds.VisibilityMode.AUTO)
        .merge_values(merge_values=True)
        .row_height(0.8)
        .fill_opacity(70)
        .legend(common.VizLegendOptions().show_legend(show_legend=False).display_mode(kinds.LegendDisplayMode.LIST))
        .mappings(_mappings(panel.states))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    )
    return _common(builder, panel)


def _common(builder: Any, panel: Panel, *, table: bool = False, heat_map: bool = False) -> Any:
    builder.title(panel.title).description(panel.description).unit(panel.unit).datasource(DATASOURCE)
    for number, query in enumerate(panel.queries):
        builder.with_target(_target(query, chr(ord("A") + number), table=table, heat_map=heat_map))
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    if panel.least is not None:
        builder.min(panel.least)
    if panel.most is not None:
        builder.max(panel.most)
    if panel.when_empty:
        builder.no_value(panel.when_empty)
    return builder


def _target(query: Query, ref: str, *, table: bool, heat_map: bool) -> Any:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(DATASOURCE)
    target.editor_mode(queries.QueryEditorMode.CODE)
    if table or query.at_end:
        target.instant().format(queries.PromQueryFormat.TABLE if table else queries.PromQueryFormat.TIME_SERIES)
    else:
        form = queries.PromQueryFormat.HEATMAP if heat_map else queries.PromQueryFormat.TIME_SERIES
        target.range().format(form)
    if query.exemplars:
        target.exemplar(exemplar=True)
    return target.legend_format(query.legend or "__auto")


def _legend(panel: Lines) -> Any:
    legend = common.VizLegendOptions().show_legend(show_legend=True)
    if panel.legend_table:
        legend.display_mode(kinds.LegendDisplayMode.TABLE).placement(kinds.LegendPlacement.RIGHT)
        return legend.calcs(_LEGEND_CALCS)
    return legend.display_mode(kinds.LegendDisplayMode.LIST).placement(kinds.LegendPlacement.BOTTOM).calcs([])


def _has_threshold(panel: Lines) -> bool:
    return any(query.legend.endswith((" threshold", " rating")) for query in panel.queries)


def _compared_with() -> list[Any]:
    return [
        _property("custom.lineStyle", _DASHES),
        _property("custom.fillOpacity", 0),
        _property("custom.stacking", {"mode": "none", "group": "threshold"}),
    ]


def _cell(column: Column) -> Iterator[Any]:
    if column.unit:
        yield _property("unit", column.unit)
    if column.decimals is not None:
        yield _property("decimals", column.decimals)
    if column.width is not None:
        yield _property("custom.width", column.width)
    if column.states:
        yield _property("mappings", _mappings(column.states))
    if column.steps:
        yield _property("thresholds", _steps(column.steps).build())
    if column.steps or column.states:
        yield _property("custom.cellOptions", {"type": "color-text"})
    if column.link:
        yield _property("links", [{"title": column.link_title, "url": column.link}])


def _steps(steps: tuple[Step, ...]) -> Any:
    made = [models.Threshold(value=step.value, color=step.colour) for step in steps or (Step(None, "text"),)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def _mappings(states: tuple[State, ...]) -> list[Any]:
    options = {
        f"{state.value:g}": models.ValueMappingResult(text=state.text, color=state.colour, index=number)
        for number, state in enumerate(states)
    }
    return [models.ValueMap(options=options)] if options else []


def _colour(colour: str) -> Any:
    return _property("color", {"mode": "fixed", "fixedColor": colour})


def _property(name: str, value: Any) -> Any:
    return models.DynamicConfigValue(id_val=name, value=value)
