"""The operator that makes JSON Schemas of what data sets of tools write in their place."""

from __future__ import annotations

import re
from typing import Any, Final

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row

_NAMES: Final = {
    "array": "Array ArrayList list List Queue Stack tuple Set set",
    "boolean": "bool Boolean",
    "integer": "Bigint byte int long short",
    "number": "double float",
    "object": "any Any dict Dict HashMap Hashtable",
    "string": "char str String",
}
_SCHEMA_NAMES: Final = {"": "object"} | {name: kind for kind, names in _NAMES.items() for name in names.split()}
_GENERIC: Final = re.compile(r"(List|Tuple|Union|Callable)\[(.*)\]")


def schema_of_type(text: str) -> dict[str, Any]:
    """The JSON Schema of a type as Python, Java or a comment would write it; what is not known stays as it is.

    >>> schema_of_type("List[int]")
    {'type': 'array', 'items': {'type': 'integer'}}
    >>> schema_of_type("str, optional, default 'a'")
    {'anyOf': [{'type': 'string', 'default': "'a'"}, {'type': 'null'}]}
    """
    if text in _SCHEMA_NAMES:
        return {"type": _SCHEMA_NAMES[text]}
    generic = _GENERIC.fullmatch(text)
    if generic is not None:
        return _generic(*generic.groups())
    if "," in text:
        return _remarked(*map(str.strip, text.split(",")))
    return {"type": text}


def _generic(name: str, inside: str) -> dict[str, Any]:
    if name == "Callable":
        return {"type": "object"}
    if name == "List":
        return {"type": "array", "items": schema_of_type(inside)}
    parts = [part.strip() for part in inside.split(",")]
    if name == "Tuple":
        return {"type": "array", "items": schema_of_type(parts[0])}
    return {"anyOf": [schema_of_type(part) for part in parts]}


def _remarked(kind: str, *remarks: str) -> dict[str, Any]:
    """A type with remarks: ``optional``, ``default=1``."""
    if len(remarks) > 2:
        raise ValueError(f"a type and two remarks at most are wanted, not {', '.join((kind, *remarks))!r}")
    schema = schema_of_type(kind)
    for remark in remarks:
        if remark.lower().startswith("default"):
            words = re.split(r"[= ]", remark, maxsplit=1)
            if len(words) == 2:
                schema["default"] = words[1]
    if any(remark.lower().startswith("optional") for remark in remarks):
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


@artifact("fix_json_schema_of_parameter_types")
class FixJsonSchemaOfParameterTypes(RowOperator, kw_only=True):
    """Makes JSON Schema of the types in descriptions of tools, wherever a ``type`` stands.

    Args:
        main_field: Path of the description, or of a list of them.

    >>> fix = FixJsonSchemaOfParameterTypes(main_field="tools")
    >>> fix.process_row({"tools": [{"name": "f", "parameters": {"x": {"type": "List[str]"}}}]})
    {'tools': [{'name': 'f', 'parameters': {'x': {'type': 'array', 'items': {'type': 'string'}}}}]}
    """

    main_field: str

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return set_path(row, self.main_field, _fixed(get_path(row, self.main_field)))  # type: ignore[no-any-return]


def _fixed(value: Any) -> Any:
    if isinstance(value, list):
        return [_fixed(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if not isinstance(kind, str):
        return {key: _fixed(item) for key, item in value.items()}
    return {key: _fixed(item) for key, item in value.items() if key != "type"} | schema_of_type(kind)
