"""What operators are: of all streams at once, of one stream, of one row, of one field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar

from regrade.artifacts.artifact import Artifact, ArtifactError
from regrade.artifacts.paths import MISSING, get_path, parse_path, set_path
from regrade.artifacts.places import Read, finder, is_plain
from regrade.artifacts.streams import Batch, Row, Stream, Streams, for_each


class Operator(Artifact):
    """A step of a card: streams in, streams out.

    It is pure: what comes out depends on the rows, the arguments and the seed only.

    Args:
        caching: Accepted for Unitxt's sake; streams are read again instead.
    """

    kind: ClassVar[str] = "operator"
    caching: bool | None = None

    def apply(self, streams: Streams) -> Streams:
        """The streams after this step; lazily, nothing is read yet."""
        raise NotImplementedError


class StreamOperator(Operator):
    """An operator that treats each stream by itself.

    Args:
        apply_to_streams: Names of the streams it is applied to; all if not given.
        dont_apply_to_streams: Names of streams it leaves alone.
    """

    apply_to_streams: list[str] | None = None
    dont_apply_to_streams: list[str] | None = None

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        """The rows of one stream after this step."""
        raise NotImplementedError

    @property
    def by_column(self) -> bool:
        """Whether its arguments are such that a whole batch can be processed, if it has a method for that."""
        return True

    def applies_to(self, stream: str) -> bool:
        """Whether the stream of this name is to be processed."""
        if self.apply_to_streams is not None and stream not in self.apply_to_streams:
            return False
        return self.dont_apply_to_streams is None or stream not in self.dont_apply_to_streams

    def apply(self, streams: Streams) -> Streams:
        return {
            name: Stream(lambda rows=rows, name=name: self.process(rows, name)) if self.applies_to(name) else rows  # type: ignore[misc]
            for name, rows in streams.items()
        }


class RowsOperator(StreamOperator):
    """An operator that makes rows of one row: none, one or several, whatever the other rows are."""

    def process_to_rows(self, row: Row, stream: str | None = None) -> Iterable[Row]:
        """The rows that a row becomes: new dicts; nothing inside ``row`` is changed.

        Raises:
            KeyError, TypeError, ValueError: the row cannot be processed; it is named and counted by the card.
        """
        raise NotImplementedError

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        for row in rows:
            yield from self.process_to_rows(row, stream)


class RowOperator(StreamOperator):
    """An operator that makes one row of one row.

    One that is often used may have ``process_batch(batch, stream)`` besides, which makes of a batch of rows, column by
    column, what ``process_row`` makes of each of them. It may raise whatever it likes: the rows are processed one by
    one then.
    """

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        """The row after this step: a new dict; nothing inside ``row`` is changed.

        Raises:
            KeyError, TypeError, ValueError: the row cannot be processed; it is named and counted by the card.
        """
        raise NotImplementedError

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        process_row = self.process_row
        for row in rows:
            yield process_row(row, stream)


class FieldOperator(RowOperator):
    """A row operator that makes one value of one value.

    Args:
        field: Path of the value (``a/b/0``; ``*`` stands for every item). Pairs of paths, which older cards give here,
            are what ``field_to_field`` is.
        to_field: Path to store the result under; ``field`` itself if not given.
        field_to_field: Several of them at once: a mapping, or a list of pairs where order matters.
        process_every_value: The value is a list, and each of its items is processed.
        set_every_value: The result is a list, and each of its items is stored under its match of a ``*`` path.
        get_default: Stands in for a missing value where ``not_exist_ok``.
        not_exist_ok: A missing value is ``get_default`` instead of an error.
        not_exist_do_nothing: A missing value leaves the row alone.
        use_query: Accepted for Unitxt's sake.
    """

    field: str | list[list[str]] | None = None
    to_field: str | None = None
    field_to_field: list[list[str]] | dict[str, str] | None = None
    use_query: bool | None = None
    process_every_value: bool = False
    set_every_value: bool = False
    get_default: Any = None
    not_exist_ok: bool = False
    not_exist_do_nothing: bool = False

    def process_value(self, value: Any) -> Any:
        """The result for one value."""
        raise NotImplementedError

    def process_value_of(self, value: Any, row: Row) -> Any:
        """The result for one value, where the rest of the row matters."""
        return self.process_value(value)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """(path, path of the result), in order.

        Raises:
            ArtifactError: the arguments name none, or leave the order open where it matters.
        """
        if (self.field is None) == (self.field_to_field is None):
            raise ArtifactError("name the field by exactly one of 'field' and 'field_to_field'")
        if isinstance(self.field, str):
            return [(self.field, self.to_field if self.to_field is not None else self.field)]
        if self.to_field is not None:
            raise ArtifactError("'to_field' goes with the path of one field, not with pairs of paths")
        given = self.field_to_field if self.field is None else self.field
        assert given is not None
        if isinstance(given, list):
            if not given or any(len(pair) != 2 for pair in given):
                raise ArtifactError(
                    "'field_to_field' must hold pairs [from, to], one at least", path=("field_to_field",)
                )
            return [(pair[0], pair[1]) for pair in given]
        if not given:
            raise ArtifactError("'field_to_field' names no field", path=("field_to_field",))
        targets = list(given.values())
        for source, target in given.items():
            if targets.count(target) > 1:
                raise ArtifactError(
                    f"two fields are stored under {target!r}: write pairs in the order you want",
                    path=("field_to_field",),
                )
            if target != source and target in given:
                raise ArtifactError(
                    f"{target!r} is both read and written: write pairs in the order you want", path=("field_to_field",)
                )
        return list(given.items())

    @cached_property
    def _ways(self) -> list[tuple[str, Read, str, bool]]:
        """Per pair the path to read, how to, the path to write, and whether that is just a name."""
        spread = self.set_every_value
        return [(source, finder(source), target, is_plain(target) and not spread) for source, target in self.pairs]

    @property
    def by_column(self) -> bool:
        try:
            return all(plain and _starts_with_name(source) for source, _, _, plain in self._ways)
        except ValueError:  # which each row will be told
            return False

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        process = self._each if self.process_every_value else self.process_value
        for source, find, target, _ in self._ways:
            values = _found(batch, source, find)
            missing = [value is MISSING for value in values]
            if all(missing) and self.not_exist_do_nothing:
                continue
            if any(missing):
                if self.not_exist_do_nothing or not self.not_exist_ok:
                    raise KeyError(source)
                values = [self.get_default if value is MISSING else value for value in values]
            batch = batch.with_columns({target: for_each(process, values)})
        return batch

    def _each(self, values: Any) -> list[Any]:
        return list(map(self.process_value, values))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        own = False  # whether the row is a copy that may be changed
        for source, find, target, plain in self._ways:
            value = find(row)
            if value is MISSING:
                if self.not_exist_do_nothing:
                    continue
                value = self.get_default if self.not_exist_ok else get_path(row, source)
            if self.process_every_value:
                result: Any = [self.process_value_of(item, row) for item in value]
            else:
                result = self.process_value_of(value, row)
            if not plain:
                row = set_path(row, target, result, set_multiple=self.set_every_value)
                continue
            if not own:
                row, own = row.copy(), True
            row[target] = result
        return row


def _starts_with_name(path: str) -> bool:
    """Whether a path leads through one field of rows, whatever comes after it."""
    return is_plain(path) or (bool(path.strip()) and isinstance(name := parse_path(path)[0], str) and name != "*")


def _found(batch: Batch, path: str, find: Read) -> list[Any]:
    """The values at a path, or MISSING."""
    columns = batch.columns
    if path in columns:
        return columns[path]
    if is_plain(path) or (field := parse_path(path)[0]) not in columns:
        return [MISSING] * batch.size
    return [find({field: value}) for value in columns[field]]
