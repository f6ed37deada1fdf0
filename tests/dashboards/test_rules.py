"""Every rule for dashboards finds what it is for, and has nothing against a good one."""

from typing import Any

import pytest

from tests.dashboards import lint, lint_grid, lint_links, lint_names
from tests.dashboards.dashboard import KEEPS, good, panel, read, target
from tests.dashboards.foundation import lost
from tests.dashboards.test_lint import OF_ONE, invalid

DELETE = object()


def changed(path, value):
    """The good dashboard with one thing changed: `panels.0.title`."""
    content = good()
    inside: Any = content
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        inside = inside[step]
    if value is DELETE:
        del inside[last]
    else:
        inside[last] = value
    return content


def with_panel(*targets, kind="timeseries", **more):
    content = good()
    content["panels"].append(panel(9, kind, *targets, y=16, **more))
    return content


def with_query(expr):
    return with_panel(target(expr, legendFormat="x"))


def row(y, *panels, number=20):
    place = {"x": 0, "y": y, "w": 24, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": "Row",
        "collapsed": bool(panels),
        "gridPos": place,
        "panels": [*panels],
    }


def test_a_good_dashboard_keeps_them_all():
    dashboard = read(good())
    found = [finding for rule in OF_ONE for finding in rule(dashboard)]
    found += [finding for rule in lint_links.RULES for finding in rule(dashboard, {"good": dashboard})]
    assert [*found, *invalid(good()), *lost(good())] == []


