"""Looking at every row of a file, or at some: which format it is of, which rows fit, and which do not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from regrade.chat.convert.blocks import MAX_ROW_BYTES
from regrade.chat.convert.counts import Counts, Reason
from regrade.chat.convert.inputs import find_inputs
from regrade.chat.convert.rows import SAMPLED_ROWS, bytes_of, plan
from regrade.chat.convert.survey import Surveyed, survey
from regrade.chat.convert.work import Job, Task, Work
from regrade.chat.converter import Options
from regrade.chat.detection import Detection
from regrade.chat.mapping import Mapping
from regrade.engine import Engine, LocalEngine
from regrade.files.chunk import CHUNK_BYTES


class Scanned(msgspec.Struct, kw_only=True):
    """What was found in a file.

    Attributes:
        file: What a person calls it.
        detection: What it was taken for, by rows spread through it.
        counts: What became of the rows that were looked at, if they were converted.
        whole: Whether every row was looked at.
    """

    file: str
    detection: Detection
    counts: Counts
    whole: bool


def scan(
    inputs: Sequence[str],
    *,
    mapping: Mapping | None = None,
    mappings: dict[str, Mapping] | None = None,
    options: Options | None = None,
    sample: int | None = None,
    engine: Engine | None = None,
    workers: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    max_row: int = MAX_ROW_BYTES,
    encoding: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> list[Scanned]:
    """Look at files.

    Args:
        inputs: As `regrade.chat.convert.convert.Request` has them.
        mapping: What is known about columns and roles.
        mappings: The same for single inputs, by label.
        options: How strict to be.
        sample: Look at so many rows, spread through the file; None looks at all.
        engine: Where the work is done.
        workers: How many processes, without an engine.
        chunk_bytes: Size of a chunk.
        max_row: Longest row in bytes.
        encoding: How text is encoded, where it is not UTF-8.
        progress: Is told bytes done, bytes in all, and rows.

    Raises:
        InputError: an input cannot be read.
    """
    options = options or Options()
    with tempfile.TemporaryDirectory(prefix="regrade.") as folder:
        surveyed = [
            survey(place.path, place.label, (mappings or {}).get(one.label) or mapping, options, sample or SAMPLED_ROWS)
            for one in find_inputs(inputs, Path(folder), encoding)
            for place in one.files
        ]
        if sample is not None:
            return [_of_sample(one) for one in surveyed]
        readable = [one for one in surveyed if one.file is not None and one.detection.problem is None]
        work = Work(
            Job(
                tuple(one.job() for one in readable),
                options,
                encoding="none",
                on_bad="drop",
                max_row=max_row,
                parent=os.getpid(),
            )
        )
        tasks = [
            (Task(0, number, chunk), bytes_of(chunk, one.file))
            for number, one in enumerate(readable)
            if one.file is not None
            for chunk in plan(one.file, chunk_bytes)
        ]
        counts = [Counts() for _ in readable]
        total = sum(size for _, size in tasks)
        done = 0
        used = engine or LocalEngine(workers=workers if workers or total > 2 * 1024 * 1024 else 1)
        for result, (_, size) in zip(used.run(work, [task for task, _ in tasks]), tasks, strict=True):
            for reason in result.counts.reasons.values():
                reason.file = readable[result.source].label
            counts[result.source].add(result.counts)
            done += size
            if progress is not None:
                progress(done, total, sum(one.read for one in counts))
    scanned = dict(zip(map(id, readable), counts, strict=True))
    return [
        Scanned(file=one.label, detection=one.detection, counts=scanned[id(one)], whole=True)
        if id(one) in scanned
        else _of_sample(one)
        for one in surveyed
    ]


def _of_sample(one: Surveyed) -> Scanned:
    """What the rows that detection looked at say; where in the file they stand is not known."""
    found = one.detection
    reasons = {
        misfit.kind: Reason(misfit.kind, misfit.rows, one.label, 0, misfit.example, misfit.hint)
        for misfit in found.misfits
    }
    counts = Counts(read=found.rows, converted=found.fits, formats=dict(found.formats), reasons=reasons)
    return Scanned(file=one.label, detection=found, counts=counts, whole=one.sample.whole)
