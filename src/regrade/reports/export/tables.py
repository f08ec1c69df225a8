"""Parquet, CSV and JSON lines: a row per sample, filter and metric, with question, answer and score side by side."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.atomic import replacing
from regrade.errors import OutputError
from regrade.recorded_values import encode_other, plain
from regrade.reports.export.scored import kept_sources, scored_samples
from regrade.reports.tables import answer_texts_of, as_text, extracted_text, json_text, prompt_of

if TYPE_CHECKING:
    import pyarrow as pa

    from regrade.scoring.scores import ScoredSources

_ROWS = 4096
COLUMNS: tuple[str, ...] = (
    *("task", "run", "model", "sample_id", "filter", "metric", "value", "value_json", "extracted", "unparsed", "error"),
    *("prompt", "answer", "answers", "target", "doc", "metadata", "thinking", "finish_reason"),
    *("input_tokens", "output_tokens", "latency_s"),
)
"""``value`` is a number or missing, ``value_json`` any other value; ``prompt`` is text, or messages as JSON;
``answers`` holds all repeats, ``answer`` the first; ``doc`` and ``metadata`` are JSON."""


def rows(scores: ScoredSources) -> Iterator[dict[str, Any]]:
    """The rows, in the order of the samples."""
    for kept in kept_sources(scores):
        source = kept.source
        for sample in scored_samples(kept):
            record, details = sample.record, sample.details
            usage = details.get("usage") or {}
            answers = answer_texts_of(record)
            known = {
                "task": source.task,
                "run": source.run.name,
                "model": source.run.model,
                "sample_id": str(record.sample_id),
                "prompt": as_text(prompt_of(record)),
                "answer": answers[0] if answers else None,
                "answers": answers,
                "target": as_text(record.target),
                "doc": json_text(record.doc),
                "metadata": json_text({k: v for k, v in record.metadata.items() if k not in ("answer", "answers")}),
                "thinking": details.get("thinking"),
                "finish_reason": details.get("finish_reason"),
                "input_tokens": usage.get("input_tokens"),
                "output_tokens": usage.get("output_tokens"),
                "latency_s": details.get("latency_s"),
            }
            for outcome in sample.outcomes:
                for metric in (*outcome.values, *(name for name in outcome.failures if name not in outcome.values)):
                    value = plain(outcome.values.get(metric))
                    number = isinstance(value, int | float)
                    yield {
                        **known,
                        "filter": outcome.filter,
                        "metric": metric,
                        "value": float(value) if number else None,
                        "value_json": None if number or value is None else json_text(value),
                        "extracted": extracted_text(outcome.extracted),
                        "unparsed": outcome.unparsed,
                        "error": outcome.failures.get(metric),
                    }


def write_parquet(scores: ScoredSources, path: Path) -> int:
    """Write one Parquet file; how many rows there were."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    count = 0
    with _whole(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        for row in rows(scores):
            group.append(row)
            if len(group) == _ROWS:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                count, group = count + len(group), []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
        count += len(group)
    return count


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = {
        "value": pa.float64(),
        "latency_s": pa.float64(),
        "unparsed": pa.bool_(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "answers": pa.list_(pa.string()),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


def write_csv(scores: ScoredSources, path: Path) -> int:
    """Write one CSV file; lists as JSON, what is missing as nothing."""
    count = 0
    with _whole(path) as temporary, temporary.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows(scores):
            writer.writerow({**row, "answers": json_text(row["answers"])})
            count += 1
    return count


def write_jsonl(scores: ScoredSources, path: Path) -> int:
    """Write JSON lines; ``doc`` and ``metadata`` are objects there."""
    count = 0
    encoder = msgspec.json.Encoder(enc_hook=encode_other)
    with _whole(path) as temporary, temporary.open("wb") as file:
        for row in rows(scores):
            whole = {name: row[name] for name in COLUMNS}
            file.write(encoder.encode({**whole, "doc": _raw(row["doc"]), "metadata": _raw(row["metadata"])}) + b"\n")
            count += 1
    return count


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file that is whole or not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}", where=f"-o {path}", hint="nothing was left behind"
        ) from None


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())
