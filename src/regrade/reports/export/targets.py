"""The formats that scores can be exported to."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regrade.errors import InputError, RegradeError, UsageError
from regrade.files.guard import reason_of

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources

#: By name: the module and function that write it, whether it is one file, and a line of help.
TARGETS: Final[dict[str, tuple[str, str, bool, str]]] = {
    "lm-eval": ("lm_eval", "write_logs", False, "lm-evaluation-harness's samples_*.jsonl and results_*.json"),
    "every-eval-ever": ("every_eval_ever", "write_records", False, "Every Eval Ever's JSON, schema 0.3.0"),
    "parquet": ("tables", "write_parquet", True, "a table: a row per sample, filter and metric"),
    "csv": ("tables", "write_csv", True, "the same as text"),
    "jsonl": ("tables", "write_jsonl", True, "the same as JSON lines"),
    "hf": ("hugging_face", "write_folder", False, "a folder that datasets.load_dataset loads, with a card"),
}


def export(scores: ScoredSources, target: str, out: Path) -> int:
    """Export scores that kept their per-sample values.

    Args:
        scores: The scores.
        target: One of :data:`TARGETS`.
        out: The file or folder; it is whole afterwards, or not there.

    Returns:
        How many rows (tables) or samples were written.

    Raises:
        UsageError: there is no such format, it has no place for these scores, or there is something at ``out``.
        RegradeError: the disk is full, or the like.
    """
    if target not in TARGETS:
        raise UsageError(f"there is no format {target!r}", where="--to", hint=", ".join(TARGETS))
    module, function, one_file, _ = TARGETS[target]
    if one_file and out.is_dir():
        raise UsageError("is a folder", where=f"-o {out}", hint=f"{target} is one file")
    write: Callable[[ScoredSources, Path], int] = getattr(import_module(f"regrade.reports.export.{module}"), function)
    try:
        return write(scores, out)
    except RegradeError:
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:  # parts of rows that scoring did not need are decoded here
        sources = list(dict.fromkeys(source.path for source in scores.sources))
        reason = f"a part of a row cannot be exported: {reason_of(error)}"
        raise InputError(reason, where=", ".join(sources[:3])) from error
