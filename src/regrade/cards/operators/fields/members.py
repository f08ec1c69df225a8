"""Operators that keep or take away members of lists by value."""

from __future__ import annotations

from typing import Any

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row


def _a_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a list is wanted, not {value!r}")
    return value


@artifact("intersect")
class Intersect(FieldOperator, kw_only=True):
    """Keeps those items of a list that are allowed.

    Args:
        allowed_values: The items that are.

    >>> Intersect(field="labels", allowed_values=["b", "f"]).process_row({"labels": ["a", "b", "b"]})
    {'labels': ['b', 'b']}
    """

    allowed_values: list[Any]

    def verify(self) -> None:
        if self.process_every_value:
            raise ArtifactError("the list is intersected, not its items", path=("process_every_value",))

    def process_value(self, value: Any) -> Any:
        return [item for item in _a_list(value) if item in self.allowed_values]


@artifact("remove_values")
class RemoveValues(FieldOperator, kw_only=True):
    """Takes items out of a list.

    Args:
        unallowed_values: The items that go.

    >>> RemoveValues(field="labels", unallowed_values=["b"]).process_row({"labels": ["a", "b"]})
    {'labels': ['a']}
    """

    unallowed_values: list[Any]

    def process_value(self, value: Any) -> Any:
        return [item for item in _a_list(value) if item not in self.unallowed_values]


@artifact("intersect_corresponding_fields")
class IntersectCorrespondingFields(RowOperator, kw_only=True):
    """Keeps those items of a list that are allowed, and of other lists what stands at the same positions.

    Args:
        field: Path of the list.
        allowed_values: The items that are allowed.
        corresponding_fields_to_intersect: Paths of the other lists; all are of one length.

    >>> intersect = IntersectCorrespondingFields(
    ...     field="label", allowed_values=["b"], corresponding_fields_to_intersect=["position"]
    ... )
    >>> intersect.process_row({"label": ["a", "b"], "position": [0, 1]})
    {'label': ['b'], 'position': [1]}
    """

    field: str
    allowed_values: list[Any]
    corresponding_fields_to_intersect: list[str]

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        items = _a_list(get_path(row, self.field))
        keep = [item in self.allowed_values for item in items]
        for path in (self.field, *self.corresponding_fields_to_intersect):
            values = get_path(row, path)
            if not isinstance(values, list) or len(values) != len(items):
                raise ValueError(f"{path!r} is no list of {len(items)} items, as {self.field!r} is: {values!r}")
            row = set_path(row, path, [value for value, kept in zip(values, keep, strict=True) if kept])
        return row
