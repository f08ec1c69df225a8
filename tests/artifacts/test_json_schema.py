"""The JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from regrade.artifacts import Catalogs
from regrade.artifacts.catalogs import bundled_folder
from regrade.artifacts.files import read
from regrade.artifacts.json_schema import json_schema, parse_docstring
from regrade.cards.operators.fields.naming import Rename
from regrade.registry import iterate_registered


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def of(validator: Any, name: str, value: Any) -> list[str]:
    inner = validator.evolve(schema={"$ref": f"#/$defs/{name}"}, _resolver=validator._resolver)
    return [error.message for error in inner.iter_errors(value)]


def test_every_type_is_in_it(validator: Any) -> None:
    assert {name for name, _ in iterate_registered("artifact")} <= set(validator.schema["$defs"])


def test_arguments_have_the_words_of_the_docstring(validator: Any) -> None:
    rename = validator.schema["$defs"]["rename"]
    assert rename["description"] == parse_docstring(Rename)[0]
    assert rename["properties"]["to_field"]["description"] == "Its new path."
    lower = validator.schema["$defs"]["lower"]
    assert lower["properties"]["to_field"]["description"].startswith("Path to store the result under"), "its parent's"
    assert rename["properties"]["process_every_value"]["type"] == "boolean"
    assert rename["additionalProperties"] is False
    assert validator.schema["$defs"]["select_fields"]["required"] == ["__type__", "fields"]


def test_the_bundled_catalog_fits(validator: Any) -> None:
    names: dict[str, Path] = Catalogs([bundled_folder()]).names()
    assert len(names) > 150
    for name, path in names.items():
        data = read(path)
        errors = of(validator, data["__type__"], data)
        assert not errors, f"{name}: {errors[0]}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"__type__": "rename", "filed": "a"},
        {"__type__": "rename", "field": 7},
        {"__type__": "select_fields"},
        {"__type__": "sequential_operator", "steps": [7]},
        {"__type__": "sequential_operator", "steps": [{"__type__": "accuracy"}]},
    ],
)
def test_what_a_check_refuses_does_not_fit(wrong: dict[str, Any], validator: Any) -> None:
    assert of(validator, wrong["__type__"], wrong)


def test_references_are_allowed_where_artifacts_are(validator: Any) -> None:
    assert not of(validator, "sequential_operator", {"__type__": "sequential_operator", "steps": ["steps.one[a=1]"]})
    assert not of(validator, "artifact_link", {"__type__": "artifact_link", "to": "steps.one"})
