"""Operators that make other streams of streams: merged, split by group, or made of data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import Operator
from regrade.artifacts.streams import Row, Stream, Streams, stream_of


@artifact("merge_streams")
class MergeStreams(Operator, kw_only=True):
    """Makes one stream of several, one after the other; the others go.

    Args:
        streams_to_merge: Their names; all if not given.
        new_stream_name: Name of the stream.
        add_origin_stream_name: Whether rows say which stream they come from.
        origin_stream_name_field_name: The field that says it.

    >>> from regrade.artifacts.streams import stream_of
    >>> streams = {"train": stream_of([{"a": 1}]), "test": stream_of([{"a": 2}])}
    >>> list(MergeStreams().apply(streams)["all"])
    [{'a': 1, 'origin': 'train'}, {'a': 2, 'origin': 'test'}]
    """

    streams_to_merge: list[str] | None = None
    new_stream_name: str = "all"
    add_origin_stream_name: bool = True
    origin_stream_name_field_name: str = "origin"

    def apply(self, streams: Streams) -> Streams:
        chosen = {
            name: rows
            for name, rows in streams.items()
            if self.streams_to_merge is None or name in self.streams_to_merge
        }

        def merged() -> Iterator[Row]:
            for name, rows in chosen.items():
                for row in rows:
                    yield {**row, self.origin_stream_name_field_name: name} if self.add_origin_stream_name else row

        return {self.new_stream_name: Stream(merged)}


@artifact("split_by_nested_group")
class SplitByNestedGroup(Operator, kw_only=True):
    """Makes a stream of each group of rows: ``test~group``.

    The rows are read at once, since nobody knows the groups before, and are kept in memory.

    Args:
        field_name_of_group: Field with the group: names joined by slashes, the widest first.
        number_of_fusion_generations: How many of these names make a stream; all if negative.

    >>> from regrade.artifacts.streams import stream_of
    >>> rows = stream_of([{"group": "a/x"}, {"group": "a/y"}, {"group": "b"}])
    >>> list(SplitByNestedGroup().apply({"test": rows}))
    ['test~a', 'test~b']
    """

    field_name_of_group: str = "group"
    number_of_fusion_generations: int = 1

    def apply(self, streams: Streams) -> Streams:
        groups: dict[str, list[Row]] = {}
        for name, rows in streams.items():
            for row in rows:
                groups.setdefault(f"{name}~{self._group(row)}", []).append(row)
        return {name: stream_of(rows) for name, rows in groups.items()}

    def _group(self, row: Row) -> str:
        group = row.get(self.field_name_of_group)
        if not isinstance(group, str):
            raise ValueError(f"the row has no text {self.field_name_of_group!r} that says its group")
        if self.number_of_fusion_generations < 0:
            return group
        return "/".join(group.split("/")[: self.number_of_fusion_generations])


@artifact("iterable_source")
class IterableSource(Operator, kw_only=True):
    """Gives streams of rows that stand in the card itself.

    Args:
        iterables: Rows by name of stream.

    >>> list(IterableSource(iterables={"test": [{"a": 1}]}).apply({})["test"])
    [{'a': 1}]
    """

    iterables: dict[str, list[dict[str, Any]]]

    def apply(self, streams: Streams) -> Streams:
        return {name: stream_of(rows) for name, rows in self.iterables.items()}


@artifact("from_iterables")
class FromIterables(Operator):
    """Gives streams of whatever rows it is called with: any iterables by name.

    >>> list(FromIterables().apply({"test": [{"a": 1}]})["test"])
    [{'a': 1}]
    """

    def apply(self, streams: Streams) -> Streams:
        return {name: stream_of(rows) for name, rows in streams.items()}