THIRD = "panels.2."
BROKEN = [
    (lint.panels_have_words, changed("panels.0.title", "")),
    (lint.panels_have_words, changed("panels.0.description", "One sentence.")),
    (lint.panels_have_units, changed("panels.0.fieldConfig.defaults", {})),
    (lint.panels_have_units, changed("panels.0.fieldConfig.defaults.unit", "secnds")),
    (
        lint.panels_have_units,
        changed(
            "panels.0.fieldConfig.overrides",
            [{"matcher": {"id": "byName", "options": "a"}, "properties": [{"id": "unit", "value": "requests"}]}],
        ),
    ),
    (lint.legends_are_shown, changed("panels.0.options.legend.showLegend", value=False)),
    (lint.legends_are_shown, changed("panels.0.options", {})),
    (lint.legends_are_shown, with_panel(target("up", legendFormat=""), target("up", "B", legendFormat="b"))),
    (lint.panel_ids_are_unique, changed("panels.0.id", 2)),
    (lint.panel_ids_are_unique, changed("panels.0.id", None)),
    (lint.query_letters_are_unique, with_panel(target("up"), target("up"))),
    (lint.queries_are_readable, with_query("sum(up")),
    (lint.rates_have_graphs_windows, with_query("rate(http_server_request_duration_seconds_count[5m])")),
    (lint.rates_have_graphs_windows, with_query("sum(increase(apivitals_cache_requests_total[1h]))")),
    (lint.counters_are_rated, with_query("sum(apivitals_cache_requests_total)")),
    (lint.counters_are_rated, with_query("http_server_request_duration_seconds_count")),
    (lint.counters_are_rated, with_query("max_over_time(prometheus_notifications_dropped_total[$__range])")),
    (lint.several_values_are_matched_by_regex, with_query('up{job="$job"}')),
    (lint.several_values_are_matched_by_regex, with_query('up{job!="$job"}')),
    (lint.several_values_are_matched_by_regex, with_query('up{job=~"${job:regex}"}')),
    (lint.several_values_are_matched_by_regex, with_query('up{job=~"$datasource"}')),
    (lint.variables_are_as_people_expect, changed("templating.list.0.name", "source")),
    (lint.variables_are_as_people_expect, changed("templating.list.0", DELETE)),
    (lint.variables_are_as_people_expect, changed("templating.list.1.refresh", 1)),
    (lint.variables_are_as_people_expect, changed("templating.list.1.multi", value=False)),
    (lint.variables_are_as_people_expect, changed("templating.list.1.allValue", "")),
    (lint.variables_are_as_people_expect, changed("templating.list.1.allValue", ".*")),
    (lint.variables_are_as_people_expect, changed("templating.list.1.label", "")),
    (lint.variables_are_as_people_expect, changed("templating.list.1.datasource", {"uid": "prometheus"})),
    (lint.the_data_source_is_chosen, changed("panels.0.datasource", {"type": "prometheus", "uid": "prometheus"})),
    (lint.the_data_source_is_chosen, changed("panels.0.datasource", DELETE)),
    (lint.the_data_source_is_chosen, changed("panels.0.targets.0.datasource", {"uid": "P1809F7CD0C75ACF3"})),
    (lint.the_data_source_is_chosen, changed("annotations.list.0.datasource", {"uid": "prometheus"})),
    (lint.it_can_be_provisioned, changed("panels.0.datasource.uid", "${DS_PROMETHEUS}")),
    (lint.it_can_be_provisioned, changed("__inputs", [])),
    (lint.it_can_be_provisioned, changed("editable", value=True)),
    (lint.it_can_be_provisioned, changed("editable", DELETE)),
    (lint.it_can_be_provisioned, changed("id", 7)),
    (lint.it_can_be_provisioned, changed("uid", "other")),
    (lint.variables_are_defined, with_query('up{job=~"$service"}')),
    (lint.variables_are_defined, changed("panels.0.title", "Requests of $service")),
    (lint.variables_are_defined, changed("panels.0.repeat", "service")),
    (lint.variables_are_defined, changed("panels.0.links", [{"title": "x", "url": "/d/good?var-job=${service}"}])),
    (lint.variables_are_defined, changed("templating.list.2.query.query", 'label_values(up{job=~"$jobs"}, instance)')),
    (lint.variables_are_used, changed("panels.2.targets.0.expr", "up")),
    (lint_grid.panels_are_inside, changed("panels.2.gridPos.w", 13)),
    (lint_grid.panels_are_inside, changed("panels.2.gridPos.h", 0)),
    (lint_grid.panels_are_inside, changed("panels.0", {**row(0), "gridPos": {"x": 0, "y": 0, "w": 12, "h": 1}})),
    (lint_grid.panels_do_not_overlap, changed("panels.2.gridPos.x", 11)),
    (lint_grid.panels_do_not_overlap, changed("panels.1.gridPos.y", 7)),
    (lint_grid.nothing_moves_up, changed("panels.2.gridPos.y", 9)),
    (lint_grid.nothing_moves_up, changed("panels.0", DELETE)),
    (lint_grid.lines_are_full, changed("panels.1.gridPos.w", 11)),
    (lint_grid.lines_are_full, changed("panels.2.gridPos.h", 9)),
    (lint_grid.the_order_is_that_of_reading, changed("panels", [*good()["panels"][1:], good()["panels"][0]])),
    (lint_grid.lines_are_full, {**good(), "panels": [*good()["panels"], row(16, panel(21, "stat", y=17, wide=12))]}),
    (lint_names.metrics_are_known, with_query("sum(http_requests_total)")),
    (lint_names.metrics_are_known, with_query("job:http_request:rate5m")),
    (lint_names.metrics_are_known, with_query('{job=~"$job"}')),
    (lint_names.labels_are_known, with_query('job:http_requests:rate5m{http_route="/"}')),
    (lint_names.labels_are_known, with_query("sum by (route) (job_route:http_requests:rate5m)")),
    (lint_names.labels_are_known, with_query('ALERTS{alert="ApiDown"}')),
    (lint_names.labels_are_known, with_query('http_server_request_duration_seconds_sum{le="1.0"}')),
    (lint_names.legends_have_their_labels, with_panel(target("job:http_requests:rate5m", legendFormat="{{priority}}"))),
]


@pytest.mark.parametrize(
    ("rule", "content"), BROKEN, ids=[f"{rule.__name__}-{number}" for number, (rule, _) in enumerate(BROKEN)]
)
def test_a_broken_one_is_found(rule, content):
    assert list(rule(read(content))) != []


