"""The file to begin with: as it is it changes nothing, and with every # taken away it still does not."""

import re

import jsonschema
import pytest

from apivitals.catalog import Priority
from apivitals.configuration import load
from apivitals.objectives import Objectives, from_mapping
from apivitals.objectives.json_schema import SCHEMA_URL, json_schema
from apivitals.objectives.template import template
from apivitals.settings import Settings

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

EXAMPLES = {"routes", "receivers", "mute_hours"}
PRIORITIES: dict[tuple[str, str], Priority] = {
    ("POST", "/payments/{id}"): "critical",
    ("GET", '/odd"name'): "low",
    ("GET", "/payments/{id}"): "high",
}


def uncommented(text):
    """Take the # from every default; words have a blank after it."""
    return re.sub(r"(?m)^#(?! \S)", "", text)


def test_editors_find_the_schema():
    assert template().splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_URL}"


def test_as_it_is_it_changes_nothing(tmp_path):
    (tmp_path / "apivitals.yaml").write_text(template())
    assert load({}, {}, tmp_path) == Settings()


def test_every_default_is_visible_and_right(tmp_path):
    text = uncommented(template())
    objectives = from_mapping(yaml.safe_load(text))
    default = Objectives()
    assert [name for name in Objectives.model_fields if getattr(objectives, name) != getattr(default, name)] == [
        name for name in Objectives.model_fields if name in EXAMPLES
    ]
    (tmp_path / "apivitals.yaml").write_text(text)
    settings = load({}, {}, tmp_path)
    assert settings.model_copy(update={"priorities": {}}) == Settings()
    assert set(yaml.safe_load(text)) >= set(Objectives.model_fields) - {"service_name"}


def test_editors_find_nothing_wrong():
    editor = jsonschema.Draft202012Validator(json_schema())
    assert [error.message for error in editor.iter_errors(yaml.safe_load(uncommented(template(PRIORITIES))))] == []


def test_routes_of_a_service_keep_their_class():
    objectives = from_mapping(yaml.safe_load(uncommented(template(PRIORITIES))))
    assert {request: objectives.class_of(*request) for request in PRIORITIES} == PRIORITIES


def test_lines_are_short():
    assert [line for line in template(PRIORITIES).splitlines() if len(line) > 130] == []
