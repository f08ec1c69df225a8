"""Per-sample values as Arrow tables: one row per sample, filter and metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from regrade.errors import UsageError
from regrade.files.guard import reason_of
from regrade.recorded_values import encode_other, plain
from regrade.schema import Record
from regrade.scoring.file_rows import numbered_records

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources, SourceBlock

_ROWS = 65536
"""Rows of a table made at a time."""


def samples_schema(scores: ScoredSources) -> pa.Schema:
    """The columns: fixed ones, then one text column per ``--by`` expression, named ``by:EXPR``."""
    return pa.schema(
        [
            ("task", pa.string()),
            ("run", pa.string()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("sample_id", pa.string()),
            ("filter", pa.string()),
            ("metric", pa.string()),
            ("value", pa.float64()),
            ("value_json", pa.string()),
            ("extracted", pa.string()),
            ("unparsed", pa.bool_()),
            ("error", pa.string()),
            *((f"by:{text}", pa.string()) for text in scores.options.by),
        ]
    )


def samples_table(scores: ScoredSources, *, texts: bool = False) -> pa.Table:
    """All per-sample values as one table.

    Args:
        scores: What was scored.
        texts: Add the columns question, answer, answers and target, for which the sources are read once more.

    Raises:
        UsageError: they were not kept.
        InputError: a source cannot be read any more.
    """
    table = pa.Table.from_batches(
        [batch for table in sample_tables(scores) for batch in table.to_batches()], schema=samples_schema(scores)
    )
    return _with_texts(scores, table) if texts else table


_TEXTS = pa.schema(
    [("question", pa.string()), ("answer", pa.string()), ("answers", pa.list_(pa.string())), ("target", pa.string())]
)


def _with_texts(scores: ScoredSources, table: pa.Table) -> pa.Table:
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for kept in scores.blocks:
        lines = set(kept.block.lines)
        for line, record in numbered_records(kept.source):
            if line in lines and isinstance(record, Record) and (kept.source.path, line) not in found:
                found[kept.source.path, line] = _texts_of(record)
    nothing: dict[str, Any] = {}
    places = zip(table["file"].to_pylist(), table["line"].to_pylist(), strict=True)
    texts = pa.Table.from_pylist([found.get(place, nothing) for place in places], schema=_TEXTS)
    for name in _TEXTS.names:
        table = table.append_column(_TEXTS.field(name), texts[name])
    return table


def _texts_of(record: Record) -> dict[str, Any]:
    try:
        asked, answers, target = prompt_of(record), answer_texts_of(record), record.target
        question = asked if asked is not None else record.doc
    except Exception as error:  # parts of a row that scoring did not need are decoded here
        return {"question": f"(cannot be read: {reason_of(error)})"}
    return {
        "question": as_text(question),
        "answer": answers[0] if answers else None,
        "answers": answers,
        "target": as_text(target),
    }


def as_text(value: Any) -> str | None:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str | None) else json_text(value)


def prompt_of(record: Record) -> Any:
    """What was asked first: a text, or a list of messages; None where the log does not say."""
    arguments = record.arguments
    return arguments[0][0] if arguments and arguments[0] else None


def answer_texts_of(record: Record) -> list[str]:
    """The texts of a sample's repeats; of choices the likeliest one, as text."""
    if not record.answers:
        return []
    if all(isinstance(answer, str) for answer in record.answers[0]):
        return [str(answer) for answer in record.answers[0]]
    texts = [request[1] if len(request) > 1 else "" for request in record.arguments]
    repeats = min((len(request) for request in record.answers), default=0)
    chosen = []
    for repeat in range(repeats):
        values = [_likelihood(request[repeat]) for request in record.answers]
        best = values.index(max(values))
        chosen.append(str(texts[best]) if best < len(texts) else str(best))
    return chosen


def _likelihood(answer: Any) -> float:
    return float(answer[0] if isinstance(answer, tuple | list) else answer)


def sample_tables(scores: ScoredSources) -> Iterator[pa.Table]:
    """The per-sample values in tables of bounded size, in the order of the logs."""
    if not scores.blocks:
        raise UsageError("per-sample values were not kept", hint="score with keep=True")
    schema = samples_schema(scores)
    for kept in scores.blocks:
        rows: list[dict[str, Any]] = []
        for row in _rows(kept, scores.options.by, kept.choose_positions(scores.options.limit)):
            rows.append(row)
            if len(rows) == _ROWS:
                yield pa.Table.from_pylist(rows, schema=schema)
                rows = []
        if rows:
            yield pa.Table.from_pylist(rows, schema=schema)


def _rows(kept: SourceBlock, by: list[str], chosen: dict[str, set[int] | None]) -> Iterator[dict[str, Any]]:
    source, block = kept.source, kept.block
    for name, out in block.pipelines.items():
        members = chosen[name]
        for metric_name, metric in out.metrics.items():
            entries: list[tuple[int, Any, str | None]] = [
                *((row, value, None) for row, value in zip(metric.rows, metric.values or (), strict=True)),
                *((failure.row, None, failure.reason) for failure in metric.failures),
            ]
            for place, value, error in sorted(entries, key=lambda entry: entry[0]):
                if members is not None and place not in members:
                    continue
                position = out.rows[place]
                number = value if isinstance(value, int | float) else plain(value)
                simple = isinstance(number, int | float)
                row = {
                    "task": source.task,
                    "run": source.run.name,
                    "file": source.path,
                    "line": block.lines[position],
                    "sample_id": str(block.ids[position]),
                    "filter": name,
                    "metric": metric_name,
                    "value": float(number) if simple else None,
                    "value_json": None if simple or number is None else json_text(number),
                    "extracted": extracted_text(out.extracted[place]) if out.extracted is not None else None,
                    "unparsed": bool(out.unparsed[place]),
                    "error": error,
                }
                if by:
                    row |= {f"by:{text}": str(group) for text, group in zip(by, block.groups[position], strict=True)}
                yield row


def extracted_text(extracted: Any) -> str | None:
    """An extracted answer as text: itself where there is one text, else JSON."""
    if isinstance(extracted, list) and len(extracted) == 1 and isinstance(extracted[0], str):
        return str(extracted[0])
    return None if extracted is None else json_text(plain(extracted))


def json_text(value: Any) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value, enc_hook=encode_other).decode()
