"""A judge's run as it lies on disk: what was asked about, and what was said to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, Final

import msgspec

from regrade.errors import InputError
from regrade.files.guard import reading, reading_parquet
from regrade.files.location import locate
from regrade.files.tables import open_parquet
from regrade.store.answers import JournalAnswers, journal_answers
from regrade.store.manifest import ANSWERS, MANIFEST, SAMPLES, read_manifest

DIALECT: Final = "judge"
_COLUMNS: Final = ["sample_id", "doc", "messages", "metadata", "references"]
_decode: Final = msgspec.json.Decoder().decode


class Reading(msgspec.Struct, frozen=True):
    """How the verdicts about one criterion are read.

    Attributes:
        steps: Filter steps, ``{function, ...arguments}``.
        scores: What each option is worth; empty where the verdict is no option.
    """

    steps: list[dict[str, Any]]
    scores: dict[str, float] = msgspec.field(default_factory=dict)


class AskedAbout(msgspec.Struct, frozen=True):
    """A question to the judge.

    Attributes:
        sample_id: Its id.
        line: Its place in the file of samples, from 1.
        metadata: What is judged; see :mod:`regrade.judging.samples`.
        doc_json: The document, as JSON.
        messages_json: What the judge was shown, as JSON.
        references: Correct answers.
    """

    sample_id: str
    line: int
    metadata: dict[str, Any]
    doc_json: str
    messages_json: str
    references: list[Any]

    @property
    def doc(self) -> dict[str, Any]:
        """What is judged, for people and breakdowns."""
        found: dict[str, Any] = _decode(self.doc_json)
        return found

    @property
    def criterion(self) -> str:
        """The criterion; empty where there are none."""
        return str(self.metadata.get("criterion") or "")


class JudgeRun:
    """A judge's run.

    Args:
        folder: Its folder.

    Raises:
        InputError: it is no judge's run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder / MANIFEST)
        if self.manifest.dialect != DIALECT:
            raise InputError("is no judge's run", where=str(folder))

    @property
    def samples(self) -> Path:
        """The questions to the judge."""
        return self.folder / SAMPLES

    @property
    def mode(self) -> str:
        """``rating``, ``pairwise`` or ``choice``."""
        return str(self.manifest.recipe["mode"])

    @property
    def label(self) -> str | None:
        """The value's name, where it has one of its own."""
        label: str | None = self.manifest.recipe.get("label")
        return label

    @property
    def readings(self) -> dict[str, Reading]:
        """How verdicts are read, by criterion; ``""`` where there are none."""
        return msgspec.convert(self.manifest.recipe["readings"], dict[str, Reading])

    @property
    def judge(self) -> str:
        """What the judge's model is called; of words that were kept, their file."""
        file = (self.manifest.model.get("identity") or {}).get("file")
        return PurePath(file).stem if isinstance(file, str) else self.manifest.model_name or "judge"

    def read_questions(self) -> list[AskedAbout]:
        """The questions to the judge, in order; read once per process as long as the file does not change."""
        with reading(self.samples):
            stat = self.samples.stat()
        return _asked(str(self.samples), stat.st_mtime_ns, stat.st_size)

    def answers(self) -> JournalAnswers | None:
        """What was said; None if nothing was ever asked."""
        journal = self.folder / ANSWERS
        return journal_answers(str(journal)) if journal.is_file() else None

    def answers_to(self, sample_id: str) -> list[str]:
        """What the judge said to a question, by repeat; empty where it was not asked or the call failed."""
        answers = self.answers()
        return [str(text) for text in answers.repeats(sample_id).values()] if answers is not None else []


def judge_run_at(path: str | Path) -> JudgeRun | None:
    """The judge's run in a folder; None if there is none."""
    file = locate(path) / MANIFEST
    try:
        manifest = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    recipe = manifest.get("recipe") if isinstance(manifest, dict) else None
    return JudgeRun(file.parent) if isinstance(recipe, dict) and recipe.get("dialect") == DIALECT else None


@lru_cache(maxsize=2)
def _asked(path: str, mtime: int, size: int) -> list[AskedAbout]:
    return list(_read(path))


def _read(path: str) -> Iterator[AskedAbout]:
    line = 0
    with reading_parquet(path), open_parquet(path) as file:
        for batch in file.iter_batches(batch_size=512, columns=_COLUMNS):
            for row in batch.to_pylist():
                line += 1
                yield AskedAbout(
                    row["sample_id"],
                    line,
                    _decode(row["metadata"]),
                    row["doc"],
                    row["messages"] or "[]",
                    row["references"] or [],
                )
