"""``to_messages``: lists, iterators, Arrow tables and datasets become messages, and stay what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from itertools import chain, islice
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from regrade import extras
from regrade.chat.converter import Converter, Options
from regrade.chat.detection import detect
from regrade.chat.mapping import Mapping, parse_mapping
from regrade.chat.row_error import ChatRowError
from regrade.chat.turns import COLUMNS as TURN_COLUMNS
from regrade.errors import InputError, UsageError

SAMPLE: Final = 1000
"""How many rows, spread through the source, say which format it is of."""

_BATCH: Final = 1000


class BadRow(NamedTuple):
    """A row that could not be converted.

    Attributes:
        number: Its number, from 1.
        reason: What is wrong with it.
        row: The row.
    """

    number: int
    reason: str
    row: Any


OnBad: TypeAlias = Literal["error", "drop"] | Callable[[BadRow], object]


class _Job(NamedTuple):
    """What is asked for."""

    mapping: Mapping
    options: Options
    on_bad: OnBad

    def converter(self, sample: Sequence[Any], numbers: Sequence[int] | None = None) -> Converter:
        if not sample:
            return Converter(self.mapping.chat_format, self.mapping, self.options)
        detection = detect(sample, self.mapping, numbers=numbers)
        return Converter(detection.require_convertible(), options=self.options)

    def convert(self, converter: Converter, row: Any, number: int) -> dict[str, Any] | None:
        """The converted row; None for a bad one that is left out."""
        try:
            return converter.convert(row)
        except ChatRowError as error:
            if self.on_bad == "error":
                raise ChatRowError(error.what, where=f"row {number}", hint=error.hint, kind=error.kind) from None
            if callable(self.on_bad):
                self.on_bad(BadRow(number, error.what, row))
            return None


def to_messages(
    data: Any,
    columns: str | Dict[str, str] | None = None,
    roles: str | Dict[str, str] | None = None,
    *,
    format: str | None = None,
    mapping: Mapping | None = None,
    merge_turns: bool = False,
    require_alternation: bool = False,
    on_bad: OnBad = "error",
) -> Any:
    """Turn chat data of any format into OpenAI messages.

    Args:
        data: Rows: a list, an iterator (read lazily), an Arrow table, a ``datasets.Dataset``, ``DatasetDict`` or
            ``IterableDataset``; or one row, a dict.
        columns: Which columns hold what, where their names do not say it: ``"system=sys,prompt=q,completion=a"`` or a
            dict; see `regrade.chat.mapping.COLUMNS`.
        roles: What the names of roles mean: ``"bot=assistant,visitor=user"`` or a dict.
        format: Name of a format to take the rows for wherever they match it.
        mapping: A mapping that was loaded from a file, in place of the three before.
        merge_turns: Make one message of messages of the same role that follow each other.
        require_alternation: Refuse conversations in which user and assistant do not take turns.
        on_bad: ``error`` raises at the first row that cannot be converted, ``drop`` leaves such rows out, and a
            function is called with each (`BadRow`) and leaves it out.

    Returns:
        The same kind of thing as ``data``, with a column ``messages`` and every column that was not read into it; an
        iterator for any iterable that is no list. Rows that hold messages already are the same objects.

    Raises:
        InputError: the data's format is ambiguous or unknown; the hint names what to say.
        ChatRowError: a row cannot be converted.
        UsageError: columns or roles that mean nothing.
    """
    if mapping is not None and (columns or roles or format):
        raise UsageError("give either a mapping or columns, roles and format")
    options = Options(merge_turns=merge_turns, require_alternation=require_alternation)
    job = _Job(mapping or parse_mapping(columns, roles, format), options, on_bad)
    home = type(data).__module__.partition(".")[0]
    if home == "pyarrow":
        return _arrow(data, job)
    if home == "datasets":
        return _datasets(data, job)
    if isinstance(data, dict):
        return job.convert(Converter(None, job.mapping, job.options), data, 1)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        converter = job.converter(*_spread(data))
        converted = (job.convert(converter, row, number) for number, row in enumerate(data, 1))
        return [row for row in converted if row is not None]
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return _lazily(data, job)
    raise InputError(
        f"cannot read chat rows from a {type(data).__name__}",
        hint="give a list or iterator of dicts, an Arrow table or a dataset",
    )


def _spread(rows: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Rows spread evenly, and their numbers."""
    count = len(rows)
    step = max(count / SAMPLE, 1)
    places = [int(place * step) for place in range(min(count, SAMPLE))]
    return [rows[place] for place in places], [place + 1 for place in places]


def _lazily(rows: Iterable[Any], job: _Job) -> Iterator[dict[str, Any]]:
    remaining = iter(rows)
    first = list(islice(remaining, SAMPLE))
    converter = job.converter(first)
    for number, row in enumerate(chain(first, remaining), 1):
        converted = job.convert(converter, row, number)
        if converted is not None:
            yield converted


def _arrow(data: Any, job: _Job) -> Any:
    import pyarrow as pa

    if isinstance(data, pa.RecordBatch):
        table = _arrow(pa.Table.from_batches([data]), job).combine_chunks()
        return (table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)])[0]
    if isinstance(data, pa.RecordBatchReader):
        table = _arrow(data.read_all(), job)
        return pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    if not isinstance(data, pa.Table):
        raise InputError(f"cannot read chat rows from a {type(data).__name__}")
    from regrade.chat.arrow_columns import converted_table

    places = _spread(range(data.num_rows))[0]
    converter = job.converter(data.take(pa.array(places, pa.int64())).to_pylist(), [place + 1 for place in places])
    rows = (
        (row, job.convert(converter, row, start + number))
        for start in range(0, data.num_rows, _BATCH)
        for number, row in enumerate(data.slice(start, _BATCH).to_pylist(), 1)
    )
    return converted_table(data, rows)


def _datasets(data: Any, job: _Job) -> Any:
    datasets = extras.require("datasets", to="a data set")
    if isinstance(data, dict):  # DatasetDict and IterableDatasetDict
        return type(data)({split: _datasets(part, job) for split, part in data.items()})
    if isinstance(data, datasets.IterableDataset):
        return _iterable_dataset(data, job)
    flat = data.flatten_indices() if data._indices is not None else data
    table = flat.with_format("arrow")[:]
    converted = _arrow(table, job)
    if converted is table:
        return data
    features = datasets.Features.from_arrow_schema(converted.schema)
    # Columns that are kept keep their own types (images, class labels).
    kept = {name: data.features[name] for name in converted.column_names if name in data.features}
    kept.pop("messages", None)
    features = datasets.Features({**features, **kept})
    table = datasets.table.InMemoryTable(converted.replace_schema_metadata(None).cast(features.arrow_schema))
    return datasets.Dataset(table, info=datasets.DatasetInfo(features=features), split=data.split)


def _iterable_dataset(data: Any, job: _Job) -> Any:
    converter = job.converter(list(data.take(SAMPLE)))
    names = data.column_names or list(next(iter(data.take(1)), {}))

    def rows(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        given = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
        found = [row for number, one in enumerate(given, 1) if (row := job.convert(converter, one, number)) is not None]
        # A column of turns that is null in a row was filled up; the turns stand in another one.
        unread = (key for row in found for key, value in row.items() if value is not None or key not in TURN_COLUMNS)
        keys = dict.fromkeys(unread)
        return {key: [row.get(key) for row in found] for key in keys}

    return data.map(rows, batched=True, remove_columns=names)
