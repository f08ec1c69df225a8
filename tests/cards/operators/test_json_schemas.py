"""Types of tools' arguments as JSON Schema; what is expected is what Unitxt 1.26.10 gives."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.cards.operators.fields.json_schemas import FixJsonSchemaOfParameterTypes, schema_of_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", {"type": "integer"}),
        ("HashMap", {"type": "object"}),
        ("", {"type": "object"}),
        ("weird", {"type": "weird"}),
        ("List[str]", {"type": "array", "items": {"type": "string"}}),
        ("List[List[int]]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        ("Tuple[int, str]", {"type": "array", "items": {"type": "integer"}}),
        ("Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("Callable[[int], str]", {"type": "object"}),
        ("str, optional", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("int, default=3", {"type": "integer", "default": "3"}),
        ("float, optional, default 2.0", {"anyOf": [{"type": "number", "default": "2.0"}, {"type": "null"}]}),
    ],
)
def test_types(text: str, expected: dict[str, Any]) -> None:
    assert schema_of_type(text) == expected


def test_too_many_remarks() -> None:
    with pytest.raises(ValueError, match="two remarks at most"):
        schema_of_type("int, a, b, c")


def test_types_wherever_they_stand() -> None:
    tool = {
        "name": "f",
        "parameters": {"x": {"type": "List[bool]", "items": {"type": "set"}}, "type": {"type": "dict"}},
    }
    row = {"tools": [tool], "type": "int"}
    fixed = FixJsonSchemaOfParameterTypes(main_field="tools").process_row(row)
    assert fixed == {
        "tools": [
            {
                "name": "f",
                "parameters": {
                    "x": {"type": "array", "items": {"type": "boolean"}},
                    "type": {"type": "object"},
                },
            }
        ],
        "type": "int",
    }
    assert tool["parameters"]["x"]["type"] == "List[bool]"
    with pytest.raises(ValueError, match="tool"):
        FixJsonSchemaOfParameterTypes(main_field="tool").process_row(row)
