"""Operators over whole streams that gather: the values of a field, rows of a group, several rows in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import Operator, StreamOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.places import reader, writer
from regrade.artifacts.streams import Row, Stream, Streams
from regrade.errors import RecipeError

_POLICY = "data_classification_policy"


class _Once:
    """A value that is made when it is first asked for, and once."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def value(self) -> Any:
        return self._make()


@artifact("extract_most_common_field_values")
class ExtractMostCommonFieldValues(Operator, kw_only=True):
    """Gives each row of all streams the values that a field of one stream has, the most frequent first.

    Of values that are equally frequent, the one that comes first in the stream is first.

    Args:
        field: Path of the value.
        stream_name: The stream whose values are counted.
        to_field: Path of the list of values.
        overall_top_frequency_percent: Rare values are left out as long as the others make up this much of all.
        min_frequency_percent: Values that make up less than this are left out.
        process_every_value: The values are lists, and their items are counted.

    >>> from regrade.artifacts.streams import stream_of
    >>> rows = stream_of([{"label": "no"}, {"label": "yes"}, {"label": "yes"}])
    >>> classes = ExtractMostCommonFieldValues(field="label", stream_name="train", to_field="classes")
    >>> list(classes.apply({"train": rows})["train"])[0]
    {'label': 'no', 'classes': ['yes', 'no']}
    """

    field: str
    stream_name: str
    to_field: str
    overall_top_frequency_percent: int | None = 100
    min_frequency_percent: int | None = 0
    process_every_value: bool | None = False

    def verify(self) -> None:
        for name, percent in (
            ("overall_top_frequency_percent", self._top),
            ("min_frequency_percent", self._minimum),
        ):
            if not 0 <= percent <= 100:
                raise ArtifactError("a percentage is between 0 and 100", path=(name,))
        if self._top < 100 and self._minimum > 0:
            raise ArtifactError("give one of 'overall_top_frequency_percent' and 'min_frequency_percent', not both")

    @property
    def _top(self) -> int:
        return 100 if self.overall_top_frequency_percent is None else self.overall_top_frequency_percent

    @property
    def _minimum(self) -> int:
        return self.min_frequency_percent or 0

    def apply(self, streams: Streams) -> Streams:
        if self.stream_name not in streams:
            raise RecipeError(f"there is no stream {self.stream_name!r}; there are {', '.join(streams)}")
        found = _Once(lambda: self.common(streams[self.stream_name]))
        write = writer(self.to_field)

        def with_values(rows: Stream) -> Stream:
            return Stream(lambda: (write(row.copy(), found.value) for row in rows))

        return {name: with_values(rows) for name, rows in streams.items()}

    def common(self, rows: Iterable[Row]) -> list[Any]:
        """The values that are to be given, the most frequent first."""
        counts: Counter[Any] = Counter()
        read = reader(self.field)
        for row in rows:
            value = read(row)
            if self.process_every_value:
                if not isinstance(value, list):
                    raise ValueError(f"{self.field!r} is to be a list, as every value of it is counted: {value!r}")
                counts.update(map(_hashable, value))
            else:
                counts[_hashable(value)] += 1
        ranked, total = counts.most_common(), counts.total()
        if self._top < 100:
            covered = 0
            for place, (_, count) in enumerate(ranked):
                covered += count
                if covered * 100 >= total * self._top:
                    ranked = ranked[: place + 1]
                    break
        kept = [value for value, count in ranked if count * 100 >= total * self._minimum]
        return [list(value) if isinstance(value, tuple) else value for value in kept]


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


@artifact("extract_field_values")
class ExtractFieldValues(ExtractMostCommonFieldValues, kw_only=True):
    """Gives each row of all streams all values that a field of one stream has, the most frequent first.

    Args:
        field: Path of the value.
        stream_name: The stream whose values are gathered.
        to_field: Path of the list of values.
        process_every_value: The values are lists, and their items are gathered.

    >>> from regrade.artifacts.streams import stream_of
    >>> rows = stream_of([{"label": "no"}, {"label": "yes"}, {"label": "yes"}])
    >>> classes = ExtractFieldValues(field="label", stream_name="train", to_field="classes")
    >>> list(classes.apply({"train": rows})["train"])[0]["classes"]
    ['yes', 'no']
    """

    @property
    def _top(self) -> int:
        return 100

    @property
    def _minimum(self) -> int:
        return 0


