"""Operators made of operators: sequences of steps, and steps that the rows themselves name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import Operator, RowOperator, StreamOperator
from regrade.artifacts.streams import Row, Stream, Streams, stream_of


@artifact("sequential_operator", "source_sequential_operator", "sequential_operator_initializer")
class SequentialOperator(Operator, kw_only=True):
    """Applies steps, one after the other.

    Args:
        steps: The operators, or their names in the catalog.
        max_steps: How many of them are applied; all if not given.

    >>> from regrade.cards.operators.fields.naming import Copy, RemoveFields
    >>> from regrade.artifacts.streams import stream_of
    >>> steps = SequentialOperator(steps=[Copy(field="a", to_field="b"), RemoveFields(fields=["a"])])
    >>> list(steps.apply({"test": stream_of([{"a": 1}])})["test"])
    [{'b': 1}]
    """

    steps: list[Operator] = msgspec.field(default_factory=list)
    max_steps: int | None = None

    def verify(self) -> None:
        if self.max_steps is not None and not 1 <= self.max_steps <= len(self.steps):
            raise ArtifactError(f"there are {len(self.steps)} steps, not {self.max_steps}", path=("max_steps",))

    def apply(self, streams: Streams) -> Streams:
        for step in self.steps[: self.max_steps]:
            streams = step.apply(streams)
        return streams


def _named_operator(name: str) -> Operator:
    """The operator that a row names: one of the catalog, looked up, never imported."""
    from regrade.artifacts import build
    from regrade.artifacts.catalogs import default_catalog

    return build(name, Operator, catalog=default_catalog())


def _through(operator: Operator, rows: Stream, stream: str | None) -> Stream:
    name = stream or "all"
    return operator.apply({name: rows})[name]


@artifact("apply_operators_field")
class ApplyOperatorsField(RowOperator, kw_only=True):
    """Applies to each row the operators that it names, one after the other.

    Args:
        operators_field: Field with the name of an operator in the catalog, or a list of them. The names stay.
        default_operators: What is applied to rows without the field.

    >>> row = {"prediction": "Yes.", "steps": []}
    >>> ApplyOperatorsField(operators_field="steps").process_row(row)
    {'prediction': 'Yes.', 'steps': []}
    """

    operators_field: str
    default_operators: list[str] | str | None = None

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        names = row.get(self.operators_field)
        if names is None:
            names = self.default_operators
        if names is None:
            raise ValueError(f"the row has no field {self.operators_field!r}, and there are no default operators")
        rows = stream_of([row])
        for operator in self._operators(names):
            rows = _through(operator, rows, stream)
        found = list(rows)
        if len(found) != 1:
            raise ValueError(f"the operators {names} made {len(found)} rows of one")
        return found[0]

    @cached_property
    def _known(self) -> dict[str, Operator]:
        """The operators that rows have named so far."""
        return {}

    def _operators(self, names: Any) -> list[Operator]:
        names = [names] if isinstance(names, str) else names
        for name in names:
            if isinstance(name, str) and name not in self._known:
                self._known[name] = _named_operator(name)
        return [self._known[name] if isinstance(name, str) else name for name in names]


@artifact("apply_stream_operators_field")
class ApplyStreamOperatorsField(StreamOperator, kw_only=True):
    """Applies to a stream the operators that its first row names, one after the other.

    Args:
        field: Field with the name of an operator in the catalog, or a list of them; nothing is done without it.
        reversed: Whether the last one comes first.

    >>> list(ApplyStreamOperatorsField(field="steps").process([{"a": 1}]))
    [{'a': 1}]
    """

    field: str
    reversed: bool = False

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        remaining = iter(rows)
        first = next(remaining, None)
        if first is None:
            return
        names = first.get(self.field) or []
        names = [names] if isinstance(names, str) else list(names)
        if not names:
            yield from chain([first], remaining)
            return
        processed = Stream(lambda: rows)
        for name in reversed(names) if self.reversed else names:
            processed = _through(_named_operator(name), processed, stream)
        yield from processed
