"""Rules for a dashboard's panels, queries and variables. Each takes a dashboard and yields what is wrong."""

import json
import re
from collections.abc import Iterator

from grafana_foundation_sdk.models import units

from tests.dashboards.vocabulary import counters
from tests.support.dashboards import DATA_LESS, ROW, Dashboard, Panel, Variable, queries, references
from tests.support.promql import NoQueryError, names

Findings = Iterator[str]
OVER_TIME = frozenset({"rate", "increase", "irate", "resets", "changes"})
WINDOWS = frozenset({"$__rate_interval", "$__range"})
OF_GRAFANA = re.compile(
    r"__(interval|interval_ms|rate_interval|range|range_s|range_ms|from|to|url_time_range|all_variables|data|value|field"
    r"|series|cell|dashboard|org|user|timeFilter)"
)
_SENTENCE = re.compile(r"[.!?](?=\s|$)")
_UNITS = frozenset(value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_"))
_CUSTOM_UNIT = re.compile(r"(?:suffix|prefix|count|si|time|currency|bool):.+")
_DATASOURCE = "${datasource}"
_OF_GRAFANA_ITSELF = frozenset({"grafana", "-- Grafana --"})


def panels_have_words(dashboard: Dashboard) -> Findings:
    """A title, and a description of two sentences at least: how to read it, and what to do."""
    for panel in dashboard.panels:
        if not panel.title and panel.kind != "text":
            yield f"panel {panel.id} ({panel.kind}) has no title"
        if panel.kind in {ROW, "text"}:
            continue
        if len(_SENTENCE.findall(panel.description)) < 2:
            yield f"{panel.title}: its description has fewer than two sentences: {panel.description!r}"


def panels_have_units(dashboard: Dashboard) -> Findings:
    """A unit that Grafana has, also in overrides."""
    for panel in dashboard.panels:
        if panel.kind in DATA_LESS:
            continue
        unit = (panel.field_config.get("defaults") or {}).get("unit")
        if not unit:
            yield f"{panel.title}: no unit"
        for one in (unit, *_overridden(panel, "unit")):
            if one and one not in _UNITS and not _CUSTOM_UNIT.fullmatch(one):
                yield f"{panel.title}: Grafana has no unit {one!r}"


def legends_are_shown(dashboard: Dashboard) -> Findings:
    """Where several series are, by name."""
    for panel in dashboard.panels:
        several = len(panel.targets) > 1 or any("{{" in target.legend for target in panel.targets)
        if panel.kind != "timeseries" or not several:
            continue
        legend = panel.options.get("legend") or {}
        if not legend.get("showLegend") or legend.get("displayMode") not in {"list", "table"}:
            yield f"{panel.title}: several series and no legend"
        for target in panel.targets:
            if target.legend in {"", "__auto"}:
                yield f"{panel.title} [{target.ref}]: its series have no name"


def panel_ids_are_unique(dashboard: Dashboard) -> Findings:
    """And not null: links to a panel, and alerts, go by them."""
    seen: dict[int, str] = {}
    for panel in dashboard.panels:
        if panel.id is None:
            yield f"{panel.title}: no id"
        elif panel.id in seen:
            yield f"{panel.title}: has the id of {seen[panel.id]}, {panel.id}"
        else:
            seen[panel.id] = panel.title


def query_letters_are_unique(dashboard: Dashboard) -> Findings:
    """Or one query's answer takes the other's place."""
    for panel in dashboard.panels:
        letters = [target.ref for target in panel.targets]
        if len(set(letters)) < len(letters):
            yield f"{panel.title}: two queries have one letter: {letters}"


def rates_have_graphs_windows(dashboard: Dashboard) -> Findings:
    """`$__rate_interval`, or all that is shown: a fixed window is empty if scrapes are rarer."""
    for where, selector in _selectors(dashboard):
        if set(selector.inside) & OVER_TIME and selector.window and selector.window not in WINDOWS:
            yield f"{where}: {selector.metric}[{selector.window}] should be over $__rate_interval"


def counters_are_rated(dashboard: Dashboard) -> Findings:
    """What only grows says nothing by itself, and falls to 0 when the service restarts."""
    growing = counters()
    for where, selector in _selectors(dashboard):
        is_counter = selector.metric in growing or selector.metric.endswith("_total")
        if is_counter and not set(selector.inside) & OVER_TIME and not where.partition(": ")[2].startswith("$"):
            yield f"{where}: {selector.metric} outside of rate() or increase()"


def several_values_are_matched_by_regex(dashboard: Dashboard) -> Findings:
    """`=~` where several values may be chosen, and `=` where one is, which is not escaped for a regular expression."""
    for where, selector in _selectors(dashboard):
        for matcher in selector.matchers:
            for name in references(matcher.value) & set(dashboard.variables):
                variable = dashboard.variables[name]
                is_several = variable.multi or variable.has_all
                if is_several and matcher.operator not in {"=~", "!~"}:
                    yield f"{where}: {matcher.label}{matcher.operator}${name} should be =~, several may be chosen"
                if not is_several and matcher.operator in {"=~", "!~"}:
                    yield f"{where}: {matcher.label}{matcher.operator}${name} should be =, its value is not escaped"
            if re.search(r"\$\{\w+:", matcher.value):
                yield f"{where}: {matcher.value} has a form, whose escapes are not those of a string in a query"


def variables_are_as_people_expect(dashboard: Dashboard) -> Findings:
    """One data source; service and instance from what is there now, several, or all of them by one short pattern."""
    sources = [variable.name for variable in dashboard.variables.values() if variable.kind == "datasource"]
    if sources != ["datasource"]:
        yield f"the data source should be chosen by one variable, datasource: {sources}"
    if dashboard.variables and next(iter(dashboard.variables)) != "datasource":
        yield "$datasource should be the first variable, the others ask it"
    for variable in dashboard.variables.values():
        if variable.kind == "query":
            yield from _query_variable(variable)


def the_data_source_is_chosen(dashboard: Dashboard) -> Findings:
    """By panels, queries and annotations."""
    for panel in dashboard.panels:
        if panel.kind in DATA_LESS:
            continue
        for content in (panel.content, *(panel.content.get("targets") or ())):
            source = content.get("datasource")
            if (source is not None or content is panel.content) and (source or {}).get("uid") != _DATASOURCE:
                yield f"{panel.title}: its data source is {source}, not {_DATASOURCE}"
    for annotation in dashboard.annotations:
        uid = (annotation.content.get("datasource") or {}).get("uid")
        if uid != _DATASOURCE and not (annotation.content.get("builtIn") and uid in _OF_GRAFANA_ITSELF):
            yield f"annotation {annotation.name}: its data source is {uid}, not {_DATASOURCE}"


def it_can_be_provisioned(dashboard: Dashboard) -> Findings:
    """No inputs, which only an import by hand asks for; and not editable, for what is edited would be lost."""
    text = json.dumps(dashboard.content)
    if "${DS_" in text or "__inputs" in dashboard.content or "__requires" in dashboard.content:
        yield "it has inputs, which provisioning does not fill in"
    if dashboard.content.get("editable") is not False:
        yield "it is editable"
    if dashboard.content.get("id") is not None:
        yield "it has an id, which is the data base's to give"
    if dashboard.uid != dashboard.name:
        yield f"its uid is {dashboard.uid}, its file {dashboard.name}"


def variables_are_defined(dashboard: Dashboard) -> Findings:
    """Every one that any text uses."""
    for where, text in _texts(dashboard):
        for name in references(text):
            if name not in dashboard.variables and not OF_GRAFANA.fullmatch(name):
                yield f"{where}: ${name} is no variable"
    for panel in dashboard.panels:
        if panel.repeats and panel.repeats not in dashboard.variables:
            yield f"{panel.title}: repeats ${panel.repeats}, which is no variable"


def variables_are_used(dashboard: Dashboard) -> Findings:
    """By a query, or by another variable."""
    used = {name for _, text in _texts(dashboard) for name in references(text)}
    for name, variable in dashboard.variables.items():
        if name not in used and variable.kind != "datasource":
            yield f"${name} is chosen and changes nothing"


def queries_are_readable(dashboard: Dashboard) -> Findings:
    """At least by what reads names from them."""
    for query in queries(dashboard):
        try:
            names(query.expr)
        except NoQueryError as error:
            yield f"{query.where}: {error}"


def _query_variable(variable: Variable) -> Findings:
    if variable.content.get("refresh") != 2:
        yield f"${variable.name} should be refreshed when the time changes"
    if (variable.content.get("datasource") or {}).get("uid") != _DATASOURCE:
        yield f"${variable.name} asks another data source than the one that is chosen"
    if variable.has_all and variable.all_value not in {".+", ".*"}:
        yield f"${variable.name}: All should be .+ or .*, not {variable.all_value!r}"
    if variable.name in {"job", "instance"} and not (variable.multi and variable.has_all):
        yield f"${variable.name} should allow several, and All"
    if variable.name in {"job", "instance"} and variable.all_value != ".+":
        yield f"${variable.name}: All should be .+, not {variable.all_value!r}"
    if not variable.content.get("label"):
        yield f"${variable.name} has no label for people"


def _selectors(dashboard):
    for query in queries(dashboard):
        for selector in names(query.expr).selectors:
            yield query.where, selector


def _overridden(panel: Panel, what: str) -> Iterator[str]:
    for override in panel.field_config.get("overrides") or ():
        yield from (one["value"] for one in override["properties"] if one["id"] == what)


def _texts(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Yield every text in which variables are filled in."""
    for query in queries(dashboard):
        yield query.where, query.expr
    for variable in dashboard.variables.values():
        yield f"${variable.name}", variable.query if variable.kind == "query" else ""
    for panel in dashboard.panels:
        yield panel.title, panel.title
        yield panel.title, str(panel.options.get("content", ""))
        yield from ((panel.title, target.legend) for target in panel.targets)
        yield from ((panel.title, str(link["url"])) for link in panel_links(panel))
    yield from (("links", str(link.get("url", ""))) for link in dashboard.links)


def panel_links(panel: Panel) -> Iterator[dict[str, str]]:
    """Yield the links of a panel, of its values, and of overrides."""
    yield from panel.content.get("links") or ()
    yield from (panel.field_config.get("defaults") or {}).get("links") or ()
    for links in _overridden(panel, "links"):
        yield from links  # type: ignore[misc]  # of links, a list
    for title, url in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", str(panel.options.get("content", ""))):
        yield {"title": title, "url": url}


RULES = (
    panels_have_words,
    panels_have_units,
    legends_are_shown,
    panel_ids_are_unique,
    query_letters_are_unique,
    queries_are_readable,
    rates_have_graphs_windows,
    counters_are_rated,
    several_values_are_matched_by_regex,
    variables_are_as_people_expect,
    the_data_source_is_chosen,
    it_can_be_provisioned,
    variables_are_defined,
    variables_are_used,
)
