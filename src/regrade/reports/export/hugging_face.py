"""A folder that the datasets package loads: ``datasets.load_dataset("DIR", "scores")``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.reports.export.scored import kept_sources
from regrade.reports.export.tables import COLUMNS, write_parquet
from regrade.reports.export.whole_folder import whole_folder
from regrade.reports.layout import encode, results_layout

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources

_CARD = """---
configs:
- config_name: scores
  default: true
  data_files:
  - split: test
    path: scores.parquet
- config_name: results
  data_files:
  - split: test
    path: results.parquet
tags:
- evaluation
---

# {title}

What {models} answered, and what the answers are worth: `scores` has a row per sample, filter and metric
({rows:,} rows; columns: {columns}), `results` the values of the whole. `results.json` has the same values with all
counts: how many samples were asked, answered, parsed and scored.

| task | filter | metric | value | standard error | n | missing |
|---|---|---|---:|---:|---:|---:|
{table}

Written by regrade {version}.
"""


def write_folder(scores: ScoredSources, path: Path) -> int:
    """Write ``scores.parquet``, ``results.parquet``, ``results.json`` and a card; how many rows of scores there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from regrade import __version__

    kept = kept_sources(scores)
    with whole_folder(path) as folder:
        count = write_parquet(scores, folder / "scores.parquet")
        values = list(_results(scores))
        pq.write_table(pa.Table.from_pylist(values), folder / "results.parquet")
        (folder / "results.json").write_bytes(encode(results_layout(scores)) + b"\n")
        models = sorted({block.source.run.model or block.source.run.name for block in kept})
        text = _CARD.format(
            title=", ".join(sorted({block.source.task for block in kept})),
            models=", ".join(models),
            rows=count,
            columns=", ".join(COLUMNS),
            table="\n".join(map(_line, values)),
            version=__version__,
        )
        (folder / "README.md").write_text(text, encoding="utf-8")
    return count


def _results(scores: ScoredSources) -> Iterator[dict[str, Any]]:
    for part in scores.parts:
        for result in part.whole:
            number = isinstance(result.value, int | float)
            low, high = result.interval or (None, None)
            yield {
                "task": result.task,
                "run": result.run,
                "filter": result.filter,
                "metric": result.metric,
                "value": float(result.value) if number else None,
                "stderr": float(result.stderr) if isinstance(result.stderr, int | float) else None,
                "low": low,
                "high": high,
                "n": result.n,
                "scored": result.scored,
                "unparsed": result.unparsed,
                "failed": result.failed,
                "missing": part.counts.missing,
                "higher_is_better": result.higher_is_better,
            }


def _line(row: dict[str, Any]) -> str:
    shown = (row["task"], row["filter"], row["metric"], _number(row["value"]), _number(row["stderr"]))
    return f"| {' | '.join(map(str, shown))} | {row['n']} | {row['missing']} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
