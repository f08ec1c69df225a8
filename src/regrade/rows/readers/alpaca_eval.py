"""Reader of AlpacaEval's annotations: which of two models' outputs a judge preferred."""

from __future__ import annotations

import csv
import hashlib
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from regrade.errors import InputError
from regrade.files.chunk import Chunk
from regrade.files.columns import value_at
from regrade.files.tables import Row, Rows, all_rows, open_table
from regrade.registry import register
from regrade.rows.guard import each_record
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, MetricSpec, Recipe, Record

METRICS = ("win_rate", "discrete_win_rate")


class _Pair(NamedTuple):
    """Whose outputs a judge compared."""

    baseline: str
    model: str
    annotator: str


@register("reader", "alpaca-eval")
class AlpacaEvalReader(Reader):
    """AlpacaEval's ``annotations.json``, versions 1 and 2: one source per baseline, model and annotator.

    The recorded values are those that AlpacaEval averages, in percent: ``win_rate`` is 100 × (preference − 1), where a
    preference runs from 1 (the baseline's output is better) to 2 (the model's is), and 0 in old annotations means a
    draw; ``discrete_win_rate`` rounds it to 0, 50 or 100. AlpacaEval leaves annotations without a preference out of its
    average; here such a row is a sample without recorded value, which stays in the count.

    The length-controlled win rate leans on a table that is not in these files: ``--metric
    length_controlled_win_rate:calibration=df_gamed.csv`` fits it again (the table is that of the Hugging Face dataset
    ``tatsu-lab/alpaca_eval``); ``--metric win_rate_at_equal_length`` is a simpler regression over these annotations
    alone.

    A sample's id is a hash of its instruction, so that runs can be compared whatever their order.
    """

    title: ClassVar[str] = "AlpacaEval annotations"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"output_1"', b'"output_2"', b'"generator_2"', b'"preference"'),
    )
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        keys = (b'"output_1"', b'"output_2"', b'"generator_2"', b'"preference"')
        if head.lstrip()[:1] in (b"[", b"{") and all(key in head for key in keys):
            return "rows hold output_1, output_2 and a preference"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        table = open_table(path)
        counts: dict[_Pair, int] = {}
        missing: dict[_Pair, int] = {}
        for row in all_rows(table):
            if not isinstance(row, Malformed):
                pair = _pair(row[1])
                counts[pair] = counts.get(pair, 0) + 1
                missing[pair] = missing.get(pair, 0) + (win_rates(row[1].get("preference")) is None)
        if not counts:
            raise InputError("holds no annotation that can be read", where=str(path))
        return [
            self._source(path, pair, missing[pair], several=len(counts) > 1, format=table.format) for pair in counts
        ]

    def _source(self, path: Path, pair: _Pair, missing: int, *, several: bool, format: str) -> Source:
        recorded = _leaderboard(path.with_name("leaderboard.csv"), pair.model)
        notes = [f"{pair.model} against {pair.baseline}, judged by {pair.annotator}"]
        if missing:
            notes.append(f"{missing} annotations hold no preference; AlpacaEval leaves them out of its average")
        return Source(
            reader="alpaca-eval",
            path=str(path),
            task=f"alpaca_eval/{pair.annotator}" if pair.annotator else "alpaca_eval",
            run=Run(name=f"{pair.model} vs {pair.baseline}", model=pair.model),
            recipe=Recipe(
                task="alpaca_eval",
                doc_to_text="{{instruction}}",
                metrics=[MetricSpec(name, aggregation="mean") for name in METRICS],
                needs=dict.fromkeys(METRICS, "the judge's preferences are recorded, not made again"),
                metadata={"recorded_metrics": list(METRICS)},
            ),
            chunks=[Chunk(str(path))],
            recorded=recorded,
            options={"format": format, "pair": list(pair), "several": several},
            notes=notes,
        )

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        wanted = _Pair(*source.options["pair"])
        seen: dict[str, int] = {}
        rows = Rows(open_table(source.path), chunk)

        def make(line: int, row: Row) -> Record | Malformed | None:
            if _pair(row) != wanted:
                return None
            output = row.get("output_2")
            if not isinstance(output, str):
                return Malformed(source.path, line, "has no text in 'output_2'")
            sample_id = _sample_id(row, seen)
            return Record(
                sample_id,
                line,
                [[output]],
                doc=row,
                target=row.get("output_1"),
                arguments=[[row.get("instruction")]],
                recorded=win_rates(row.get("preference")) or {},
                fingerprint=zlib.crc32(sample_id.encode()),
            )

        yield from each_record(source.path, rows, make)
        self.lines_read = rows.lines


def win_rates(preference: Any) -> dict[str, float] | None:
    """What one annotation adds to AlpacaEval's averages, in percent; None where it holds no valid preference.

    As AlpacaEval 0.6 (``metrics/helpers.py``, ``AbsoluteScoringRule`` and ``ZeroOneScoringRule``): 0 is an old way to
    write a draw, 1.5; anything else outside 1 to 2 is no preference.
    """
    if isinstance(preference, bool) or not isinstance(preference, (int, float)):
        return None
    value = 1.5 if preference == 0 else float(preference)
    if not 1 <= value <= 2:
        return None
    return {
        "win_rate": (value - 1) * 100,
        "discrete_win_rate": 50.0 if value == 1.5 else (round(value) - 1) * 100.0,
    }


def _pair(row: Row) -> _Pair:
    return _Pair(*(str(row.get(name) or "") for name in ("generator_1", "generator_2", "annotator")))


def _sample_id(row: Row, seen: dict[str, int]) -> str:
    text = "\0".join(str(value_at(row, name)) for name in ("instruction", "input") if name in row)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}#{seen[digest]}"


def _leaderboard(path: Path, model: str) -> dict[str, Any]:
    """The model's recorded averages in the leaderboard that AlpacaEval writes beside its annotations."""
    try:
        with path.open(encoding="utf-8", newline="") as text:
            rows = [row for row in csv.DictReader(text) if model in (row.get("name"), row.get("")) and model]
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    if len(rows) != 1:
        return {}
    names = {
        "win_rate": "win_rate,none",
        "standard_error": "win_rate_stderr,none",
        "discrete_win_rate": "discrete_win_rate,none",
    }
    recorded = {}
    for column, key in names.items():
        try:
            value = float(rows[0].get(column) or "nan")
        except ValueError:
            continue
        if not math.isnan(value):
            recorded[key] = value
    return recorded
