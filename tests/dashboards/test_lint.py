"""The shipped dashboards keep every rule."""

from typing import Any

import jsonschema
import pytest

from tests.dashboards import lint, lint_grid, lint_links, lint_names
from tests.dashboards.foundation import lost
from tests.dashboards.schema import SCHEMA
from tests.support.dashboards import shipped_dashboards

SHIPPED = {dashboard.uid: dashboard for dashboard in shipped_dashboards()}
OF_ONE = (*lint.RULES, *lint_grid.RULES, *lint_names.RULES)
each_dashboard = pytest.mark.parametrize("dashboard", SHIPPED.values(), ids=list(SHIPPED))


def invalid(content: Any) -> list[str]:
    """What the schema has against it."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(content)]


def test_dashboards_ship():
    wanted = {"overview", "route", "slo", "resources", "gpu", "runtime", "ai", "monitoring"}
    assert set(SHIPPED) == {f"apivitals-{name}" for name in wanted}


@each_dashboard
@pytest.mark.parametrize("rule", OF_ONE, ids=lambda rule: rule.__name__)
def test_rule(rule, dashboard):
    found = list(rule(dashboard))
    assert not found, "\n".join(found)


@each_dashboard
@pytest.mark.parametrize("rule", lint_links.RULES, ids=lambda rule: rule.__name__)
def test_links(rule, dashboard):
    found = list(rule(dashboard, SHIPPED))
    assert not found, "\n".join(found)


@each_dashboard
def test_it_is_valid(dashboard):
    found = invalid(dashboard.content)
    assert not found, "\n".join(found)


@each_dashboard
def test_grafanas_own_types_know_all_of_it(dashboard):
    assert lost(dashboard.content) == []
