"""Per-sample values as Arrow tables: one row per sample, filter and metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from regrade.errors import UsageError
from regrade.recorded_values import encode_other, plain

if TYPE_CHECKING:
    from regrade.scoring.scores import Scores, SourceBlock

_ROWS = 65536
"""Rows of a table made at a time."""


def samples_schema(scores: Scores) -> pa.Schema:
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


def samples_table(scores: Scores) -> pa.Table:
    """All per-sample values as one table.

    Raises:
        UsageError: they were not kept.
    """
    return pa.Table.from_batches(
        [batch for table in sample_tables(scores) for batch in table.to_batches()], schema=samples_schema(scores)
    )


def sample_tables(scores: Scores) -> Iterator[pa.Table]:
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
