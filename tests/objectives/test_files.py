"""Every file that the strategies draw is valid, in each way that a file is read."""

import json
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given

from apivitals.configuration import load
from apivitals.objectives import from_mapping
from apivitals.objectives.json_schema import json_schema
from tests.support.objectives import files

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

EDITOR = jsonschema.Draft202012Validator(json_schema())


@given(files())
def test_budgets_are_exact(content):
    objectives = from_mapping(content)
    for priority, values in objectives.classes:
        given = content.get("classes", {}).get(priority, {}).get("availability_percent")
        if values.error_budget is None:
            assert given in (False, "off")
        else:
            default = Decimal(99) if priority == "low" else Decimal("99.9")
            percent = default if given is None else Decimal(str(given))
            assert (1 - values.error_budget) * 100 == percent
            assert str(values.error_budget) == str((100 - percent) / 100), "no noise of binary fractions, no zeros"


@given(files())
def test_editors_find_nothing_wrong(content):
    assert list(EDITOR.iter_errors(content)) == []


@given(content=files())
def test_the_service_starts_with_it(content, tmp_path_factory):
    """What the service labels, and counts in buckets, is what the objectives say."""
    path = tmp_path_factory.getbasetemp() / "apivitals.yaml"
    path.write_text(json.dumps(content))
    settings, objectives = load({"config": path}, {}), from_mapping(content)
    assert set(objectives.thresholds_seconds()) <= set(settings.duration_bounds_seconds)
    if content.keys() - {"service_name", "priorities", "default_priority", "excluded_routes"}:
        assert list(settings.priorities.items()) == list(objectives.route_priorities().items())