def test_every_rule_is_tried():
    assert {rule for rule, _ in BROKEN} == set(OF_ONE)
    assert {rule for rule, _ in LINKS} == set(lint_links.RULES)


def top(**more):
    return changed("links", [{"title": "x", "type": "dashboards", "keepTime": True, "includeVars": True, **more}])


def leads(url):
    return changed("panels.0.links", [{"title": "x", "url": url}])


LINKS = [
    (lint_links.links_on_top_lead_somewhere, top(tags=["other"])),
    (lint_links.links_on_top_lead_somewhere, top(tags=["apivitals"], keepTime=False)),
    (lint_links.links_on_top_lead_somewhere, top(tags=["apivitals"], includeVars=False)),
    (lint_links.links_on_top_lead_somewhere, top(type="link", url="/d/gone")),
    (lint_links.links_of_panels_lead_somewhere, leads(f"/d/gone?{KEEPS}")),
    (lint_links.links_of_panels_lead_somewhere, leads(f"/dashboards/good?{KEEPS}")),
    (lint_links.links_of_panels_lead_somewhere, leads(f"/d/good?{KEEPS}&var-service=x")),
    (lint_links.links_of_panels_lead_somewhere, leads("/d/good?${__all_variables}")),
    (lint_links.links_of_panels_lead_somewhere, leads("/d/good?${__url_time_range}&var-job=x")),
    (lint_links.links_of_panels_lead_somewhere, leads("http://example.org/x")),
    (lint_links.every_dashboard_is_reached, changed("tags", ["other"])),
]


@pytest.mark.parametrize(
    ("rule", "content"), LINKS, ids=[f"{rule.__name__}-{number}" for number, (rule, _) in enumerate(LINKS)]
)
def test_a_link_that_leads_nowhere_is_found(rule, content):
    shipped = {"good": read(good()), "other": read(good())}
    dashboard = read(content)
    assert list(rule(dashboard, {**shipped, "good": dashboard})) != []


@pytest.mark.parametrize(
    "url", [f"/d/good?{KEEPS}", "/d/good?from=${__from}&to=${__to}&var-datasource=x&${job:queryparam}&var-instance="]
)
def test_a_link_that_leads_somewhere_is_not(url):
    dashboard = read(leads(url))
    assert list(lint_links.links_of_panels_lead_somewhere(dashboard, {"good": dashboard})) == []


@pytest.mark.parametrize(
    "content",
    [
        changed("panels.0.target", []),
        changed("panels.0.targets", []),
        changed("panels.0.targets.0.expr", ""),
        changed("panels.0.targets.0.legend", "x"),
        changed("panels.0.gridPos", DELETE),
        changed("panels.0.gridPos.x", 24),
        changed("panels.0.fieldConfig", DELETE),
        changed("panels.0.fieldConfig.defaults.units", "s"),
        changed("panels.0.fieldConfig.overrides", [{"matcher": {"id": "byname", "options": "a"}, "properties": []}]),
        changed("panels.0.type", "graph"),
        changed("uid", ""),
        changed("uid", "a" * 41),
        changed("schemaVersion", 36),
        changed("templating", DELETE),
        changed("templating.list.1.refresh", DELETE),
        changed("time", {"from": "now-6h"}),
        changed("panel", []),
        changed("id", 12),
    ],
)
def test_the_schema_refuses(content):
    assert invalid(content) != []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("panels.0.decription", "$.panels[0].decription"),
        ("panels.1.options.colrMode", "$.panels[1].options.colrMode"),
        ("panels.0.fieldConfig.defaults.untis", "$.panels[0].fieldConfig.defaults.untis"),
        ("templating.list.0.includAll", "$.templating.list[0].includAll"),
    ],
)
def test_a_misspelled_key_is_lost_in_grafanas_types(path, found):
    assert lost(changed(path, "x")) == [found]