@artifact("encode_labels")
class EncodeLabels(StreamOperator, kw_only=True):
    """Replaces values by numbers from 0, in the order in which they first occur; one numbering for all fields.

    It is one numbering for all streams, too: they are read through in order before the first row comes out, so that it
    does not matter which stream is used first.

    Args:
        fields: Paths of the values; ``labels/*`` for the items of a list.

    >>> rows = [{"a": "red", "b": ["red", "blue"]}, {"a": "blue", "b": ["green"]}]
    >>> list(EncodeLabels(fields=["a", "b/*"]).process(rows))
    [{'a': 0, 'b': [0, 1]}, {'a': 1, 'b': [2]}]
    """

    fields: list[str]

    def apply(self, streams: Streams) -> Streams:
        def numbers() -> dict[Any, int]:
            found: dict[Any, int] = {}
            for name, rows in streams.items():
                if self.applies_to(name):
                    for row in rows:
                        self._encoded(row, found)
            return found

        known = _Once(numbers)

        def encoded(rows: Stream) -> Stream:
            return Stream(lambda: (self._encoded(row, known.value) for row in rows))

        return {name: encoded(rows) if self.applies_to(name) else rows for name, rows in streams.items()}

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        numbers: dict[Any, int] = {}
        for row in rows:
            yield self._encoded(row, numbers)

    def _encoded(self, row: Row, numbers: dict[Any, int]) -> Row:
        for path in self.fields:
            value = get_path(row, path)
            values = value if isinstance(value, list) else [value]
            codes = [numbers.setdefault(each, len(numbers)) for each in values]
            if isinstance(value, list):
                row = set_path(row, path, codes, not_exist_ok=False, set_multiple="*" in path and bool(codes))
            else:
                row = set_path(row, path, codes[0], not_exist_ok=False)
        return row


@artifact("collate_instances")
class CollateInstances(StreamOperator, kw_only=True):
    """Makes one row of several that follow each other: each field is the list of their values.

    Args:
        batch_size: How many rows become one.

    >>> list(CollateInstances(batch_size=2).process([{"a": 1}, {"a": 2}, {"a": 3}]))
    [{'a': [1, 2]}, {'a': [3]}]
    """

    batch_size: int

    def verify(self) -> None:
        if self.batch_size < 1:
            raise ArtifactError("one row at least is made one row", path=("batch_size",))

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        remaining = iter(rows)
        while batch := list(islice(remaining, self.batch_size)):
            yield {
                name: _policies(row[name] for row in batch) if name == _POLICY else [row[name] for row in batch]
                for name in batch[0]
            }


def _policies(policies: Iterable[list[str] | None]) -> list[str]:
    return sorted({name for names in policies for name in names or ()})


@artifact("collate_instances_by_field")
class CollateInstancesByField(StreamOperator, kw_only=True):
    """Makes one row of all that are alike in a field: some fields become lists, the others must agree.

    Args:
        by_field: Name of the field.
        aggregate_fields: Names of the fields that become lists.

    >>> rows = [{"id": 1, "q": "a", "text": "x"}, {"id": 2, "q": "b", "text": "y"}, {"id": 1, "q": "a", "text": "z"}]
    >>> list(CollateInstancesByField(by_field="id", aggregate_fields=["text"]).process(rows))
    [{'id': 1, 'q': 'a', 'text': ['x', 'z']}, {'id': 2, 'q': 'b', 'text': ['y']}]
    """

    by_field: str
    aggregate_fields: list[str]

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        groups: dict[Any, Row] = {}
        for row in rows:
            for name in (self.by_field, *self.aggregate_fields):
                if name not in row:
                    raise ValueError(f"there is no field {name!r} to collate by; the row has {', '.join(row)}")
            group = row[self.by_field]
            together = groups.get(group)
            if together is None:
                gathered = {name: [row[name]] for name in self.aggregate_fields}
                groups[group] = {name: gathered.get(name, value) for name, value in row.items()}
            else:
                self._add(row, together, group)
        yield from groups.values()

    def _add(self, row: Row, together: Row, group: Any) -> None:
        for name, value in row.items():
            if name in self.aggregate_fields:
                together[name].append(value)
            elif name == _POLICY:
                together[name] = _policies([together.get(name), value])
            elif together.setdefault(name, value) != value:
                raise ValueError(
                    f"{name!r} is {together[name]!r} and {value!r} in rows whose {self.by_field!r} is {group!r}"
                )


@artifact("duplicate_instances")
class DuplicateInstances(StreamOperator, kw_only=True):
    """Repeats each row.

    Args:
        num_duplications: How often each comes; 1 changes nothing.
        duplication_index_field: Field that says which of them a row is, from 0.

    >>> list(DuplicateInstances(num_duplications=2, duplication_index_field="i").process([{"a": 1}]))
    [{'a': 1, 'i': 0}, {'a': 1, 'i': 1}]
    """

    num_duplications: int
    duplication_index_field: str | None = None

    def verify(self) -> None:
        if self.num_duplications < 1:
            raise ArtifactError("each row comes once at least", path=("num_duplications",))

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        for row in rows:
            for number in range(self.num_duplications):
                yield {**row, self.duplication_index_field: number} if self.duplication_index_field else dict(row)
