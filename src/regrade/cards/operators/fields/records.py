"""Operators that write a row's fields, key-value pairs and triples as text."""

from __future__ import annotations

from typing import Any

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import get_path
from regrade.artifacts.streams import Row
from regrade.cards.operators.tables.cells import truncate_cell


class _SerializeFields(RowOperator):
    """Writes fields of the row as one text.

    Args:
        fields: Paths of the fields.
        to_field: Name of the field for the text.
        max_cell_length: Longer texts are cut.
    """

    fields: list[str]
    to_field: str
    max_cell_length: int | None = None

    def write_field(self, field: str, value: Any) -> str:
        """One field as text."""
        raise NotImplementedError

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        text = ""
        for field in self.fields:
            value = get_path(row, field)
            if self.max_cell_length is not None:
                cut = truncate_cell(value, self.max_cell_length)
                value = value if cut is None else cut
            text += self.write_field(field, value)
        return {**row, self.to_field: text}


@artifact("serialize_table_row_as_text")
class SerializeTableRowAsText(_SerializeFields):
    """Writes fields of the row as ``name is value``, with commas between them.

    >>> SerializeTableRowAsText(fields=["age", "sex"], to_field="text").process_row({"age": 40, "sex": "F"})["text"]
    'age is 40, sex is F, '

    Args:
        fields: Paths of the fields.
        to_field: Name of the field for the text.
        max_cell_length: Longer texts are cut.
    """

    def write_field(self, field: str, value: Any) -> str:
        return f"{field} is {value}, "


@artifact("serialize_table_row_as_list")
class SerializeTableRowAsList(_SerializeFields):
    """Writes fields of the row as ``name: value``, with commas between them.

    >>> SerializeTableRowAsList(fields=["age", "sex"], to_field="text").process_row({"age": 40, "sex": "F"})["text"]
    'age: 40, sex: F, '

    Args:
        fields: Paths of the fields.
        to_field: Name of the field for the text.
        max_cell_length: Longer texts are cut.
    """

    def write_field(self, field: str, value: Any) -> str:
        return f"{field}: {value}, "


@artifact("serialize_triples")
class SerializeTriples(FieldOperator):
    """Writes triples of subject, relation and object.

    >>> SerializeTriples(field="a").process_row({"a": [["Rome", "CAPITAL_OF", "Italy"], ["Rome", "AGE", 2777]]})
    {'a': 'Rome : capital_of : Italy | Rome : age : 2777'}
    """

    def process_value(self, value: Any) -> Any:
        return self.serialize_triples(value)

    def serialize_triples(self, tripleset: Any) -> str:
        """The triples as one text, relations in lower case."""
        return " | ".join(f"{subject} : {relation.lower()} : {object_}" for subject, relation, object_ in tripleset)


@artifact("serialize_key_val_pairs")
class SerializeKeyValPairs(FieldOperator):
    """Writes a dict as ``key is value, key is value``.

    >>> SerializeKeyValPairs(field="a").process_row({"a": {"name": "Alex", "age": 31}})
    {'a': 'name is Alex, age is 31'}
    """

    def process_value(self, value: Any) -> Any:
        return self.serialize_kvpairs(value)

    def serialize_kvpairs(self, kvpairs: Any) -> str:
        """The pairs as one text."""
        return ", ".join(f"{key} is {value}" for key, value in kvpairs.items())


@artifact("list_to_key_val_pairs")
class ListToKeyValPairs(RowOperator):
    """Makes a dict of a list of keys and a list of values.

    >>> ListToKeyValPairs(fields=["k", "v"], to_field="d").process_row({"k": ["a"], "v": [1]})["d"]
    {'a': 1}

    Args:
        fields: Path of the keys, path of the values.
        to_field: Name of the field for the dict.
    """

    fields: list[str]
    to_field: str

    def verify(self) -> None:
        if len(self.fields) < 2:
            raise ArtifactError("'fields' names the field of the keys and that of the values", path=("fields",))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        keys, values = get_path(row, self.fields[0]), get_path(row, self.fields[1])
        return {**row, self.to_field: dict(zip(keys, values, strict=False))}
