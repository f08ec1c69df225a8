"""The folder that ``regrade score --out DIR`` makes: ``scores.parquet``, ``results.json``, ``quarantine.jsonl``.

``quarantine.jsonl`` has a line for each row that could not be read and each sample that could not be scored, and is
there only if there are any. ``results.json`` is written last, so a folder that has one is whole.

The scores of a run (``RUN/scores/default``) say in ``results.json`` which answers they were made of, and
``summary.txt`` keeps the table that was printed: resuming a finished run shows it again instead of scoring again.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from regrade.atomic import make_folder, replacing
from regrade.errors import OutputError, UsageError
from regrade.recorded_values import encode_other
from regrade.reports.layout import SCHEMA_VERSION, encode, results_layout
from regrade.reports.summary import render_scores
from regrade.reports.text import without_colours

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources


def prepare(folder: Path, *, private: bool = False) -> None:
    """Make the folder, before any work is done, so that a wrong path is told at once.

    Raises:
        UsageError: it is a file, or cannot be made or written to.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file, not a folder", where=f"--out {folder}")
    try:
        make_folder(folder, private=private)
        with replacing(folder / ".regrade-write-test") as temporary:
            temporary.write_bytes(b"")
        (folder / ".regrade-write-test").unlink()
    except OSError as error:
        raise UsageError(f"cannot be written to: {error.strerror}", where=f"--out {folder}") from None


class Kept(NamedTuple):
    """Scores that were made before.

    Attributes:
        results: ``results.json`` as it stands there.
        summary: The table that was printed then, without colours.
        exit_code: The exit code of that scoring.
    """

    results: bytes
    summary: str
    exit_code: int


def read_if_made_of(folder: Path, inputs: dict[str, Any]) -> Kept | None:
    """The scores in a folder, if they were made of exactly these inputs; None where they have to be made.

    Args:
        folder: The folder.
        inputs: What :func:`write` was given: identifies the answers, the samples and the program that scored.
    """
    try:
        results = (folder / "results.json").read_bytes()
        made_by = msgspec.json.decode(results)["regrade"]
        if made_by["inputs"] != inputs:
            return None
        return Kept(results, (folder / "summary.txt").read_text(encoding="utf-8"), int(made_by["exit_code"]))
    except (OSError, msgspec.DecodeError, LookupError, TypeError, ValueError):
        return None


def write(scores: ScoredSources, folder: Path, *, inputs: dict[str, Any] | None = None, private: bool = False) -> None:
    """Write the per-sample scores and the results; no file takes its place before all of them are whole.

    Args:
        scores: The scores, with their per-sample values.
        folder: The folder, see :func:`prepare`.
        inputs: Identifies what was scored, for :func:`read_if_made_of`.
        private: Only its owner may read the files.

    Raises:
        RegradeError: the disk is full, or the like; what was in the folder before is still there.
    """
    try:
        with ExitStack() as files:
            results = files.enter_context(
                replacing(folder / "results.json", private=private)
            )  # the first to be opened is renamed last
            layout = results_layout(scores)
            if inputs is not None:
                layout["regrade"]["inputs"] = inputs
                summary = files.enter_context(replacing(folder / "summary.txt", private=private))
                summary.write_text(without_colours(render_scores(scores)) + "\n", encoding="utf-8", errors="replace")
            results.write_bytes(encode(layout) + b"\n")
            bad = [
                *scores.unreadable,
                *(row for part in scores.parts for row in (*part.malformed, *part.unevaluated, *part.failures)),
            ]
            if bad:
                quarantine = files.enter_context(replacing(folder / "quarantine.jsonl", private=private))
                quarantine.write_bytes(b"".join(msgspec.json.encode(row, enc_hook=encode_other) + b"\n" for row in bad))
            _write_samples(scores, files.enter_context(replacing(folder / "scores.parquet", private=private)))
        if not bad:
            (folder / "quarantine.jsonl").unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}",
            where=f"--out {folder}",
            hint="nothing half-written was left behind",
        ) from None


def _write_samples(scores: ScoredSources, path: Path) -> None:
    from pyarrow import parquet

    from regrade.reports.tables import sample_tables, samples_schema

    schema = samples_schema(scores).with_metadata({b"regrade_schema": str(SCHEMA_VERSION).encode()})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in sample_tables(scores):
            writer.write_table(table.replace_schema_metadata(schema.metadata))
